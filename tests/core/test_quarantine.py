"""Quarantine: what could not be read is read again, discarded or brought back, and the ledger counts it once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake, quarantine
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.models import InboundReceipt, RereadRow, Ticket
from core.quarantine import Again
from core.values import Automation, InboundMessage, Outcome, Receipt
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _set_aside(database: Database, desk: Desk, clock: SetClock, key: str = "key") -> int:
    """A broken mail; its line in the ledger."""
    about = {"sender": "carla@alpha.example", "subject": "Drucker", "envelope_sender": "", "size": 3}
    database.write_now(intake.quarantine, desk.mail, key, "broken", clock.now(), b"raw", about=about)
    newest = select(InboundReceipt.id).order_by(InboundReceipt.id.desc()).limit(1)
    return database.read_now(lambda session: session.scalars(newest).one())


def _ledger(session: Session) -> Counter[Outcome]:
    return Counter(session.scalars(select(InboundReceipt.outcome)))


def _again(database: Database, desk: Desk, clock: SetClock, line: int) -> Again:
    """Somebody asks, and the channel takes it up."""
    database.write_now(quarantine.read_again, line, clock.now())
    [again] = database.write_now(quarantine.claim, clock.now(), desk.mail)
    return again


def _reading(desk: Desk, clock: SetClock, line: int, **changes: Any) -> InboundMessage:
    return letter(desk, clock, receipt_id=line, **changes)


def test_what_can_be_read_now_takes_its_line_along_and_counts_once(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    arrived = clock.now()
    line = _set_aside(database, desk, clock)
    clock.advance(hours=3)
    again = _again(database, desk, clock, line)
    assert (again.raw, again.envelope_sender, again.received_at) == (b"raw", "", arrived)
    message = _reading(desk, clock, line, received_at=again.received_at)
    receipt = database.write_now(intake.receive, message, clock.now())
    database.write_now(quarantine.finished, again.work, clock.now())
    assert receipt.outcome is Outcome.TICKETED
    assert database.read_now(_ledger) == {Outcome.TICKETED: 1}
    aside = database.read_now(quarantine.one, line)
    assert (aside.ticket_id, aside.is_waiting, aside.size) == (receipt.ticket_id, False, 3)
    assert database.read_now(Session.get_one, Ticket, receipt.ticket_id).waiting_since == arrived
    again_delivered = letter(desk, clock, dedupe_key=message.dedupe_key)
    assert database.write_now(intake.receive, again_delivered, clock.now()).outcome is Outcome.DUPLICATE


def test_what_the_desk_had_in_the_meantime_is_a_duplicate(database: Database, desk: Desk, clock: SetClock) -> None:
    line = _set_aside(database, desk, clock)
    known = letter(desk, clock)
    first = database.write_now(intake.receive, known, clock.now())
    message = _reading(desk, clock, line, dedupe_key=known.dedupe_key)
    receipt = database.write_now(intake.receive, message, clock.now())
    assert (receipt.outcome, receipt.ticket_id) == (Outcome.DUPLICATE, first.ticket_id)
    assert database.read_now(_ledger) == {Outcome.TICKETED: 1, Outcome.DUPLICATE: 1}


def test_a_machine_s_mail_that_can_be_read_now_is_ignored_but_not_discarded(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    line = _set_aside(database, desk, clock)
    message = _reading(desk, clock, line, automation=Automation.BOUNCE)
    assert database.write_now(intake.receive, message, clock.now()).outcome is Outcome.IGNORED
    assert database.read_now(_ledger) == {Outcome.IGNORED: 1}
    assert database.read_now(quarantine.discarded) == []
    with pytest.raises(Conflict):
        database.write_now(quarantine.restore, line)


def test_what_still_cannot_be_read_says_when_it_was_tried(database: Database, desk: Desk, clock: SetClock) -> None:
    line = _set_aside(database, desk, clock)
    for tries in (1, 2):
        clock.advance(hours=1)
        again = _again(database, desk, clock, line)
        receipt = database.write_now(
            intake.quarantine, desk.mail, "key", f"broken {tries}", clock.now(), receipt_id=line
        )
        database.write_now(quarantine.finished, again.work, clock.now())
        assert receipt.outcome is Outcome.QUARANTINED
        aside = database.read_now(quarantine.one, line)
        assert (aside.tries, aside.tried_at, aside.why) == (tries, clock.now(), f"broken {tries}")
    assert database.read_now(_ledger) == {Outcome.QUARANTINED: 1}


def test_asking_twice_is_one_reading_and_a_lost_reader_s_work_is_taken_up(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    line = _set_aside(database, desk, clock)
    database.write_now(quarantine.read_again, line, clock.now())
    database.write_now(quarantine.read_again, line, clock.now())
    assert len(database.read_now(lambda session: session.scalars(select(RereadRow)).all())) == 1
    [lost] = database.write_now(quarantine.claim, clock.now(), desk.mail)
    assert database.write_now(quarantine.claim, clock.now(), desk.mail) == []
    assert database.write_now(quarantine.claim, clock.now(), desk.chat) == [], "another inbox has nothing to do with it"
    clock.advance(minutes=5)
    [taken_up] = database.write_now(quarantine.claim, clock.now(), desk.mail)
    database.write_now(quarantine.finished, lost.work, clock.now())
    assert database.read_now(quarantine.one, line).is_waiting, "who lost the lease finishes nothing"
    database.write_now(quarantine.later, taken_up.work, clock.now() + timedelta(minutes=1), "disk full")
    assert database.write_now(quarantine.claim, clock.now(), desk.mail) == []


def test_what_is_discarded_counts_as_ignored_for_a_reason_and_can_be_brought_back(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    line = _set_aside(database, desk, clock)
    with pytest.raises(InvalidInput):
        database.write_now(quarantine.discard, line, desk.anna, "  ", clock.now())
    database.write_now(quarantine.read_again, line, clock.now())
    database.write_now(quarantine.discard, line, desk.anna, "Spam", clock.now())
    assert database.read_now(_ledger) == {Outcome.IGNORED: 1}
    assert database.write_now(quarantine.claim, clock.now(), desk.mail) == [], "nobody reads it again"
    [gone] = database.read_now(quarantine.discarded)
    assert (gone.reason, gone.discarded_by, gone.why) == ("Spam", "Anna", "broken")
    with pytest.raises(Conflict):
        database.write_now(quarantine.read_again, line, clock.now())
    database.write_now(quarantine.restore, line)
    assert database.read_now(_ledger) == {Outcome.QUARANTINED: 1}
    [back] = database.read_now(quarantine.waiting)
    assert (back.reason, back.discarded_at) == ("broken", None)


def test_a_reading_that_ends_after_it_was_discarded_changes_nothing(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    line = _set_aside(database, desk, clock)
    _again(database, desk, clock, line)
    database.write_now(quarantine.discard, line, desk.anna, "Spam", clock.now())
    receipt: Receipt = database.write_now(intake.receive, _reading(desk, clock, line), clock.now())
    assert receipt.outcome is Outcome.IGNORED
    assert database.read_now(lambda session: session.scalars(select(Ticket)).all()) == []


def test_everything_can_be_tried_again_at_once(database: Database, desk: Desk, clock: SetClock) -> None:
    for key in ("one", "two", "three"):
        _set_aside(database, desk, clock, key)
    assert database.read_now(quarantine.count) == 3
    assert database.write_now(quarantine.read_all_again, clock.now()) == 3
    assert len(database.write_now(quarantine.claim, clock.now(), desk.mail)) == 3


def test_an_ordinary_line_of_the_ledger_is_nothing_to_look_into(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    for look in (quarantine.one, quarantine.original):
        with pytest.raises(NotFound):
            database.read_now(look, 1)
