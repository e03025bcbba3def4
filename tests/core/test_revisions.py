"""What is changed after sending: the new words count, the former ones stay, and nobody is answered twice."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.models import Attachment, HistoryEntry, InboundReceipt, Message, WorkRow
from core.search.index import index_more
from core.tickets import facts
from core.values import InboundMessage, Outcome, StoredFile
from tests.core.desk import Desk, chat_message, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _first(desk: Desk, clock: SetClock, text: str = "VPN geht nciht", **changes: Any) -> InboundMessage:
    return chat_message(desk, clock, text, external_id="thread:1", **changes)


def _again(desk: Desk, clock: SetClock, text: str, **changes: Any) -> InboundMessage:
    return chat_message(desk, clock, text, external_id="thread:1", revises="thread:1", **changes)


def _messages(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).order_by(Message.id)))


def test_the_new_words_stand_and_the_former_ones_stay(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, _first(desk, clock), clock.now())
    changed_at = clock.advance(minutes=1)
    receipt = database.write_now(intake.receive, _again(desk, clock, "VPN geht nicht"), clock.now())
    assert receipt.outcome is Outcome.TICKETED and receipt.work_id is None
    [message] = database.read_now(_messages)
    assert message.text == "VPN geht nicht"
    assert message.meta["former"] == [{"text": "VPN geht nciht", "until": changed_at.isoformat()}]
    actions = database.read_now(lambda session: list(session.scalars(select(HistoryEntry.action))))
    assert actions[-1] == "revised"
    assert len(database.read_now(lambda session: session.scalars(select(WorkRow)).all())) == 1


def test_every_version_is_kept_and_every_delivery_counted(database: Database, desk: Desk, clock: SetClock) -> None:
    deliveries = [_first(desk, clock, "eins"), _again(desk, clock, "zwei"), _again(desk, clock, "drei")]
    deliveries += [_again(desk, clock, "drei"), deliveries[2]]
    for one in deliveries:
        database.write_now(intake.receive, one, clock.now())
    [message] = database.read_now(_messages)
    assert [one["text"] for one in message.meta["former"]] == ["eins", "zwei"]
    ledger = select(InboundReceipt.outcome).order_by(InboundReceipt.id)
    outcomes = database.read_now(lambda session: list(session.scalars(ledger)))
    assert outcomes == [Outcome.TICKETED] * 3 + [Outcome.IGNORED, Outcome.DUPLICATE]


def test_a_version_of_something_unknown_is_a_message(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, _again(desk, clock, "Hallo"), clock.now())
    assert receipt.outcome is Outcome.TICKETED and receipt.work_id is not None
    elsewhere = chat_message(desk, clock, "x", thread_key="visitor-2", revises="thread:1")
    assert database.write_now(intake.receive, elsewhere, clock.now()).ticket_id != receipt.ticket_id


def test_a_file_that_is_exchanged_is_added(database: Database, desk: Desk, clock: SetClock) -> None:
    old, new = (StoredFile(letter * 64, f"{letter}.png", "image/png", 3) for letter in "ab")
    database.write_now(intake.receive, _first(desk, clock, attachments=(old,)), clock.now())
    database.write_now(intake.receive, _again(desk, clock, "VPN geht nciht", attachments=(new,)), clock.now())
    names = database.read_now(lambda session: list(session.scalars(select(Attachment.filename))))
    assert names == ["a.png", "b.png"]


def test_it_is_found_by_its_new_words(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, _first(desk, clock, "Drucker"), clock.now())
    database.write_now(index_more)
    database.write_now(intake.receive, _again(desk, clock, "Bildschirm"), clock.now())
    words = database.read_now(
        lambda session: str(session.connection().exec_driver_sql("SELECT * FROM search_message").all())
    )
    assert "bildschirm" in words.casefold() and "drucker" not in words.casefold()


def test_the_bot_reads_the_person_s_own_words_and_people_what_stands_for_the_rest(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    message = _first(desk, clock, "Ich bin hier:", placeholder="[Standort: 52,5 / 13,4]")
    receipt = database.write_now(intake.receive, message, clock.now())
    [shown] = database.read_now(_messages)
    assert shown.text == "Ich bin hier:\n[Standort: 52,5 / 13,4]"
    assert receipt.work_id is not None
    assert database.read_now(facts.read, receipt.work_id, clock.now()).text == "Ich bin hier:"
