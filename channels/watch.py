"""What this process sees of its inboxes, kept in memory and written down every few seconds for all pages to read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from core.clock import Clock
from core.database import Database
from core.errors import InboxProblem
from core.inboxes import health
from core.inboxes.health import Pulse
from core.models import RunState

log = structlog.get_logger(__name__)

EVERY, AT_LEAST = 5.0, 15.0
"""Seconds between writing down what happened, and between saying that this process lives when nothing did."""


class Watch:
    def __init__(self, database: Database, clock: Clock, process: str) -> None:
        self._database = database
        self._clock = clock
        self._process = process
        self._pulses: dict[int, Pulse] = {}
        self._happened = asyncio.Event()
        self._turned = asyncio.Event()

    def turned(
        self,
        inbox_id: int,
        state: RunState,
        problem: InboxProblem | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """The inbox is in another state here, which is written down at once."""
        self._note(inbox_id, state=state, problem=problem, retry_at=retry_at)
        if problem is not None:
            self.failed(inbox_id, problem)
        self._turned.set()

    def impaired(self, inbox_id: int, problem: InboxProblem, retry_at: datetime) -> None:
        """The inbox works but for a part of it."""
        self.turned(inbox_id, RunState.RUNNING, problem, retry_at)

    def received(self, inbox_id: int) -> None:
        self._note(inbox_id, received_at=self._clock.now())

    def sent(self, inbox_id: int) -> None:
        self._note(inbox_id, sent_at=self._clock.now())

    def failed(self, inbox_id: int, problem: InboxProblem) -> None:
        """Something went wrong that is the inbox's fault."""
        self._note(inbox_id, trouble=problem, trouble_at=self._clock.now())

    def ended(self, inbox_id: int) -> None:
        """The inbox does not run here any more."""
        self._pulses.pop(inbox_id, None)
        self._turned.set()

    def _note(self, inbox_id: int, **changes: Any) -> None:
        self._pulses[inbox_id] = replace(self._pulses.get(inbox_id, Pulse(RunState.STARTING)), **changes)
        self._happened.set()

    async def run(self) -> None:
        """Write it down until cancelled; then say that nothing runs here any more."""
        try:
            while True:
                await self._write()
                await self._wait()
        finally:
            await self._database.write(health.forget, self._process)

    async def _wait(self) -> None:
        for event, longest in ((self._turned, EVERY), (self._happened, AT_LEAST - EVERY)):
            try:
                async with asyncio.timeout(longest):
                    await event.wait()
                    return
            except TimeoutError:
                continue

    async def _write(self) -> None:
        self._turned.clear()
        self._happened.clear()
        try:
            await self._database.write(health.record, self._process, dict(self._pulses), self._clock.now())
        except Exception:  # a page without news must not stop the desk
            log.exception("health_not_written")
