"""What comes back about a message is noted at that message; automatic replies are noted on their ticket."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import intake, outbox
from core.database import Database
from core.models import HistoryEntry, InboundReceipt, Message, Ticket, WorkRow
from core.tickets import actions
from core.values import (
    Address,
    Automation,
    Delivery,
    DeliveryReport,
    Draft,
    Fate,
    InboundMessage,
    Outcome,
    Receipt,
    Status,
)
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


class Letters:
    """A ticket that an agent has answered, and what comes back about the answer."""

    def __init__(self, database: Database, desk: Desk, clock: SetClock) -> None:
        self._database, self._desk, self._clock = database, desk, clock
        opened = self.take(letter(desk, clock))
        self.ticket_id = opened.ticket_id or 0
        database.write_now(actions.reply, self.ticket_id, desk.anna, Draft("Bitte neu starten."), clock.now())
        clock.advance(minutes=1)
        for claimed in database.write_now(outbox.claim, clock.now()):
            database.write_now(outbox.sent, claimed, clock.now())

    def take(self, message: InboundMessage) -> Receipt:
        return self._database.write_now(intake.receive, message, self._clock.now())

    def returned(self, fate: Fate, **changes: Any) -> Receipt:
        ids = changes.pop("ids", (self.message().external_id or "",))
        values = {"reason": "The mailbox is full.", "said": "552 full", "recipient": "carla@alpha.example", **changes}
        report = DeliveryReport(fate, ("<unknown@else.example>", *ids), **values)
        sender = Address("email", "mailer-daemon@alpha.example")
        return self.take(letter(self._desk, self._clock, sender=sender, report=report, automation=Automation.BOUNCE))

    def message(self) -> Message:
        return self._database.read_now(
            lambda session: session.scalars(select(Message).where(Message.outbound).order_by(Message.id.desc())).first()
        )  # type: ignore[return-value]

    def ticket(self) -> Ticket:
        return self._database.read_now(lambda session: session.get_one(Ticket, self.ticket_id))

    def count(self, what: Any) -> int:
        return self._database.read_now(lambda session: session.scalar(select(func.count()).select_from(what)) or 0)

    def history(self) -> list[str]:
        return self._database.read_now(_history)


def _history(session: Session) -> list[str]:
    return list(session.scalars(select(HistoryEntry.action).order_by(HistoryEntry.id)))


@pytest.fixture
def letters(database: Database, desk: Desk, clock: SetClock) -> Letters:
    return Letters(database, desk, clock)


def test_a_mail_that_came_back_shows_as_failed_at_its_message(letters: Letters) -> None:
    receipt = letters.returned(Fate.FAILED)
    message = letters.message()
    assert (receipt.outcome, receipt.ticket_id, receipt.message_id) == (Outcome.TICKETED, letters.ticket_id, message.id)
    assert (message.delivery, message.delivery_reason) == (Delivery.FAILED, "The mailbox is full.")
    assert message.meta["report"]["said"] == "552 full"
    assert letters.ticket().status is Status.OPEN, "nobody can answer what never arrived"
    assert "delivery_failed" in letters.history()
    assert (letters.count(Ticket), letters.count(Message)) == (1, 2), "it is no message and no ticket of its own"


def test_a_mail_that_is_late_says_so_until_it_failed(letters: Letters) -> None:
    letters.returned(Fate.DELAYED)
    assert letters.message().delivery is Delivery.SENT
    assert letters.message().meta["report"]["fate"] == "delayed"
    assert letters.ticket().status is Status.PENDING
    letters.returned(Fate.FAILED)
    letters.returned(Fate.DELAYED)
    assert letters.message().delivery is Delivery.FAILED


@pytest.mark.parametrize("fate", [Fate.DELIVERED, Fate.READ])
def test_a_mail_that_arrived_is_delivered(letters: Letters, fate: Fate) -> None:
    letters.returned(fate, reason="", said="")
    assert letters.message().delivery is Delivery.DELIVERED


def test_a_complaint_is_noted(letters: Letters) -> None:
    letters.returned(Fate.COMPLAINED)
    assert "complained" in letters.history()
    assert letters.message().delivery is Delivery.SENT


def test_a_report_about_nothing_of_ours_is_ignored_with_a_reason(letters: Letters) -> None:
    receipt = letters.returned(Fate.FAILED, ids=("<other@else.example>",))
    assert receipt.outcome is Outcome.IGNORED and "report" in receipt.reason
    assert letters.message().delivery is Delivery.SENT


def test_a_report_about_their_own_mail_changes_nothing(letters: Letters, desk: Desk, clock: SetClock) -> None:
    mine = letter(desk, clock)
    letters.take(mine)
    assert letters.returned(Fate.FAILED, ids=(mine.external_id or "",)).outcome is Outcome.IGNORED


def test_what_came_back_can_be_sent_again(letters: Letters, database: Database, clock: SetClock) -> None:
    letters.returned(Fate.FAILED)
    database.write_now(outbox.retry, letters.message().id, clock.now())
    [claimed] = database.write_now(outbox.claim, clock.now())
    assert claimed.message.external_id == letters.message().external_id
    assert "report" not in letters.message().meta
    database.write_now(outbox.failed, claimed, clock.now(), "550 no", True, None, random.Random(1))
    assert letters.message().delivery is Delivery.FAILED


def test_an_absence_note_is_shown_and_not_answered(letters: Letters, desk: Desk, clock: SetClock) -> None:
    before = letters.count(WorkRow)
    note = letter(
        desk, clock, references=(letters.message().external_id or "",), automation=Automation.AUTO_REPLY, text="Urlaub"
    )
    assert letters.take(note).ticket_id == letters.ticket_id
    assert (letters.ticket().status, letters.count(WorkRow)) == (Status.PENDING, before)


def test_an_absence_note_about_a_closed_ticket_opens_none(
    letters: Letters, database: Database, desk: Desk, clock: SetClock
) -> None:
    def close(session: Session) -> None:
        session.get_one(Ticket, letters.ticket_id).status = Status.CLOSED

    database.write_now(close)
    ids = (letters.message().external_id or "",)
    receipt = letters.take(letter(desk, clock, references=ids, automation=Automation.AUTO_REPLY))
    assert (receipt.ticket_id, letters.count(Ticket)) == (letters.ticket_id, 1)
    assert letters.ticket().status is Status.CLOSED


def test_an_absence_note_from_another_address_is_a_line_of_history(
    letters: Letters, desk: Desk, clock: SetClock
) -> None:
    note = letter(
        desk,
        clock,
        sender=Address("email", "c.neumann@alpha.example"),
        references=(letters.message().external_id or "",),
        automation=Automation.AUTO_REPLY,
    )
    assert letters.take(note).outcome is Outcome.IGNORED
    assert letters.history()[-1] == "replied_automatically"
    assert letters.count(Ticket) == 1


def test_every_delivery_is_in_the_ledger(letters: Letters) -> None:
    letters.returned(Fate.FAILED)
    letters.returned(Fate.FAILED, ids=())
    assert letters.count(InboundReceipt) == 3
