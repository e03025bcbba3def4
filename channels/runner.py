"""One inbox at work in this process: under its lease where it needs one, and again after a pause when it failed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.base import Channel, Connected, Receive, Surroundings
from channels.watch import Watch
from core.clock import Clock
from core.errors import InboxProblem
from core.inboxes import leases
from core.inboxes.kinds import InboxSettings
from core.inboxes.leases import LEASE
from core.models import RunState
from core.signals import Topic
from core.values import InboundMessage, Receipt

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before a failed inbox is tried again: at first, and at most; each failure doubles them."""
STEADY = 60.0
"""An inbox that worked for so many seconds before it failed begins with the first pause again."""
RENEW = LEASE.total_seconds() / 3
STANDBY_POLL = 5.0


class Again:
    """Runs something until cancelled: whenever it failed, once more after a pause that grows.

    ``failed`` hears of each failure and of when it is tried again.
    """

    def __init__(self, inbox_id: int, clock: Clock, failed: Callable[[InboxProblem, datetime], None]) -> None:
        self._inbox_id = inbox_id
        self._clock = clock
        self._failed = failed
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing

    async def run(self, once: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        """``once`` gets what it is to call as soon as it works."""
        failures = 0
        worked_from: list[float] = []
        while True:
            worked_from.clear()
            try:
                await once(lambda: worked_from.append(time.monotonic()))
                problem = InboxProblem("The inbox stopped by itself.", "It is started again by itself.")
            except InboxProblem as found:
                problem = found
            except Exception as error:  # one inbox's crash must not stop the desk
                log.exception("inbox_crashed", inbox=self._inbox_id)
                problem = _unexpected(error)
            steady = worked_from and time.monotonic() - worked_from[0] >= STEADY
            failures = 1 if steady else failures + 1
            await self._pause(problem, failures)

    async def _pause(self, problem: InboxProblem, failures: int) -> None:
        seconds = min(FIRST_PAUSE * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE) * self._jitter.uniform(0.75, 1.25)
        self._failed(problem, self._clock.now() + timedelta(seconds=seconds))
        log.warning("inbox_retries", inbox=self._inbox_id, reason=str(problem), seconds=round(seconds, 1))
        await asyncio.sleep(seconds)


async def together(*ways: Coroutine[Any, Any, None]) -> None:
    """Run them until one ends, then neither."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        for ended in (await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0]:
            await ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _LeaseLost(Exception):
    """Another process may run the inbox now."""


class Runner:
    def __init__(
        self,
        inbox: InboxSettings[Any],
        channel: Channel,
        receive: Receive,
        surroundings: Surroundings,
        watch: Watch,
        token: str,
    ) -> None:
        self._inbox = inbox
        self._channel = channel
        self._hand_on = receive
        self._database = surroundings.database
        self._clock = surroundings.clock
        self._watch = watch
        self._token = token
        self._held_until = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        await Again(self._inbox.id, self._clock, self._failed).run(self._once)

    async def _once(self, works: Callable[[], None]) -> None:
        def connected() -> None:
            works()
            self._watch.turned(self._inbox.id, RunState.RUNNING)

        self._watch.turned(self._inbox.id, RunState.STARTING)
        if not self._inbox.configuration.is_exclusive:
            await self._channel.run(self._receive, connected)
            return
        while True:
            await self._stand_by()
            try:
                await self._leased(connected)
                return
            except _LeaseLost:
                log.warning("lease_lost", inbox=self._inbox.id)

    async def _leased(self, connected: Connected) -> None:
        working = asyncio.create_task(self._channel.run(self._receive, connected))
        try:
            while not (await asyncio.wait({working}, timeout=RENEW))[0]:
                if not await self._renew():
                    raise _LeaseLost
            await working
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await self._leave()

    async def _stand_by(self) -> None:
        """Wait until this process, and no other, may run the inbox."""
        with self._database.signals.subscribe_to(
            lambda signal: (signal.topic, signal.id) == (Topic.INBOX, self._inbox.id)
        ) as calls:
            while not await self._take():
                self._watch.turned(self._inbox.id, RunState.STANDBY)
                await calls.wait(STANDBY_POLL)
        self._watch.turned(self._inbox.id, RunState.STARTING)

    async def _take(self) -> bool:
        taken = await self._database.write(leases.take, self._inbox.id, self._token, self._clock.now())
        if taken:
            self._held_until = time.monotonic() + LEASE.total_seconds()
        return taken

    async def _renew(self) -> bool:
        """Take the lease for longer. While the database cannot be asked, what is left of it still holds."""
        try:
            async with asyncio.timeout(RENEW):
                return await self._take()
        except Exception:  # whatever keeps the database from answering
            log.warning("lease_not_renewed", inbox=self._inbox.id)
            return time.monotonic() + RENEW < self._held_until

    async def _leave(self) -> None:
        try:
            await self._database.write(leases.leave, self._inbox.id, self._token)
        except Exception:  # the lease ends by itself
            log.warning("lease_not_left", inbox=self._inbox.id)

    async def _receive(self, message: InboundMessage) -> Receipt:
        receipt = await self._hand_on(message)
        self._watch.received(self._inbox.id)
        return receipt

    def _failed(self, problem: InboxProblem, retry_at: datetime) -> None:
        self._watch.turned(self._inbox.id, RunState.RETRYING, problem, retry_at)


def _unexpected(error: Exception) -> InboxProblem:
    return InboxProblem(
        "Something went wrong that Firstline did not expect: {error}",
        "It is tried again by itself. If it stays, the program's log has the details.",
        error=f"{type(error).__name__}: {error}"[:300],
    )
