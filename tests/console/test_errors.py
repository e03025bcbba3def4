"""Where there is no page, people read a page that says so, and programs read JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.database import Database
from tests.console.site import console_of
from tests.core.desk import seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

BROWSER = {"accept": "text/html,*/*;q=0.8", "accept-language": "de"}


@pytest.fixture
async def client(database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async def broken(_: Request) -> Response:
        raise RuntimeError("a secret of the server")

    await database.write(seed, clock)
    console = console_of(database, clock, tmp_path, MODELS.content)
    routes = [Route("/broken", broken), *console.routes]
    app = Starlette(routes=routes, exception_handlers=console.exception_handlers)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "Unter dieser Adresse gibt es keine Seite."),
        ("/help/999", 404, "Diesen Artikel gibt es nicht."),
        ("/broken", 500, "Bei uns ist etwas schiefgegangen."),
    ],
)
async def test_people_read_a_page(client: httpx.AsyncClient, path: str, status: int, words: str) -> None:
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html") and answer.headers["content-language"] == "de"
    assert words in answer.text and "secret" not in answer.text


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/help/999", 404), ("/broken", 500)])
async def test_programs_read_json(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status and "secret" not in answer.text


async def test_the_page_leads_back_to_where_one_was(client: httpx.AsyncClient) -> None:
    assert 'href="/help"' in (await client.get("/help/999", headers=BROWSER)).text
    assert 'href="/console"' in (await client.get("/console/nowhere", headers=BROWSER)).text
