"""The REST API as a program uses it, over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from console.api.app import Api
from console.api.operations import OPERATIONS
from core import intake, tokens
from core.blobs import FolderBlobStore
from core.database import Database
from core.models import Role
from core.search import index
from core.values import StoredFile
from tests.core.desk import Desk, letter, make, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


@pytest.fixture
async def api(database: Database, desk: Desk, clock: SetClock, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    token = database.write_now(tokens.issue, "test", list(tokens.SCOPES), desk.anna, clock.now())
    app = Starlette(routes=Api(database, clock, MODELS.content, FolderBlobStore(tmp_path / "blobs")).routes)
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


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/tickets?nosuch=1", "nosuch"),
        ("/tickets?team_id=abc", "team_id"),
        ("/tickets?q=", "q"),
        ("/tickets?status=zzz", "status"),
        ("/tickets?team=zzz", "team"),
        ("/tickets?team=", "team"),
        (f"/tickets?after={'9' * 30}", "after"),
        (f"/tickets?requester_id={'9' * 30}", "requester_id"),
        ("/tickets?limit=x", "limit"),
        ("/tickets?status=open&status=new", "status"),
        ("/search", "q"),
        ("/search?q=%20", "q"),
        ("/requesters?email=", "email"),
        ("/teams?after=1", "after"),
    ],
)
async def test_a_filter_that_cannot_be_followed_is_named(api: httpx.AsyncClient, path: str, parameter: str) -> None:
    answer = await api.get(path)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in answer.json()["errors"]] == [parameter]


async def test_a_number_nothing_can_have_is_not_found(api: httpx.AsyncClient) -> None:
    for path in (f"/tickets/{'9' * 30}", f"/tickets/{2**31}", f"/requesters/{'9' * 5000}"):
        assert (await api.get(path)).status_code == 404


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


async def _do(api: httpx.AsyncClient, path: str, status: int = 200, **value: Any) -> Any:
    answer = await api.post(path, json=value)
    assert answer.status_code == status, f"{path}: {answer.text}"
    return answer.json()


async def test_what_an_agent_does_in_the_console_a_program_does_too(
    api: httpx.AsyncClient, database: Database, desk: Desk, clock: SetClock
) -> None:
    path = f"/tickets/{(await _open(api))['id']}"
    assert (await _do(api, f"{path}/take-over"))["assignee_id"] == desk.anna
    assert (await _do(api, f"{path}/correct", intent="printer_problem"))["intent"] == "printer_problem"
    assert "topic" in (await _do(api, f"{path}/correct", 422, intent="weather_on_mars"))["title"]
    until = clock.now() + timedelta(hours=1)
    assert (await _do(api, f"{path}/snooze", until=until.isoformat()))["snoozed_until"] is not None
    assert "time zone" in (await api.post(f"{path}/snooze", json={"until": "2030-01-01T10:00:00"})).text.replace(
        "timezone", "time zone"
    )
    assert (await _do(api, f"{path}/hand-back", reason="Weiter"))["level"] == 0
    await _do(api, f"{path}/hand-back", 409)
    await _do(api, f"{path}/take-over")
    assert (await _do(api, f"{path}/escalate", team="network-l2", reason="Switch"))["level"] == 2
    found = (await api.get("/tickets", params={"team": "network-l2"})).json()["items"]
    assert [one["level"] for one in found] == [2]
    lead = await _do(api, f"{path}/to-lead", 409, reason="Entscheiden")
    assert "lead" in lead["title"]
    written = (await api.post(f"{path}/messages", json={"text": "Wir sehen nach."})).json()
    assert (await _do(api, f"/messages/{written['id']}/undo"))["delivery"] == "cancelled"
    await _do(api, f"/messages/{written['id']}/undo", 409)
    await _do(api, f"/messages/{written['id']}/retry", 409)
    changed = (await api.patch(f"{path}/requester", json={"name": "Carla Neumann", "vip": True})).json()
    assert (changed["name"], changed["vip"]) == ("Carla Neumann", True)
    assert changed["organization_id"] is not None, "what is not named stays"
    history = (await api.get(f"{path}/history")).json()["items"]
    assert {"created", "taken_over", "corrected", "snoozed", "handed_back", "escalated"} <= {
        one["action"] for one in history
    }
    assert [one["name"] for one in (await api.get("/agents")).json()["items"]] == ["Anna", "Ben"]
    assert "service-desk" in [one["key"] for one in (await api.get("/teams")).json()["items"]]


async def test_tickets_are_searched_and_merged(api: httpx.AsyncClient, database: Database) -> None:
    first, second = (await _open(api)), (await _open(api, text="Der Drucker, noch einmal."))
    database.write_now(index.index_more)
    found = (await api.get("/search", params={"q": "drucker from:carla"})).json()["items"]
    assert {one["id"] for one in found} == {first["id"], second["id"]}
    assert (await api.get("/search", params={"q": "farbe:rot"})).status_code == 422
    path = f"/tickets/{second['id']}"
    assert (await _do(api, f"{path}/merge", into_id=first["id"]))["id"] == first["id"]
    assert (await api.get(path)).json()["merged_into_id"] == first["id"]
    messages = (await api.get(f"/tickets/{first['id']}/messages")).json()["items"]
    assert len(messages) == 2
    assert "was merged" in (await _do(api, f"{path}/merge", 409, into_id=first["id"]))["title"]
    await _do(api, f"/tickets/{first['id']}/merge", 422, into_id=first["id"])
    await _do(api, f"/tickets/{first['id']}/merge", 404, into_id=4711)


async def test_the_questions_of_a_topic_are_answered_where_the_console_and_the_bot_find_them(
    api: httpx.AsyncClient,
) -> None:
    path = f"/tickets/{(await _open(api))['id']}/guide"
    assert (await api.get(path)).status_code == 422, "nothing is known of it yet"
    listed = (await api.get(path, params={"topic": "printer_problem"})).json()
    item = next(one for one in listed["items"] if one["slot"] is not None)
    said = {"slot": item["slot"], "seen": item["seen"], "do": "skip"}
    after = await _do(api, path, topic="printer_problem", answers=[said])
    assert next(one for one in after["items"] if one["slot"] == item["slot"])["mark"] == "skipped"
    assert (await api.get(path)).json() == after, "from then on it is the ticket's topic"
    await _do(api, path, 409, topic="printer_problem", answers=[{**said, "do": "take_back"}])


async def test_a_call_is_written_down_once(api: httpx.AsyncClient) -> None:
    call = {"token": "a-call-of-mine", "name": "Carla", "number": "+493023125001", "notes": "Drucker streikt"}
    ticket = await _do(api, "/calls", 201, **call)
    assert (await _do(api, "/calls", 201, **call))["id"] == ticket["id"]
    listed = (await api.get("/calls")).json()["items"]
    assert [(one["number"], one["ticket_id"]) for one in listed] == [("+493023125001", ticket["id"])]
    assert (await api.get("/requesters", params={"phone": "+493023125001"})).json()["items"][0]["name"] == "Carla"


async def test_knowledge_is_written_published_and_rolled_back(
    api: httpx.AsyncClient, database: Database, desk: Desk
) -> None:
    begun = await _do(api, "/articles", 201, title="Toner wechseln", language="de", body="Klappe auf.")
    path = f"/articles/{begun['id']}"
    assert (begun["is_published"], begun["is_draft"]) == (False, True)
    assert (await api.post(f"{path}/publish")).status_code == 403, "agents write drafts"
    database.write_now(make, desk.anna, Role.LEAD)
    assert (await _do(api, f"{path}/publish"))["is_published"]
    changed = (await api.put(path, json={"title": "Toner wechseln", "body": "Klappe auf, Toner heraus."})).json()
    assert (changed["version"], changed["is_draft"], changed["is_published"]) == (2, True, True)
    await _do(api, f"{path}/publish")
    back = (await api.post(f"{path}/publish", params={"version": 1})).json()
    published = (await api.get("/articles", params={"language": "de"})).json()["items"]
    assert [one["body"] for one in published if one["id"] == back["id"]] == ["Klappe auf."]
    versions = (await api.get(f"{path}/versions")).json()["items"]
    assert [one["number"] for one in versions] == [2, 1]
    assert not (await _do(api, f"{path}/withdraw"))["is_published"]
    assert (await api.post(f"{path}/publish", params={"version": 9})).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/tickets?status=happy",
        "/tickets?after=99999999999999999999",
        "/tickets?requester_id=99999999999999999999",
        "/tickets?limit=²",
        "/tickets/99999999999999999999",
        "/tickets/99999999999999999999/messages",
    ],
)
async def test_what_no_database_holds_is_a_problem_and_no_accident(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_files_are_named_with_their_message_and_fetched(
    api: httpx.AsyncClient, database: Database, desk: Desk, clock: SetClock, tmp_path: Path
) -> None:
    file = StoredFile(FolderBlobStore(tmp_path / "blobs").put(b"Zeile 1"), "log.txt", "text/plain", 7)
    receipt = await database.write(intake.receive, letter(desk, clock, attachments=(file,)), clock.now())
    [message] = (await api.get(f"/tickets/{receipt.ticket_id}/messages")).json()["items"]
    [named] = message["attachments"]
    assert (named["filename"], named["size"]) == ("log.txt", 7)
    answer = await api.get(f"/attachments/{named['id']}")
    assert answer.content == b"Zeile 1" and "log.txt" in answer.headers["content-disposition"]
    assert (await api.get("/attachments/4711")).status_code == 404


async def test_a_message_is_split_off(api: httpx.AsyncClient, database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = await _open(api)
    mail = letter(desk, clock, "Und Urlaub.", subject="Urlaub", ticket_refs=(ticket["id"],))
    message = (await database.write(intake.receive, mail, clock.now())).message_id
    new = await _do(api, f"/messages/{message}/split", 201)
    assert (new["subject"], new["assignee_id"]) == ("Urlaub", desk.anna)
    await _do(api, f"/messages/{message}/split", 409)
