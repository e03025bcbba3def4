"""Intake: what arrives becomes part of a documented ticket, once, and of the right one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.models import HistoryEntry, InboundReceipt, Message, Requester, Ticket, WorkKind, WorkRow
from core.tickets import actions
from core.values import Address, Automation, Choice, Draft, Outcome, Receipt, ResolutionCode, Status, StoredFile
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _count(session: Session, model: type[Message] | type[Ticket]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _ticket(session: Session, receipt: Receipt) -> Ticket:
    assert receipt.ticket_id is not None
    return session.get_one(Ticket, receipt.ticket_id)


def _history(session: Session, ticket_id: int) -> list[str]:
    return list(
        session.scalars(
            select(HistoryEntry.action).where(HistoryEntry.ticket_id == ticket_id).order_by(HistoryEntry.id)
        )
    )


def test_a_message_becomes_a_ticket_with_work_for_the_bot(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    ticket = database.read_now(_ticket, receipt)
    assert (receipt.outcome, receipt.seq) == (Outcome.TICKETED, 1)
    assert (ticket.subject, ticket.level, ticket.status) == ("VPN geht nicht", 0, Status.NEW)
    assert ticket.waiting_since == clock.now()
    assert database.read_now(lambda session: [row.kind for row in session.scalars(select(WorkRow))]) == [
        WorkKind.UNDERSTAND
    ]


def test_who_was_only_an_address_gets_the_name_they_write_with(database: Database, desk: Desk, clock: SetClock) -> None:
    for name in ("", "Carla Neumann", "C. N."):
        sender = Address("email", "carla@alpha.example", name)
        database.write_now(intake.receive, letter(desk, clock, sender=sender), clock.now())
    assert database.read_now(lambda session: session.scalars(select(Requester.name)).all()) == ["Carla Neumann"]


def test_the_same_delivery_twice_makes_one_message_and_two_ledger_lines(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    message = chat_message(desk, clock)
    first = database.write_now(intake.receive, message, clock.now())
    second = database.write_now(intake.receive, message, clock.now())
    assert second.outcome is Outcome.DUPLICATE
    assert (second.message_id, second.seq) == (first.message_id, first.seq)
    assert database.read_now(_count, Message) == 1
    outcomes = database.read_now(
        lambda session: list(session.scalars(select(InboundReceipt.outcome).order_by(InboundReceipt.id)))
    )
    assert outcomes == [Outcome.TICKETED, Outcome.DUPLICATE]


def test_a_letter_is_promised_a_confirmation(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    due = database.read_now(
        lambda session: session.scalars(select(WorkRow.due_at).where(WorkRow.kind == WorkKind.ACKNOWLEDGE)).one()
    )
    assert due == clock.now() + intake.ACKNOWLEDGE_AFTER


def test_a_reference_of_a_participant_joins_the_ticket(database: Database, desk: Desk, clock: SetClock) -> None:
    first = letter(desk, clock)
    opened = database.write_now(intake.receive, first, clock.now())
    again = letter(desk, clock, "Und er blinkt.", subject="AW: Drucker", references=(first.external_id or "",))
    assert database.write_now(intake.receive, again, clock.now()).ticket_id == opened.ticket_id


def test_a_number_in_the_subject_joins_only_for_a_participant(database: Database, desk: Desk, clock: SetClock) -> None:
    opened = database.write_now(intake.receive, letter(desk, clock), clock.now())
    mine = letter(
        desk, clock, subject=f"Re: Drucker [FL-{1000 + (opened.ticket_id or 0)}]", ticket_refs=(opened.ticket_id or 0,)
    )
    foreign = letter(desk, clock, sender=Address("email", "eve@evil.example"), ticket_refs=(opened.ticket_id or 0,))
    assert database.write_now(intake.receive, mine, clock.now()).ticket_id == opened.ticket_id
    elsewhere = database.write_now(intake.receive, foreign, clock.now())
    assert elsewhere.ticket_id != opened.ticket_id
    assert "suggested_link" in database.read_now(_history, elsewhere.ticket_id or 0)


def test_a_reference_of_a_stranger_opens_a_ticket_that_suggests_the_link(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first = letter(desk, clock)
    opened = database.write_now(intake.receive, first, clock.now())
    stranger = letter(desk, clock, sender=Address("email", "eve@evil.example"), references=(first.external_id or "",))
    elsewhere = database.write_now(intake.receive, stranger, clock.now())
    assert elsewhere.ticket_id != opened.ticket_id


def test_somebody_put_in_copy_may_join(database: Database, desk: Desk, clock: SetClock) -> None:
    first = letter(desk, clock, recipients=(Address("email", "dora@alpha.example"),))
    opened = database.write_now(intake.receive, first, clock.now())
    copied = letter(desk, clock, sender=Address("email", "dora@alpha.example"), references=(first.external_id or "",))
    assert database.write_now(intake.receive, copied, clock.now()).ticket_id == opened.ticket_id


def test_an_answer_to_a_closed_ticket_opens_one_follow_up_for_all_that_comes(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first = letter(desk, clock)
    opened = database.write_now(intake.receive, first, clock.now())

    def close(session: Session) -> None:
        _ticket(session, opened).status = Status.CLOSED

    database.write_now(close)
    replies = [
        database.write_now(
            intake.receive, letter(desk, clock, f"Antwort {n}", references=(first.external_id or "",)), clock.now()
        )
        for n in range(3)
    ]
    follow_up = database.read_now(_ticket, replies[0])
    assert follow_up.follow_up_of_id == opened.ticket_id
    assert {reply.ticket_id for reply in replies} == {follow_up.id}


def test_a_new_subject_on_an_old_thread_stays_and_suggests_a_split(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first = letter(desk, clock)
    opened = database.write_now(intake.receive, first, clock.now())
    other = letter(desk, clock, subject="Neues Headset", references=(first.external_id or "",))
    assert database.write_now(intake.receive, other, clock.now()).ticket_id == opened.ticket_id
    assert "suggested_split" in database.read_now(_history, opened.ticket_id or 0)


@pytest.mark.parametrize("automation", [Automation.AUTO_REPLY, Automation.BOUNCE, Automation.OWN_ADDRESS])
def test_machines_that_refer_to_nothing_are_ignored_with_a_reason(
    database: Database, desk: Desk, clock: SetClock, automation: Automation
) -> None:
    receipt = database.write_now(intake.receive, letter(desk, clock, automation=automation), clock.now())
    assert receipt.outcome is Outcome.IGNORED and receipt.reason
    assert database.read_now(_count, Ticket) == 0


def test_list_mail_reaches_people_and_is_owed_no_answer(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, letter(desk, clock, automation=Automation.LIST), clock.now())
    assert database.read_now(_ticket, receipt).level == 1
    assert database.read_now(lambda session: session.scalars(select(WorkRow)).all()) == []


def test_an_out_of_office_to_our_reply_neither_reopens_nor_waits(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first = letter(desk, clock)
    opened = database.write_now(intake.receive, first, clock.now())
    ticket_id = opened.ticket_id or 0
    database.write_now(actions.reply, ticket_id, desk.anna, Draft("Bitte neu starten."), clock.now())
    absent = letter(desk, clock, references=(first.external_id or "",), automation=Automation.AUTO_REPLY)
    assert database.write_now(intake.receive, absent, clock.now()).ticket_id == ticket_id
    ticket = database.read_now(_ticket, opened)
    assert (ticket.status, ticket.waiting_since) == (Status.PENDING, None)


def test_what_cannot_be_read_is_quarantined_once(database: Database, desk: Desk, clock: SetClock) -> None:
    for expected in (Outcome.QUARANTINED, Outcome.DUPLICATE):
        receipt = database.write_now(intake.quarantine, desk.mail, "key", "broken", clock.now(), b"raw")
        assert receipt.outcome is expected


def test_the_sender_s_domain_names_the_organization(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, letter(desk, clock), clock.now())
    requester = database.read_now(
        lambda session: session.get_one(Requester, session.get_one(Ticket, receipt.ticket_id).requester_id)
    )
    assert requester.organization_id is not None


def test_a_message_on_a_resolved_ticket_waits_for_a_look(database: Database, desk: Desk, clock: SetClock) -> None:
    first = chat_message(desk, clock)
    receipt = database.write_now(intake.receive, first, clock.now())
    ticket_id = receipt.ticket_id or 0
    database.write_now(actions.reply, ticket_id, desk.anna, Draft("Erledigt."), clock.now())
    database.write_now(actions.resolve, ticket_id, desk.anna, ResolutionCode.SOLVED, clock.now())
    clock.advance(minutes=5)
    thanks = database.write_now(intake.receive, chat_message(desk, clock, "Danke!"), clock.now())
    ticket = database.read_now(_ticket, receipt)
    assert thanks.ticket_id == ticket_id and thanks.work_id is not None
    assert ticket.status is Status.RESOLVED


def test_waiting_counts_from_the_first_unanswered_message(database: Database, desk: Desk, clock: SetClock) -> None:
    start = clock.now()
    receipt = database.write_now(intake.receive, chat_message(desk, clock), start)
    clock.advance(minutes=10)
    database.write_now(intake.receive, chat_message(desk, clock, "Hallo?"), clock.now())
    assert database.read_now(_ticket, receipt).waiting_since == start
    assert clock.now() - start == timedelta(minutes=10)


def test_a_typed_number_picks_what_was_offered_last(database: Database, desk: Desk, clock: SetClock) -> None:
    first = database.write_now(intake.receive, letter(desk, clock), clock.now())
    offer = Draft("Was hilft?", (Choice("Neustart", "/restart"), Choice("Ein Mensch", "/human")))
    assert first.ticket_id is not None
    database.write_now(actions.reply, first.ticket_id, desk.anna, offer, clock.now())

    def answer(option: int) -> dict[str, str]:
        typed = letter(desk, clock, str(option), ticket_refs=(first.ticket_id or 0,), option=option)
        receipt = database.write_now(intake.receive, typed, clock.now())
        return database.read_now(lambda session: dict(session.get_one(Message, receipt.message_id).meta))

    assert answer(2) == {"payload": "/human"}
    assert answer(3) == {}, "there is no third"


def test_a_number_means_nothing_where_nothing_was_offered(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, letter(desk, clock, "2", option=2), clock.now())
    assert database.read_now(lambda session: session.get_one(Message, receipt.message_id).meta) == {}


def test_what_is_no_message_is_counted_and_not_kept(database: Database, desk: Desk, clock: SetClock) -> None:
    first = database.write_now(intake.ignore, desk.chat, "key", "not addressed to the desk", clock.now())
    again = database.write_now(intake.ignore, desk.chat, "key", "not addressed to the desk", clock.now())
    assert (first.outcome, again.outcome) == (Outcome.IGNORED, Outcome.DUPLICATE)
    assert database.read_now(_count, Ticket) == 0


def test_a_message_without_words_is_named_after_its_file(database: Database, desk: Desk, clock: SetClock) -> None:
    file = StoredFile("a" * 64, "fehler.png", "image/png", 3)
    receipt = database.write_now(intake.receive, chat_message(desk, clock, "", attachments=(file,)), clock.now())
    assert database.read_now(_ticket, receipt).subject == "fehler.png"


def test_further_files_of_one_message_are_not_answered_one_by_one(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, chat_message(desk, clock, "Bilder"), clock.now())
    more = database.write_now(intake.receive, chat_message(desk, clock, "", accompanies=True), clock.now())
    assert more.work_id is None and more.seq == 2
