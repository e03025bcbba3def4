"""What no form of the console offers is refused with kind words: never a default instead, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import intake
from core.database import Database
from core.models import Agent, Message, Role
from core.values import ActorKind
from tests.console.conftest import Signed
from tests.console.site import signed_in
from tests.core.desk import letter, seed
from tests.fakes.clock import SetClock

HUGE = "9" * 30


def _a_ticket(anna: Signed, database: Database, clock: SetClock) -> int:
    receipt = database.write_now(intake.receive, letter(anna.desk, clock), clock.now())
    assert receipt.ticket_id is not None
    return receipt.ticket_id


def _agents(database: Database) -> int:
    return database.read_now(lambda session: session.scalar(select(func.count(Agent.id)))) or 0


async def test_a_number_no_ticket_has_is_not_found(anna: Signed) -> None:
    for path in (HUGE, f"1/files/{HUGE}", f"1/html/{HUGE}", "9" * 5000):
        assert (await anna.get(f"/console/tickets/{path}")).status_code == 404, path


@pytest.mark.parametrize("assignee", [HUGE, "-1", "²", "x"])
async def test_nobody_can_be_given_a_ticket_who_was_not_offered(
    anna: Signed, database: Database, clock: SetClock, assignee: str
) -> None:
    ticket_id = _a_ticket(anna, database, clock)
    assert (await anna.post(f"/console/tickets/{ticket_id}/assign", assignee=assignee)).status_code == 422


async def test_a_token_in_other_letters_is_an_expired_form(anna: Signed) -> None:
    assert (await anna.post("/console/me", csrf="ä")).status_code == 403


async def test_a_reply_of_nothing_that_can_be_seen_is_not_sent(
    anna: Signed, database: Database, clock: SetClock
) -> None:
    ticket_id = _a_ticket(anna, database, clock)
    for action in ("reply", "note"):
        answer = await anna.post(f"/console/tickets/{ticket_id}/{action}", text=" \0 ")
        assert answer.status_code == 422
    said = select(func.count(Message.id)).where(Message.author_kind == ActorKind.AGENT)
    assert database.read_now(lambda session: session.scalar(said)) == 0


@pytest.mark.parametrize("hours", ["nan", "inf", "x", ""])
async def test_a_ticket_is_put_aside_for_a_time_there_is(
    anna: Signed, database: Database, clock: SetClock, hours: str
) -> None:
    ticket_id = _a_ticket(anna, database, clock)
    assert (await anna.post(f"/console/tickets/{ticket_id}/snooze", hours=hours)).status_code == 422


@pytest.mark.parametrize(
    ("page", "change"),
    [
        ("staff", {"role": "god"}),
        ("staff", {"language": "xx"}),
        ("staff", {"team": "4711"}),
        ("staff", {"team": "x"}),
        ("staff", {"name": " \0 "}),
        ("staff", {"email": "\0@b.example"}),
        ("staff", {"email": "f\x01@b.example"}),
        ("staff", {"id": HUGE}),
        ("organizations", {"form_of_address": "polite"}),
        ("organizations", {"calendar": HUGE}),
        ("teams", {"level": HUGE}),
    ],
)
async def test_an_admin_s_choice_that_was_not_offered_is_refused(
    database: Database, clock: SetClock, tmp_path: Path, page: str, change: dict[str, str]
) -> None:
    await database.write(seed, clock)
    before = _agents(database)
    form = {"name": "Fay", "email": "fay@b.example", "role": "agent", "language": "de", "password": "a long password"}
    async with signed_in(database, clock, tmp_path, Role.ADMIN) as admin:
        answer = await admin.post(f"/console/admin/{page}", **form | change)
    assert answer.status_code == 422
    assert _agents(database) == before


async def test_what_is_no_text_is_taken_out_of_a_form(database: Database, clock: SetClock, tmp_path: Path) -> None:
    await database.write(seed, clock)
    form = {"name": "F\0ay", "email": "f\0@b.example", "role": "agent", "password": "a long password"}
    async with signed_in(database, clock, tmp_path, Role.ADMIN) as admin:
        assert (await admin.post("/console/admin/staff", **form)).status_code == 303
    found = select(Agent.email, Agent.name).order_by(Agent.id.desc()).limit(1)
    assert database.read_now(lambda session: tuple(session.execute(found).one())) == ("f@b.example", "Fay")
