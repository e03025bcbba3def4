"""The REST API as a program uses it, over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from console.api.app import Api
from console.api.operations import OPERATIONS
from core import tokens
from core.database import Database
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


@pytest.fixture
async def api(database: Database, desk: Desk, clock: SetClock) -> AsyncIterator[httpx.AsyncClient]:
    token = database.write_now(tokens.issue, "test", list(tokens.SCOPES), desk.anna, clock.now())
    app = Starlette(routes=Api(database, clock).routes)
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk/api/v1", headers=headers) as client:
        yield client


async def _open(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    value = {"email": "carla@alpha.example", "name": "Carla", "text": "Der Drucker druckt nicht.", **more}
    answer = await api.post("/tickets", json=value)
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


async def test_a_ticket_from_opening_to_resolved(api: httpx.AsyncClient, desk: Desk) -> None:
    ticket = await _open(api, subject="Drucker", key="order-1")
    assert (await _open(api, subject="Drucker", key="order-1"))["id"] == ticket["id"], "the same key, the same ticket"
    path = f"/tickets/{ticket['id']}"
    note = await api.post(f"{path}/messages", json={"text": "Nur intern", "note": True})
    assert note.status_code == 201
    answer = (await api.post(f"{path}/messages", json={"text": "Bitte neu starten."})).json()
    assert (answer["author_name"], answer["outbound"], answer["delivery"]) == ("Anna", True, "queued")
    changed = (await api.patch(path, json={"impact": "high", "urgency": "high"})).json()
    assert changed["priority"] == 1
    given = (await api.patch(path, json={"assignee_id": desk.ben})).json()
    assert given["assignee_id"] == desk.ben
    resolved = (await api.post(f"{path}/resolve", json={"code": "workaround"})).json()
    assert (resolved["status"], resolved["resolution_code"]) == ("resolved", "workaround")
    assert (await api.post(f"{path}/reopen")).json()["status"] == "open"
    messages = (await api.get(f"{path}/messages")).json()["items"]
    assert [one["is_note"] for one in messages] == [False, True, False]


async def test_pages_by_cursor_miss_and_double_nothing(api: httpx.AsyncClient) -> None:
    opened = [(await _open(api))["id"] for _ in range(7)]
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await api.get("/tickets", params={"after": after, "limit": 3})).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
    assert seen == opened


@pytest.mark.parametrize(
    ("method", "path", "value", "status"),
    [
        ("GET", "/tickets/4711", None, 404),
        ("GET", "/tickets?limit=0", None, 422),
        ("GET", "/tickets?assignee_id=x", None, 422),
        ("POST", "/tickets", {"email": "no address", "text": "x"}, 422),
        ("POST", "/tickets", {"email": "a@b.example", "text": ""}, 422),
        ("POST", "/tickets", {"email": "a@b.example", "text": "x", "colour": "red"}, 422),
        ("POST", "/tickets", ["list"], 422),
        ("POST", "/tickets/1/reopen", None, 404),
        ("PATCH", "/tickets/1", {"status": "happy"}, 422),
    ],
)
async def test_what_cannot_be_done_is_a_problem_in_plain_words(
    api: httpx.AsyncClient, method: str, path: str, value: Any, status: int
) -> None:
    answer = await api.request(method, path, json=value)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"]


async def test_a_token_does_what_it_may_and_no_more(
    api: httpx.AsyncClient, database: Database, desk: Desk, clock: SetClock
) -> None:
    reader = database.write_now(tokens.issue, "reader", ["tickets:read"], desk.anna, clock.now())
    headers = {"authorization": f"Bearer {reader}"}
    assert (await api.get("/tickets", headers=headers)).status_code == 200
    refused = await api.post("/tickets", json={"email": "a@b.example", "text": "x"}, headers=headers)
    assert refused.status_code == 403
    assert "tickets:write" in refused.json()["title"]
    assert (await api.get("/tickets", headers={"authorization": "Bearer fl_wrong"})).status_code == 401
    token = next(one for one, _ in database.read_now(tokens.everything) if one.name == "reader")
    assert token.last_used_at == clock.now()
    database.write_now(tokens.revoke, token.id, clock.now())
    assert (await api.get("/tickets", headers=headers)).status_code == 401


async def test_the_description_names_every_operation_and_resolves(api: httpx.AsyncClient) -> None:
    described = (await api.get("/openapi.json", headers={"authorization": ""})).json()
    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert found == {(one.method, "/api/v1" + re.sub(":int", "", one.path)) for one in OPERATIONS}
    schemas = described["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described))) <= set(schemas)
    identities = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]
    assert len(set(identities)) == len(identities)
