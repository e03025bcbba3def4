"""A fax line at work between a real desk, a folder, and HylaFAX's programs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from channels.fax.adapter import FaxAdapter
from channels.fax.channel import Fax
from channels.mail.listener import Listeners
from core.values import InboxStyle
from tests.contract.fax import DESK, fax_line
from tests.contract.ground import Ground
from tests.fakes.hylafax import HylaFax

Found = TypeVar("Found")
PATIENCE = 60.0


class Place:
    """``async with`` runs the line; ``settings`` are those of its configuration."""

    def __init__(self, ground: Ground, **settings: Any) -> None:
        self.ground = ground
        self.folder = ground.folder / "recvq"
        self.folder.mkdir(exist_ok=True)
        self.server = HylaFax(ground.folder)
        self._settings = {"folder": str(self.folder), "settle_seconds": 0, **settings}
        self._inbox_id = 0

    async def __aenter__(self) -> Place:
        self.server.__enter__()
        self._inbox_id = self._inbox_id or await self.ground.open_inbox("fax", DESK, InboxStyle.LETTER)
        surroundings = self.ground.surroundings("http://desk.example", "secret")
        line = fax_line(self._inbox_id, **self._settings)
        self.fax: Fax = FaxAdapter(Listeners).build(line, surroundings)
        self.connected = asyncio.Event()
        self.running = asyncio.create_task(self.fax.run(self.ground.receive, self.connected.set))
        self.ground.deliver_through(self.fax)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ground.stop_delivering()
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        self.server.__exit__()

    def put(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


async def until(look: Callable[[], Awaitable[Found]]) -> Found:
    async with asyncio.timeout(PATIENCE):
        while not (found := await look()):  # noqa: ASYNC110 - what is waited for is outside of this program
            await asyncio.sleep(0.05)
    return found
