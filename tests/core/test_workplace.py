"""What makes the console a workplace: lists, unread marks, putting aside, presence, ready answers, corrections."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake, presence, replies
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.models import Correction, HistoryEntry, Requester, Ticket, WorkKind, WorkRow
from core.promises import WORK
from core.tickets import actions, details, lists, reminders, snooze
from core.tickets.lists import View
from core.values import Draft, ResolutionCode
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _in(database: Database, desk: Desk, clock: SetClock) -> set[View]:
    """The views of Anna's that hold ticket 1, and whose counts say so."""
    counts = database.read_now(lists.counts, desk.anna, clock.now())
    found = {view for view in View if any(database.read_now(lists.view_rows, view, desk.anna, clock.now()))}
    assert {view for view in found if view in counts} == {view for view, count in counts.items() if count}
    return found


def _remind(session: Session, clock: SetClock) -> None:
    due = WORK.due(WorkRow.kind == WorkKind.REMIND)
    for work in WORK.claim(session, due, clock.now()):
        reminders.remind(session, work.id, work.lease, clock.now())


def test_a_ticket_is_in_the_views_of_who_must_act(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    assert _in(database, desk, clock) == {View.BOT}
    database.write_now(actions.assign, 1, desk.ben, desk.anna, clock.now())
    assert _in(database, desk, clock) == {View.MINE}
    database.write_now(actions.assign, 1, desk.anna, None, clock.now())
    assert _in(database, desk, clock) == {View.PERSON, View.UNASSIGNED}
    database.write_now(actions.reply, 1, desk.anna, Draft("Bitte neu starten."), clock.now())
    assert _in(database, desk, clock) == {View.WAITING}


def test_what_is_put_aside_comes_back_in_time_or_when_the_person_writes(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(snooze.snooze, 1, desk.anna, clock.now() + timedelta(days=3), clock.now())
    assert _in(database, desk, clock) == {View.SNOOZED}
    database.write_now(snooze.snooze, 1, desk.anna, clock.now() + timedelta(hours=1), clock.now())
    clock.advance(minutes=61)
    database.write_now(_remind, clock)
    assert _in(database, desk, clock) == {View.MINE}
    assert "woken" in database.read_now(lambda session: list(session.scalars(select(HistoryEntry.action))))
    database.write_now(snooze.snooze, 1, desk.anna, clock.now() + timedelta(hours=1), clock.now())
    database.write_now(intake.receive, chat_message(desk, clock, "Hallo?"), clock.now())
    assert _in(database, desk, clock) == {View.MINE}
    with pytest.raises(InvalidInput):
        database.write_now(snooze.snooze, 1, desk.anna, clock.now(), clock.now())


def test_unread_is_what_came_since_one_looked(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())

    def unread() -> bool:
        [row] = database.read_now(lists.view_rows, View.BOT, desk.anna, clock.now())
        return row.unread

    assert unread()
    database.write_now(lists.mark_read, 1, desk.anna)
    assert not unread()
    database.write_now(intake.receive, chat_message(desk, clock, "Noch etwas"), clock.now())
    assert unread()
    database.write_now(lists.mark_read, 1, desk.ben)
    assert unread()


def test_colleagues_see_who_looks_and_who_writes_until_they_go(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(presence.look, desk.ben, 1, True, clock.now())
    assert database.read_now(presence.others, 1, desk.anna, clock.now()) == [presence.Colleague("Ben", True)]
    assert database.read_now(presence.others, 1, desk.ben, clock.now()) == []
    clock.advance(seconds=10)
    assert database.read_now(presence.others, 1, desk.anna, clock.now()) == [presence.Colleague("Ben", False)]
    clock.advance(minutes=1)
    assert database.read_now(presence.others, 1, desk.anna, clock.now()) == []
    database.write_now(presence.look, desk.ben, 1, False, clock.now())
    database.write_now(presence.look, desk.ben, None, False, clock.now())
    assert database.read_now(presence.others, 1, desk.anna, clock.now()) == []
    database.write_now(presence.look, desk.ben, 4711, False, clock.now())


def test_a_correction_is_kept_for_training(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(details.correct, 1, desk.anna, "vpn_problem", clock.now())
    database.write_now(details.correct, 1, desk.anna, "internet_down", clock.now())
    [kept] = database.read_now(lambda session: list(session.scalars(select(Correction))))
    assert (kept.intent, kept.agent_id) == ("internet_down", desk.anna)
    assert database.read_now(Session.get_one, Ticket, 1).intent == "internet_down"


def test_ready_answers_are_offered_to_their_organization_alone(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(replies.save, None, "Alle", "Hallo {name}", "Hello {name}", None, clock.now())
    database.write_now(replies.save, None, "Nur Alpha", "a", "a", 1, clock.now())
    assert [one.title for one in database.read_now(replies.offered, 1)] == ["Alle", "Nur Alpha"]
    assert [one.title for one in database.read_now(replies.offered, 2)] == ["Alle"]
    assert [one.title for one in database.read_now(replies.offered, None)] == ["Alle"]
    with pytest.raises(InvalidInput):
        database.write_now(replies.save, None, "Ohne Englisch", "a", " ", None, clock.now())
    assert replies.filled("Hallo {name}, {x} zu {number}", "Carla", "FL-1", "Lea") == "Hallo Carla, {x} zu FL-1"


def test_who_is_moved_to_another_customer_takes_the_open_tickets_along(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    assert database.read_now(Session.get_one, Ticket, 1).organization_id == 1
    database.write_now(details.save_requester, 1, desk.anna, "Carla Neu", 2, True, clock.now())
    assert database.read_now(Session.get_one, Ticket, 1).organization_id == 2
    assert database.read_now(Session.get_one, Requester, 1).vip
    with pytest.raises(NotFound):
        database.write_now(details.save_requester, 1, desk.anna, "Carla", 4711, False, clock.now())


def test_what_the_agent_s_own_tickets_have_unread_is_counted(database: Database, desk: Desk, clock: SetClock) -> None:
    def unread() -> int:
        return database.read_now(lists.unread, desk.anna)

    ticket_id = database.write_now(intake.receive, chat_message(desk, clock), clock.now()).ticket_id or 0
    assert unread() == 0, "nobody's"
    database.write_now(actions.take_over, ticket_id, desk.anna, clock.now())
    assert unread() == 1
    database.write_now(lists.mark_read, ticket_id, desk.anna)
    database.write_now(actions.note, ticket_id, desk.ben, "Nur intern", clock.now())
    assert unread() == 0
    database.write_now(intake.receive, chat_message(desk, clock, "Noch da?"), clock.now())
    assert unread() == 1, "an answer on a ticket that is open already"
    database.write_now(actions.resolve, ticket_id, desk.anna, ResolutionCode.SOLVED, clock.now())
    assert unread() == 0
