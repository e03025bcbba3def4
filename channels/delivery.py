"""The delivery loop: claims the outbox of this process's inboxes and hands each message to its channel."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta

import structlog

from channels.base import Channel, DeliveryError
from channels.watch import Watch
from core import outbox
from core.clock import Clock
from core.database import Database
from core.errors import InboxProblem
from core.outbox import Claimed
from core.promises import LEASE
from core.signals import Topic

log = structlog.get_logger(__name__)

POLL = 2.0
"""Seconds between looks when nobody called."""
SEND_TIMEOUT = LEASE.total_seconds() * 0.8
"""A send must end while its lease still holds."""
ELSEWHERE = timedelta(seconds=5)
"""When a message that this process cannot send is offered again."""


class Delivery:
    """Delivers until cancelled. ``deliver`` takes messages that somebody else has already claimed for this process."""

    def __init__(self, database: Database, clock: Clock, channels: Mapping[int, Channel], watch: Watch) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels
        self._watch = watch
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Claim and deliver until cancelled; what is being sent at that moment is finished."""
        with self._database.signals.subscribe(Topic.OUTBOX) as calls:
            try:
                while True:
                    if not await self._round():
                        await calls.wait(POLL)
            finally:
                await self.drain()

    async def drain(self) -> None:
        """Wait for what is under way."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def deliver(self, claimed: list[Claimed]) -> None:
        """Start sending claimed messages, each conversation on its own."""
        for one in claimed:
            task = asyncio.create_task(self._send(one))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _round(self) -> bool:
        claimed = await self._database.write(outbox.claim, self._clock.now(), list(self._channels))
        self.deliver(claimed)
        return bool(claimed)

    async def _send(self, claimed: Claimed) -> None:
        message = claimed.message
        channel = self._channels.get(message.inbox_id)
        if channel is None:
            # Paused at this moment, or not to be had in this process: whoever has it sends the message.
            later = self._clock.now() + ELSEWHERE
            await self._database.write(outbox.hand_back, claimed, later)
            return
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await channel.send(message)
        except DeliveryError as error:
            await self._failed(claimed, str(error), error.permanent, error.retry_after)
        except InboxProblem as problem:
            self._watch.failed(message.inbox_id, problem)
            await self._failed(claimed, str(problem), False, None)
        except TimeoutError:
            await self._failed(claimed, "no answer in time", False, None)
        except Exception as error:  # a delivery loop must outlive any one message
            log.exception("delivery_error", ticket=message.ticket_id, message=message.message_id)
            await self._failed(claimed, f"unexpected: {type(error).__name__}", False, None)
        else:
            self._watch.sent(message.inbox_id)
            if await self._database.write(outbox.sent, claimed, self._clock.now()):
                log.info("sent", ticket=message.ticket_id, message=message.message_id, attempt=claimed.attempts)

    async def _failed(self, claimed: Claimed, reason: str, permanent: bool, retry_after: timedelta | None) -> None:
        log.warning("not_sent", message=claimed.message.message_id, reason=reason, permanent=permanent)
        await self._database.write(
            outbox.failed, claimed, self._clock.now(), reason, permanent, retry_after, self._jitter
        )
