"""Signing in by OAuth 2 (XOAUTH2), as Microsoft 365 and Google want it: short-lived access tokens for a refresh token.

Microsoft gives a new refresh token with each access token and lets the old ones end; the newest is kept sealed beside
the inbox (``core.inboxes.renewals``), as long as the one that was entered stays the same.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from channels.base import Surroundings
from channels.mail.configuration import MailConfiguration
from channels.mail.connections import of_connection
from core.errors import InboxProblem
from core.inboxes import renewals
from core.inboxes.kinds import InboxSettings
from core.sealing import Seal

TIMEOUT = 20.0
EARLY = 120.0
"""Seconds before its end in which an access token is not used any more."""
USUAL_LIFE = 3600.0
"""Seconds that a token lives whose life is not told."""


class _Ended(InboxProblem):
    """The refresh token is good for nothing any more."""


class Tokens:
    """The access tokens of one mailbox."""

    def __init__(self, inbox: InboxSettings[MailConfiguration], desk: Surroundings) -> None:
        self._inbox_id = inbox.id
        self._settings = inbox.configuration
        self._database = desk.database
        self._seal = Seal(desk.secret)
        self._turn = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    async def access(self) -> str:
        """A token that is good for a while; empty where one signs in by password. Raises ``InboxProblem``."""
        if not self._settings.oauth:
            return ""
        async with self._turn:
            if time.monotonic() >= self._good_until:
                await self._renew()
            return self._token

    def forget(self) -> None:
        """The token was refused: the next one is a new one."""
        self._good_until = 0.0

    async def _renew(self) -> None:
        entered = self._settings.oauth_refresh_token.get_secret_value()
        refresh = await self._database.read(renewals.newest, self._inbox_id, entered, self._seal)
        try:
            answer = await self._ask(refresh)
        except _Ended:
            if refresh == entered:
                raise
            answer = await self._ask(refresh := entered)
        self._token = str(answer["access_token"])
        self._good_until = time.monotonic() + _seconds(answer.get("expires_in")) - EARLY
        renewed = answer.get("refresh_token")
        if isinstance(renewed, str) and renewed and renewed != refresh:
            await self._database.write(renewals.keep, self._inbox_id, entered, renewed, self._seal)

    async def _ask(self, refresh: str) -> dict[str, Any]:
        """Refreshing an access token (RFC 6749, section 6)."""
        settings = self._settings
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": settings.oauth_client_id}
        if secret := settings.oauth_client_secret.get_secret_value():
            form["client_secret"] = secret
        place = urlsplit(settings.oauth_token_url)
        host, port = place.hostname or "", place.port or 443
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT), trust_env=True) as session,
                session.post(settings.oauth_token_url, data=form, allow_redirects=False) as response,
            ):
                status, answer = response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise of_connection(error, host, port) or _strange(host, type(error).__name__) from None
        if not isinstance(answer, dict):
            raise _strange(host, f"HTTP {status}")
        if status != 200 or not answer.get("access_token"):
            raise _refusal(host, status, answer)
        return answer


def refused_token(host: str, user: str, answer: str) -> InboxProblem:
    """The mail server did not take a token that was just given to us."""
    return InboxProblem(
        "{host} did not let us in as {user} by OAuth 2: {answer}",
        "The user name must be the mailbox’s address, and the app needs the rights for IMAP and SMTP.",
        host=host,
        user=user,
        answer=answer,
    )


def _refusal(host: str, status: int, answer: dict[str, Any]) -> InboxProblem:
    code = str(answer.get("error", f"HTTP {status}"))
    said = " ".join(f"{code}: {answer.get('error_description', '')}".split())[:300].rstrip(": ")
    if code == "invalid_grant":
        return _Ended(
            "{host} does not take the refresh token any more: {answer}",
            "Let the mailbox’s account agree once more, and enter the new refresh token.",
            host=host,
            answer=said,
        )
    if code in ("invalid_client", "unauthorized_client"):
        return InboxProblem(
            "{host} does not know the app by this client ID and secret: {answer}",
            "Enter both as they stand at the provider. Secrets end too; perhaps the app needs a new one.",
            host=host,
            answer=said,
        )
    return _strange(host, said)


def _strange(host: str, said: str) -> InboxProblem:
    return InboxProblem(
        "{host} gives us no access token: {answer}",
        "It is tried again by itself. If it stays, check the address for tokens and the app’s rights.",
        host=host,
        answer=said,
    )


def _seconds(given: object) -> float:
    try:
        return max(float(str(given)), EARLY + 1) if given is not None else USUAL_LIFE
    except ValueError:
        return USUAL_LIFE
