"""A further address that a channel names for who writes: a claim, unless an admin takes the channel's word for it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.models import Requester, RequesterAddress, Ticket
from core.tickets import facts
from core.values import Address
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock

CARLA = Address("email", "carla@alpha.example", "Carla")


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _write(database: Database, desk: Desk, clock: SetClock, verified: bool, **more: Any) -> int:
    values: dict[str, Any] = {"sender": Address("slack", "T1/U1", "Carla"), "thread_key": "T1/D1", **more}
    message = chat_message(desk, clock, contact=CARLA, contact_is_verified=verified, **values)
    receipt = database.write_now(intake.receive, message, clock.now())
    return database.read_now(lambda session: session.get_one(Ticket, receipt.ticket_id).requester_id)


def _addresses(session: Session) -> dict[str, tuple[int, bool]]:
    found = session.scalars(select(RequesterAddress))
    return {one.value: (one.requester_id, one.verified_at is not None) for one in found}


def test_a_verified_address_makes_them_who_they_are(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    before = database.read_now(lambda session: session.scalars(select(Requester.id)).one())
    assert _write(database, desk, clock, verified=True) == before
    assert database.read_now(_addresses) == {CARLA.value: (before, True), "T1/U1": (before, True)}


def test_an_unverified_one_makes_them_nobody(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    before = database.read_now(lambda session: session.scalars(select(Requester.id)).one())
    other = _write(database, desk, clock, verified=False)
    assert other != before
    assert database.read_now(_addresses) == {CARLA.value: (before, False), "T1/U1": (other, False)}


def test_a_new_person_brings_their_address(database: Database, desk: Desk, clock: SetClock) -> None:
    new = _write(database, desk, clock, verified=False)
    assert database.read_now(_addresses) == {CARLA.value: (new, False), "T1/U1": (new, False)}
    assert _write(database, desk, clock, verified=True) == new
    assert database.read_now(_addresses) == {CARLA.value: (new, True), "T1/U1": (new, True)}


def test_a_verified_address_tells_the_customer(database: Database, desk: Desk, clock: SetClock) -> None:
    requester_id = _write(database, desk, clock, verified=True)
    requester = database.read_now(lambda session: session.get_one(Requester, requester_id))
    assert requester.organization_id is not None


def test_what_somebody_merely_typed_yields_to_who_can_show_it(database: Database, desk: Desk, clock: SetClock) -> None:
    def claim(session: Session) -> int:
        ticket = session.scalars(select(Ticket)).one()
        session.add(RequesterAddress(requester_id=ticket.requester_id, kind="email", value=CARLA.value))
        return ticket.requester_id

    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    visitor = database.write_now(claim)
    carla = _write(database, desk, clock, verified=True)
    assert carla != visitor
    assert database.read_now(_addresses)[CARLA.value] == (carla, True)


def test_where_others_read_along_only_this_conversation_is_talked_about(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    _write(database, desk, clock, verified=True)

    def heard(thread_key: str, is_shared: bool) -> list[str]:
        message = chat_message(
            desk,
            clock,
            sender=Address("slack", "T1/U1"),
            thread_key=thread_key,
            is_shared=is_shared,
            contact=CARLA,
            contact_is_verified=True,
        )
        receipt = database.write_now(intake.receive, message, clock.now())
        return [line.number for line in database.read_now(facts.read, receipt.work_id or 0, clock.now()).tickets]

    assert heard("T1/C1/1", is_shared=True) == []
    assert len(heard("T1/D1/2", is_shared=False)) == 3
