"""Mentions: ``@Name`` in a note tells a colleague, anything else after an @ is text."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from core import intake, staff
from core.database import Database
from core.models import Agent, Role
from core.tickets import actions, lists, mentions
from core.tickets.lists import View
from core.values import ResolutionCode
from tests.core.desk import Desk, chat_message, seed
from tests.fakes.clock import SetClock

NAMES = ("Lea", "Lea Brandt", "Emre Yıldız", "Jonas Weiß", "O'Neill", "C++ (Team)")


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Lea Brandt bitte", ["Lea Brandt"]),
        ("(@lea brandt)", ["Lea Brandt"]),
        ("@Lea  Brandt", ["Lea Brandt"]),
        ("@Lea\nBrandt", ["Lea Brandt"]),
        ("@Lea, @Emre Yıldız: seht ihr es?", ["Lea", "Emre Yıldız"]),
        ("@Jonas Weiß!", ["Jonas Weiß"]),
        ("@O'Neill und @C++ (Team)", ["O'Neill", "C++ (Team)"]),
        ("@Leander", []),
        ("x@Lea Brandt", []),
        ("an lea@Lea schreiben", []),
        ("@niemand", []),
        ("@", []),
        ("", []),
    ],
)
def test_names_are_found_whole_and_the_longest_first(text: str, named: list[str]) -> None:
    pieces = mentions.parts(text, NAMES)
    assert [name for _, name in pieces if name] == named
    assert "".join(piece for piece, _ in pieces) == text


def test_a_mentioned_colleague_has_it_in_a_view_until_it_was_read(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(actions.note, 1, desk.anna, "Was meinst du, @Ben?", clock.now())
    assert database.read_now(lists.counts, desk.ben, clock.now())[View.MENTIONED] == 1
    [row] = database.read_now(lists.view_rows, View.MENTIONED, desk.ben, clock.now())
    assert row.mentioned
    database.write_now(lists.mark_read, 1, desk.ben)
    assert database.read_now(lists.counts, desk.ben, clock.now())[View.MENTIONED] == 0
    [row] = database.read_now(lists.view_rows, View.MENTIONED, desk.ben, clock.now())
    assert not row.mentioned, "it can still be found"
    database.write_now(actions.note, 1, desk.anna, "@Ben @ben noch etwas", clock.now())
    assert database.read_now(lists.counts, desk.ben, clock.now())[View.MENTIONED] == 1


def test_a_settled_ticket_still_waits_to_be_looked_at(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(actions.note, 1, desk.anna, "@Ben zur Kenntnis", clock.now())
    database.write_now(actions.resolve, 1, desk.anna, ResolutionCode.SOLVED, clock.now())
    assert database.read_now(lists.counts, desk.ben, clock.now())[View.MENTIONED] == 1


def test_nobody_is_told_by_themselves_by_a_reply_or_after_they_left(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, chat_message(desk, clock, "@Anna ist da?"), clock.now())
    database.write_now(actions.note, 1, desk.anna, "@Anna", clock.now())

    def leave(session: Session) -> None:
        session.get_one(Agent, desk.ben).active = False

    database.write_now(leave)
    database.write_now(actions.note, 1, desk.anna, "@Ben", clock.now())
    for agent in (desk.anna, desk.ben):
        assert database.read_now(lists.counts, agent, clock.now())[View.MENTIONED] == 0


def test_two_of_one_name_are_both_told(database: Database, desk: Desk, clock: SetClock) -> None:
    other = database.write_now(
        staff.add_agent, "ben2@desk.example", "BEN", "-", Role.AGENT, ("service-desk",), clock.now()
    )
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(actions.note, 1, desk.anna, "@Ben", clock.now())
    assert all(database.read_now(lists.counts, agent, clock.now())[View.MENTIONED] == 1 for agent in (desk.ben, other))
