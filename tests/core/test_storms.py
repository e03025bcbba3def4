"""One sender with hundreds of mails an hour opens a few tickets; the rest is collected, and nothing is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core import intake, storms
from core.database import Database
from core.errors import Conflict
from core.models import HistoryEntry, Message, Ticket, WorkRow
from core.values import Address, InboundMessage, Outcome, Receipt, Status
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _take(database: Database, message: InboundMessage, clock: SetClock) -> Receipt:
    return database.write_now(intake.receive, message, clock.now())


def _count(database: Database, model: type[Ticket] | type[Message] | type[WorkRow]) -> int:
    return database.read_now(lambda session: session.scalar(select(func.count()).select_from(model)) or 0)


def test_five_hundred_mails_in_an_hour_open_thirty_tickets(database: Database, desk: Desk, clock: SetClock) -> None:
    for number in range(500):
        assert _take(database, letter(desk, clock, subject=f"Alarm {number}"), clock).outcome is Outcome.TICKETED
        clock.advance(seconds=6)
    assert (_count(database, Ticket), _count(database, Message)) == (storms.TICKETS, 500)
    assert _count(database, WorkRow) == 2 * storms.TICKETS, "the bot reads none of the rest"
    lines = database.read_now(
        lambda session: session.scalars(
            select(HistoryEntry.reason).where(HistoryEntry.action == "collects_storm")
        ).all()
    )
    assert lines == ["carla@alpha.example"]


def test_others_and_later_mails_open_tickets(database: Database, desk: Desk, clock: SetClock) -> None:
    for _ in range(storms.TICKETS + 1):
        _take(database, letter(desk, clock), clock)
    ben = letter(desk, clock, sender=Address("email", "ben@beta.example"))
    assert not _is_collected(database, _take(database, ben, clock))
    clock.advance(hours=2)
    assert not _is_collected(database, _take(database, letter(desk, clock), clock))


def _is_collected(database: Database, receipt: Receipt) -> bool:
    return (
        database.read_now(
            lambda session: (
                session.scalar(select(func.count()).select_from(Message).where(Message.ticket_id == receipt.ticket_id))
                or 0
            )
        )
        > 1
    )


def test_an_answer_goes_to_its_ticket_even_in_a_storm(database: Database, desk: Desk, clock: SetClock) -> None:
    first = letter(desk, clock)
    opened = _take(database, first, clock)
    for _ in range(storms.TICKETS + 1):
        _take(database, letter(desk, clock), clock)
    answer = letter(desk, clock, references=(first.external_id or "",))
    assert _take(database, answer, clock).ticket_id == opened.ticket_id


def test_a_chat_is_no_storm(database: Database, desk: Desk, clock: SetClock) -> None:
    for number in range(storms.TICKETS + 5):
        _take(database, chat_message(desk, clock, thread_key=f"visitor-{number}"), clock)
    assert _count(database, Ticket) == storms.TICKETS + 5


def test_what_no_ticket_can_collect_is_refused_with_a_reason(
    database: Database, desk: Desk, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storms, "MESSAGES", 3)
    for _ in range(storms.TICKETS + 2):
        _take(database, letter(desk, clock), clock)
    with pytest.raises(Conflict, match=r"carla@alpha\.example"):
        _take(database, letter(desk, clock), clock)


def test_a_closed_ticket_collects_nothing(database: Database, desk: Desk, clock: SetClock) -> None:
    for _ in range(storms.TICKETS):
        last = _take(database, letter(desk, clock), clock)

    def close(session: object) -> None:
        session.get_one(Ticket, last.ticket_id).status = Status.CLOSED  # type: ignore[attr-defined]

    database.write_now(close)
    collected = _take(database, letter(desk, clock), clock)
    assert collected.ticket_id != last.ticket_id and _count(database, Ticket) == storms.TICKETS
