"""The connection to Telegram: calls that wait when asked to, errors in plain words, a token that is never logged."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar, cast

from telegram import Bot
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from channels.base import DeliveryError
from channels.telegram.configuration import API
from core.errors import InboxProblem

LONG_POLL = 50
"""Seconds that Telegram may keep a request for updates open."""
TIMEOUT, TRANSFER_TIMEOUT = 15.0, 60.0
"""Seconds without an answer, and without progress of a file."""

Answer = TypeVar("Answer")
Arguments = ParamSpec("Arguments")

_TOKEN = re.compile(r"(/bot\d+)(?::|%3A)[^/\s\"']+", re.IGNORECASE)
_REFUSALS = {
    "bot was blocked by the user": "The person has blocked the bot.",
    "bot was kicked": "The bot was removed from the group.",
    "bot is not a member": "The bot was removed from the group.",
    "user is deactivated": "The person's Telegram account does not exist any more.",
    "chat not found": "Telegram does not know this chat (any more).",
    "not enough rights": "The bot may not write in this group.",
    "have no rights to send": "The bot may not write in this group.",
}
"""Telegram's words for "never", and ours."""


class _Masked(logging.Filter):
    """httpx writes down every address it calls, and the token is part of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = _TOKEN.sub(r"\1…", text)
        if masked != text:
            record.msg, record.args = masked, ()
        return True


logging.getLogger("httpx").addFilter(_Masked())
# The library's own way to say how long to wait, and the only one that is not deprecated.
os.environ.setdefault("PTB_TIMEDELTA", "true")
# The library writes down what people say, and the webhook's secret.
logging.getLogger("telegram").setLevel(logging.WARNING)


class Client(Bot):
    """One bot's connection; nothing happens before the first call."""

    def __init__(self, token: str, api_url: str = API) -> None:
        super().__init__(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=_requests(),
            get_updates_request=_requests(),
        )

    async def updates(self, offset: int | None, timeout: int, kinds: Sequence[str]) -> list[dict[str, Any]]:
        """``getUpdates`` as it comes: one update that the library cannot read must not keep back all others."""
        data = {"offset": offset, "timeout": timeout, "allowed_updates": list(kinds)}
        found = await self._post("getUpdates", data, read_timeout=timeout + TIMEOUT)
        return cast("list[dict[str, Any]]", found)


def _requests() -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=32,
        read_timeout=TIMEOUT,
        write_timeout=TIMEOUT,
        connect_timeout=TIMEOUT,
        pool_timeout=TIMEOUT,
        media_write_timeout=TRANSFER_TIMEOUT,
    )


def wait_of(error: RetryAfter) -> timedelta:
    """How long Telegram asks us to wait."""
    asked = error.retry_after
    return asked if isinstance(asked, timedelta) else timedelta(seconds=asked)


async def patiently(
    call: Callable[Arguments, Awaitable[Answer]], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Answer:
    """Make a call of the adapter itself, as late as Telegram wants it. Raises ``InboxProblem``."""
    while True:
        try:
            return await call(*args, **kwargs)
        except RetryAfter as error:
            await asyncio.sleep(wait_of(error).total_seconds())
        except TelegramError as error:
            raise problem(error) from None


def problem(error: TelegramError) -> InboxProblem:
    """What an admin reads about an error that concerns the whole bot."""
    if isinstance(error, InvalidToken):
        return InboxProblem(
            "Telegram does not accept the token.",
            "Ask @BotFather for the bot's current token (/token) and enter it here.",
        )
    if isinstance(error, Conflict):
        return InboxProblem(
            "Another program fetches the messages of this bot too, so both miss some.",
            "Stop the other program, or make a new token with @BotFather (/revoke) and enter it here.",
        )
    return InboxProblem(
        "Telegram cannot be reached: {reason}",
        "It is tried again by itself. If it stays, check that this machine may reach api.telegram.org over HTTPS.",
        reason=words(error),
    )


def failure(error: TelegramError) -> DeliveryError:
    """Why one message was not sent. Raises ``InboxProblem`` instead where the bot is at fault."""
    if isinstance(error, InvalidToken):
        raise problem(error) from None
    if isinstance(error, RetryAfter):
        return DeliveryError("Telegram asks us to wait.", permanent=False, retry_after=wait_of(error))
    return DeliveryError(words(error), permanent=isinstance(error, Forbidden | BadRequest))


def words(error: TelegramError) -> str:
    """Telegram's reason in one line, in our words where we have any; never with the token."""
    text = _TOKEN.sub(r"\1…", " ".join(str(error).split()))[:300]
    return next((ours for theirs, ours in _REFUSALS.items() if theirs in text.lower()), text)
