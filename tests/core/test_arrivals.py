"""What a channel acknowledges before it reads it: kept once, read in order, tried again, never lost."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import arrivals, intake
from core.database import Database
from core.models import ArrivalRow, InboundReceipt, PromiseState
from core.promises import ATTEMPTS, LEASE, Arrived
from core.values import Outcome
from tests.core.desk import Desk, chat_message, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _keep(database: Database, desk: Desk, clock: SetClock, key: str, thread: str = "a", **more: Any) -> list[Arrived]:
    return database.write_now(arrivals.keep, desk.chat, key, thread, {"text": key}, clock.now(), **more)


def _ledger(session: Session) -> list[Outcome]:
    return list(session.scalars(select(InboundReceipt.outcome).order_by(InboundReceipt.id)))


def _fail(database: Database, one: Arrived, clock: SetClock, permanent: bool = False) -> None:
    database.write_now(arrivals.failed, one, clock.now(), "no network", permanent, None, random.Random(1))


def test_a_delivery_is_read_once_and_its_repetition_counted(database: Database, desk: Desk, clock: SetClock) -> None:
    [first] = _keep(database, desk, clock, "event-1")
    assert first.payload == {"text": "event-1"}
    assert _keep(database, desk, clock, "event-1") == []
    database.write_now(arrivals.done, first, clock.now())
    assert _keep(database, desk, clock, "event-1") == [], "also when it has long been read"
    assert database.read_now(_ledger) == [Outcome.DUPLICATE] * 2
    row = database.read_now(lambda session: session.scalars(select(ArrivalRow)).one())
    assert (row.state, row.payload) == (PromiseState.DONE, {}), "what was said stands on the ticket, and there alone"


def test_a_thread_is_read_in_order_and_others_do_not_wait(database: Database, desk: Desk, clock: SetClock) -> None:
    [first] = _keep(database, desk, clock, "1")
    assert _keep(database, desk, clock, "2") == []
    assert len(_keep(database, desk, clock, "3", thread="b")) == 1
    _fail(database, first, clock)
    assert database.write_now(arrivals.claim, clock.now(), desk.chat) == [], (
        "not before its time, and nothing overtakes it"
    )
    clock.advance(hours=1)
    [again] = [one for one in database.write_now(arrivals.claim, clock.now(), desk.chat) if one.key == "1"]
    database.write_now(arrivals.done, again, clock.now())
    assert [one.key for one in database.write_now(arrivals.claim, clock.now(), desk.chat)] == ["2"]


def test_whoever_died_reading_is_followed_by_somebody(database: Database, desk: Desk, clock: SetClock) -> None:
    [lost] = _keep(database, desk, clock, "1")
    clock.advance(seconds=LEASE.total_seconds() + 1)
    [taken] = database.write_now(arrivals.claim, clock.now(), desk.chat)
    assert taken.attempts == 2
    database.write_now(arrivals.done, lost, clock.now())
    _fail(database, taken, clock)
    row = database.read_now(lambda session: session.scalars(select(ArrivalRow)).one())
    assert row.state is PromiseState.PENDING, "the lost lease finished nothing"


def test_what_never_can_be_read_lies_in_quarantine(database: Database, desk: Desk, clock: SetClock) -> None:
    [hopeless] = _keep(database, desk, clock, "1")
    _fail(database, hopeless, clock, permanent=True)
    _keep(database, desk, clock, "2")
    for _ in range(ATTEMPTS):
        clock.advance(days=1)
        for one in database.write_now(arrivals.claim, clock.now(), desk.chat):
            _fail(database, one, clock)
    receipts = database.read_now(lambda session: session.scalars(select(InboundReceipt)).all())
    assert [(one.dedupe_key, one.outcome, one.reason) for one in receipts] == [
        ("1", Outcome.QUARANTINED, "no network"),
        ("2", Outcome.QUARANTINED, "no network"),
    ]
    kept = database.read_now(lambda session: session.scalars(select(InboundReceipt.raw)).all())
    assert kept[0] == b'{"text": "1"}'


def test_of_foreign_threads_nothing_is_kept(database: Database, desk: Desk, clock: SetClock) -> None:
    assert _keep(database, desk, clock, "1", thread="foreign", only_known=True) == []
    assert database.read_now(lambda session: session.scalars(select(ArrivalRow)).all()) == []
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    assert len(_keep(database, desk, clock, "2", thread="visitor-1", only_known=True)) == 1
    _keep(database, desk, clock, "3", thread="coming")
    _keep(database, desk, clock, "4", thread="coming", only_known=True)
    keys = database.read_now(lambda session: session.scalars(select(ArrivalRow.key).order_by(ArrivalRow.id)).all())
    assert keys == ["2", "3", "4"], "what is about to become a conversation counts as one"
