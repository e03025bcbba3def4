"""Trying out an inbox before it is trusted: its connection, and a message to somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from channels.base import Adapter, CanSendTest, CanTest, DeliveryError, Surroundings
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings

log = structlog.get_logger(__name__)

PATIENCE = 30.0
"""Seconds that a trial may take: somebody waits in front of a page."""


class Trials:
    def __init__(self, adapters: Mapping[str, Adapter], surroundings: Surroundings) -> None:
        self._adapters = adapters
        self._surroundings = surroundings

    async def test(self, inbox: InboxSettings[Any]) -> None:
        """Try the inbox's connection with these settings, saved or not. Raises ``InboxProblem``."""
        channel = self._adapters[inbox.channel].build(inbox, self._surroundings)
        assert isinstance(channel, CanTest)
        await self._patiently(channel.test())

    async def send(self, inbox: InboxSettings[Any], recipient: str, text: str) -> None:
        """Send a text to somebody. Raises ``InboxProblem``."""
        channel = self._adapters[inbox.channel].build(inbox, self._surroundings)
        assert isinstance(channel, CanSendTest)
        try:
            await self._patiently(channel.send_test(recipient, text))
        except DeliveryError as error:
            raise InboxProblem(
                "The other side did not take the message: {reason}", "Is the recipient right?", reason=error
            ) from None

    async def _patiently(self, trial: Any) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await trial
        except TimeoutError:
            raise InboxProblem(
                "There was no answer within {seconds} seconds.",
                "Check address and port, and whether a firewall is in between.",
                seconds=round(PATIENCE),
            ) from None
        except (InboxProblem, DeliveryError):
            raise
        except Exception as error:  # whatever an adapter did not think of is an answer too
            log.exception("trial_failed")
            raise InboxProblem(
                "Something went wrong that Firstline did not expect: {error}",
                "Check what you entered. If it stays, the program's log has the details.",
                error=f"{type(error).__name__}: {error}"[:300],
            ) from None
