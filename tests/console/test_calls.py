"""The telephone in the console with plain forms: the quick log, what is understood meanwhile, calls as they ring."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from bot.understanding import Understanding
from console.auth import COOKIE
from core import staff
from core.blobs import FolderBlobStore
from core.database import Database
from core.knowledge import articles
from core.models import Agent, Call, Requester, RequesterAddress, Ticket
from core.values import CallStep, Status
from tests.console.conftest import Signed
from tests.console.site import console_of
from tests.core.calls.test_log import NUMBER, know, ring
from tests.core.desk import seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

FORM = {"token": "form-1", "outcome": "keep", "direction": "in", "do": "save"}


@pytest.fixture
async def understanding_anna(database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Signed]:
    """Anna at a desk that understands."""
    desk = await database.write(seed, clock)
    understanding = Understanding(database)
    understanding.ready(MODELS.model)
    console = console_of(database, clock, tmp_path, MODELS.content, understanding)
    token = await database.write(staff.open_session, desk.anna, clock.now())
    transport = httpx.ASGITransport(Starlette(routes=console.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", cookies={COOKIE: token}) as client:
        yield Signed(client, desk, FolderBlobStore(tmp_path / "blobs"))
    understanding.close()


async def tickets(database: Database) -> list[Ticket]:
    return await database.read(lambda session: list(session.scalars(select(Ticket).order_by(Ticket.id))))


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return unescape(found.group(1))


async def test_a_call_is_written_down_without_a_script(anna: Signed, database: Database, clock: SetClock) -> None:
    await know(database, clock)
    page = (await anna.get("/console/call")).text
    token = field(page, "token")
    found = await anna.post("/console/call", token=token, who="neum", notes="Drucker kaputt", do="look")
    chosen = re.search(r'value="(choose:\d+)"', found.text)
    assert chosen is not None and "Carla Neumann" in found.text and "Drucker kaputt" in found.text
    page = (await anna.post("/console/call", token=token, notes="Drucker kaputt", do=chosen.group(1))).text
    assert "Jemand anders" in page
    requester = field(page, "requester")
    saved = await anna.post(
        "/console/call", **{**FORM, "token": token, "requester": requester, "notes": "Drucker kaputt"}
    )
    [ticket] = await tickets(database)
    assert saved.status_code == 303 and saved.headers["location"].startswith(f"/console/tickets/{ticket.id}?")
    shown = unescape((await anna.get(f"/console/tickets/{ticket.id}?view=mine")).text)
    assert "Telefonanruf" in shown and "Anna hat angenommen" in shown and f'href="tel:{NUMBER}"' in shown
    assert 'id="reply-text"' not in shown and f"/console/call?ticket={ticket.id}" in shown


async def test_who_is_new_is_kept_as_written_where_one_looks(anna: Signed, database: Database) -> None:
    for place, (who, name, number) in enumerate((("Petra Neu", "Petra Neu", ""), ("0170 1234567", "", NUMBER))):
        await anna.post("/console/call", **{**FORM, "token": f"t{place}", "who": who, "notes": "VPN"})
        newest = (
            select(Requester.name, RequesterAddress.value)
            .join(RequesterAddress, RequesterAddress.requester_id == Requester.id)
            .order_by(Requester.id.desc())
        )
        found = await database.read(_first, newest)
        assert found is not None and found[0] == name
        assert found[1] == number or found[1].startswith("unknown:")


def _first(session: Session, query: Any) -> Any:
    return session.execute(query).first()


async def test_a_mistake_loses_nothing(anna: Signed, database: Database) -> None:
    answer = await anna.post("/console/call", **{**FORM, "notes": "Sehr lange Notiz", "number": "12", "name": "Petra"})
    page = unescape(answer.text)
    assert answer.status_code == 422 and "Das ist keine Telefonnummer." in page
    assert "Sehr lange Notiz" in page and 'value="Petra"' in page and "data-typed" in page
    assert await tickets(database) == []


async def test_while_the_model_is_loading_articles_are_found_by_their_words(
    anna: Signed, database: Database, clock: SetClock
) -> None:
    await database.write(articles.synchronize, MODELS.content.articles, clock.now())
    page = unescape(
        (await anna.post("/console/call", notes="Papierstau, wieder einmal am Drucker", token="t", do="look")).text
    )
    assert "Das Verstehen wird noch geladen." in page and "data-again" in page and "Papierstau im Drucker" in page


async def test_topic_priority_and_articles_follow_what_is_typed(
    understanding_anna: Signed, database: Database, clock: SetClock
) -> None:
    anna = understanding_anna
    await database.write(articles.synchronize, MODELS.content.articles, clock.now())
    notes = "Der Drucker druckt nicht mehr, es kommt kein Papier."
    page = unescape((await anna.post("/console/call", notes=notes, token="t", do="look")).text)
    assert re.search(r'name="intent" value="printer_problem" checked', page)
    assert field(page, "guessed") == "printer_problem" and "Drucker druckt nicht" in page and ">P4<" in page
    form = {
        **FORM,
        "notes": notes,
        "who": "Petra Neu",
        "intent": "printer_problem",
        "guessed": "printer_problem",
        "confidence": field(page, "confidence"),
        "outcome": "solved",
        "code": "workaround",
    }
    await anna.post("/console/call", **form)
    [ticket] = await tickets(database)
    assert (ticket.intent, ticket.status, str(ticket.resolution_code)) == (
        "printer_problem",
        Status.RESOLVED,
        "workaround",
    )
    again = await anna.post("/console/call", **{**form, "token": "t2", "outcome": "keep"})
    assert again.status_code == 303
    page = unescape((await anna.post("/console/call", notes=notes, token="t3", do="look")).text)
    assert "Seit gestern hat das schon jemand gemeldet" in page, "the open one, not the one that is solved"


async def test_who_saves_before_the_topic_is_shown_gets_it_all_the_same(
    understanding_anna: Signed, database: Database
) -> None:
    notes = "Der Drucker druckt nicht mehr, es kommt kein Papier."
    await understanding_anna.post("/console/call", **{**FORM, "who": "Petra Neu", "notes": notes})
    [ticket] = await tickets(database)
    assert ticket.intent == "printer_problem" and ticket.confidence is not None and ticket.confidence < 1


async def test_what_the_agent_picked_stays_while_typing_goes_on(understanding_anna: Signed) -> None:
    notes = "Der Drucker druckt nicht mehr, es kommt kein Papier."
    form = {"notes": notes, "token": "t", "do": "look", "guessed": "vpn_problem", "intent": "vpn_problem"}
    page = (await understanding_anna.post("/console/call", **form)).text
    assert re.search(r'value="printer_problem" checked', page), "the guess was followed, and it is another now"
    page = (await understanding_anna.post("/console/call", **{**form, "other_intent": "toner_request"})).text
    assert re.search(r'<option value="toner_request" selected', page) or 'value="toner_request" checked' in page


async def test_a_ringing_call_is_on_every_page_of_whose_telephone_it_is(
    anna: Signed, database: Database, clock: SetClock
) -> None:
    carla = await know(database, clock)
    await ring(database, clock, CallStep.NEW, people=("Anna",))
    for path in ("/console/views/person", "/console/knowledge", "/console/calls/now"):
        page = unescape((await anna.get(path)).text)
        assert "Eingehender Anruf" in page and "Carla Neumann" in page and "Alpha GmbH" in page
    call = await database.read(lambda session: session.scalars(select(Call)).one())
    form = (await anna.get(f"/console/call?call={call.id}")).text
    assert field(form, "requester") == str(carla) and field(form, "call") == str(call.id)
    assert f'id="call-{call.id}"' not in form, "it need not be offered where it is being written down"
    await anna.post(f"/console/calls/{call.id}/put-away")
    assert "Eingehender Anruf" not in (await anna.get("/console/views/person")).text
    assert "Carla Neumann" in (await anna.get("/console/calls")).text


async def test_an_agent_says_what_the_telephone_system_calls_them(anna: Signed, database: Database) -> None:
    await anna.post("/console/me", language="de", sound="on", telephone=" w0, 117 ")

    def read(session: Session) -> Any:
        return session.get_one(Agent, anna.desk.anna).preferences

    assert (await database.read(read))["telephone"] == "w0, 117"
    page = (await anna.get("/console/me")).text
    assert 'value="w0, 117"' in page


async def test_each_ticket_and_each_call_has_a_draft_of_its_own(
    anna: Signed, database: Database, clock: SetClock
) -> None:
    await ring(database, clock, CallStep.ENDED)
    [ticket] = await tickets(database)
    call = await database.read(lambda session: session.scalars(select(Call)).one())
    drafts = (("", "new"), (f"?ticket={ticket.id}", f"ticket-{ticket.id}"), (f"?call={call.id}", f"call-{call.id}"))
    for asked, name in drafts:
        page = (await anna.get(f"/console/call{asked}")).text
        assert field(page, "draft") == name and f'data-draft="{name}"' in page
        page = (await anna.post("/console/call", draft=field(page, "draft"), do="look")).text
        assert f'data-draft="{name}"' in page


async def test_what_does_not_exist_is_said_kindly(anna: Signed) -> None:
    assert (await anna.get("/console/call?call=4711")).status_code == 404
    assert (await anna.get("/console/call?ticket=4711")).status_code == 404
    answer = await anna.post("/console/call", **{**FORM, "call": "4711", "notes": "VPN"})
    assert answer.status_code == 404
