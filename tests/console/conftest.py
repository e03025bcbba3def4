"""The console as a browser sees it, without one: signed in as Anna, on either database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot import content as contents
from config.settings import PACK
from console.auth import COOKIE
from core import staff
from core.blobs import FolderBlobStore
from core.database import Database
from tests.console.site import console_of
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock


class Signed:
    """An agent at the console, with plain forms: what works here works without the script."""

    def __init__(self, client: httpx.AsyncClient, desk: Desk, blobs: FolderBlobStore) -> None:
        self._client, self.desk, self.blobs = client, desk, blobs

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self._client.get(path, headers=headers)

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form, as the page itself would; a list is a field that stands there several times."""
        return await self._client.post(path, data={"csrf": await self._csrf(), **fields})

    async def upload(self, path: str, files: list[tuple[str, bytes]], **fields: str) -> httpx.Response:
        """The same with files (name, content) beside the fields."""
        parts = [("upload", file) for file in files]
        return await self._client.post(path, data={"csrf": await self._csrf(), **fields}, files=parts)

    async def _csrf(self) -> str:
        token = re.search(r'name="csrf" value="(\w+)"', (await self.get("/console/views/bot")).text)
        assert token is not None
        return token.group(1)


@pytest.fixture
async def anna(database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Signed]:
    desk = await database.write(seed, clock)
    blobs = FolderBlobStore(tmp_path / "blobs")
    console = console_of(database, clock, tmp_path, contents.load(PACK))
    token = await database.write(staff.open_session, desk.anna, clock.now())
    transport = httpx.ASGITransport(Starlette(routes=console.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", cookies={COOKIE: token}) as client:
        yield Signed(client, desk, blobs)
