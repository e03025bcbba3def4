"""The console as a browser without script sees it: sign in, fill in forms, follow where they lead."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from bot.content import Content
from bot.understanding import Understanding
from channels import registry
from channels.base import Surroundings
from channels.trials import Trials
from console.app import Console
from console.auth import COOKIE
from console.inboxes import InboxTools
from core import staff
from core.blobs import FolderBlobStore
from core.database import Database
from core.models import Agent, Role
from core.sealing import Seal
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

SEAL = Seal("a secret of the tests")


class Browser:
    """One signed-in agent."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path, follow_redirects=True)

    async def page(self, path: str) -> str:
        """A page that is there, with its entities resolved."""
        answer = await self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return unescape(answer.text)

    async def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form with the token of the page it stands on."""
        page = (await self.get("/console/me")).text
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf is not None
        data = {name.replace("__", "."): value for name, value in fields.items()}
        return await self._client.post(path, data={"csrf": csrf.group(1), **data})


def console_of(
    database: Database, clock: SetClock, folder: Path, content: Content, understanding: Understanding | None = None
) -> Console:
    """The console as a desk builds it, with every adapter; nothing is understood yet unless that is handed in."""
    adapters, blobs = registry.adapters(), FolderBlobStore(folder / "blobs")
    surroundings = Surroundings(database, blobs, clock, "http://desk.example", "secret")
    kinds = {key: adapter.kind for key, adapter in adapters.items()}
    tools = InboxTools(kinds, SEAL, Trials(adapters, surroundings), "http://desk.example")
    understanding = understanding or Understanding(database)
    return Console(database, blobs, clock, content, "secret", False, tools, understanding)


@asynccontextmanager
async def signed_in(
    database: Database,
    clock: SetClock,
    folder: Path,
    role: Role,
    email: str = "anna@desk.example",
    language: str = "en",
) -> AsyncIterator[Browser]:
    """The console for somebody of this role."""
    console = console_of(database, clock, folder, MODELS.content)

    def sign_in(session: Session) -> str:
        agent = session.scalars(select(Agent).where(Agent.email == email)).one()
        agent.role, agent.language = role, language
        return staff.open_session(session, agent.id, clock.now())

    token = await database.write(sign_in)
    transport = httpx.ASGITransport(Starlette(routes=list(console.routes)))
    cookies = {COOKIE: token}
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example", cookies=cookies) as client:
        yield Browser(client)
