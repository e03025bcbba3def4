"""A process that runs the mailboxes that are set up, and what its health says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from channels import registry
from channels.base import Receive, Surroundings
from channels.delivery import Delivery
from channels.mail.adapter import KIND
from channels.supervisor import Supervisor
from channels.watch import Watch
from core import intake
from core.database import Database
from core.inboxes import editing, health
from core.inboxes.editing import Form
from core.inboxes.health import Health
from core.sealing import Seal
from core.values import InboundMessage, Receipt
from tests.fakes.clock import SetClock

SEAL = Seal("a secret of the tests")


class Running:
    """A process that runs what is set up. ``receive`` may be replaced to make documenting fail."""

    def __init__(self, database: Database, clock: SetClock, surroundings: Surroundings, process: str = "one") -> None:
        self.receive: Receive = self._receive
        self._database = database
        self._clock = clock
        watch = Watch(database, clock, process)
        surroundings = replace(surroundings, impaired=watch.impaired)
        self._supervisor = Supervisor(registry.adapters(), surroundings, SEAL, watch)
        self._loops = (
            self._supervisor.run(lambda message: self.receive(message)),
            watch.run(),
            Delivery(database, clock, self._supervisor.channels, watch).run(),
        )

    async def _receive(self, message: InboundMessage) -> Receipt:
        return await self._database.write(intake.receive, message, self._clock.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(loop) for loop in self._loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def add(database: Database, clock: SetClock, address: str, port: int, **typed: str) -> int:
    form = Form(name=address, typed={"address": address, "listen_port": str(port), **typed})
    return await database.write(editing.save, KIND, None, form, SEAL, clock.now())


async def healthy(database: Database, clock: SetClock, inbox_id: int, wanted: Callable[[Health], object]) -> Health:
    async with asyncio.timeout(60):
        while True:
            found = (await database.read(health.read, clock.now()))[inbox_id]
            if wanted(found):
                return found
            await asyncio.sleep(0.02)
