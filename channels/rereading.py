"""What an inbox set aside is read again when somebody asks for it, with what the program has learned since."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from core import promises, quarantine
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.quarantine import Again
from core.signals import Topic
from core.values import Receipt

log = structlog.get_logger(__name__)

POLL = 15.0
"""Seconds between looks when nobody called."""


@dataclass(frozen=True, slots=True)
class Rereading:
    """Of one inbox. ``read`` takes in what it gets once more; ``lost`` notes why that can never be done again."""

    inbox_id: int
    database: Database
    blobs: BlobStore
    clock: Clock
    read: Callable[[Again, bytes], Awaitable[Receipt]]
    lost: Callable[[Again, str], Awaitable[Receipt]]
    _jitter: random.Random = field(default_factory=random.Random)

    async def run(self) -> None:
        """Read again what is owed another reading, until cancelled."""
        with self.database.signals.subscribe(Topic.QUARANTINE) as calls:
            while True:
                claimed = await self.database.write(quarantine.claim, self.clock.now(), self.inbox_id)
                for again in claimed:
                    await self._once_more(again)
                if not claimed:
                    await calls.wait(POLL)

    async def _once_more(self, again: Again) -> None:
        work = again.work
        try:
            raw = again.raw
            if raw is None:
                raw = await asyncio.to_thread(self.blobs.get, again.raw_sha256 or "")
            receipt = await self.read(again, raw)
        except NotFound as error:  # the bytes are gone; nobody can read them, but everybody can see why
            receipt = await self.lost(again, str(error))
        except Exception as error:  # whatever it is, what was set aside is still there and is tried again
            log.exception("not_read_again", inbox=self.inbox_id, receipt=work.receipt_id, attempt=work.attempts)
            due = self.clock.now() + promises.backoff(work.attempts, self._jitter)
            await self.database.write(quarantine.later, work, due, type(error).__name__)
            return
        await self.database.write(quarantine.finished, work, self.clock.now())
        log.info("read_again", inbox=self.inbox_id, receipt=work.receipt_id, outcome=str(receipt.outcome))
