"""Cards in the teams' rooms: owed in the transaction of their cause, and never behind their ticket for long."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import worker
from core import intake
from core.database import Database
from core.models import CardRow, PromiseState
from core.tickets import actions, cards, decisions
from core.tickets.cards import ClaimedCard
from core.values import Decision, Handoff, ResolutionCode
from tests.core.desk import Desk, chat_message, seed
from tests.fakes.clock import SetClock

ROOMS = {"service-desk": "C1", "network-l2": "C2"}


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    desk = database.write_now(seed, clock)
    database.write_now(cards.settle_rooms, desk.chat, ROOMS)
    return desk


def _hand_off(database: Database, desk: Desk, clock: SetClock, thread: str = "visitor-1") -> int:
    receipt = database.write_now(intake.receive, chat_message(desk, clock, thread_key=thread), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    packet = {"summary": {"de": "VPN: „geht nicht“", "en": "VPN: “does not work”"}}
    decision = Decision(subject="VPN", handoff=Handoff("asked_for_person", packet))
    database.write_now(decisions.apply_decision, job.id, job.lease, decision, clock.now())
    return receipt.ticket_id or 0


def _claim(database: Database, desk: Desk, clock: SetClock) -> list[ClaimedCard]:
    return database.write_now(cards.claim, clock.now(), desk.chat)


def _show(database: Database, desk: Desk, clock: SetClock, external_id: str) -> ClaimedCard:
    [claimed] = _claim(database, desk, clock)
    database.write_now(cards.shown, claimed.showing, external_id, clock.now())
    return claimed


def _rows(session: Session) -> list[CardRow]:
    return list(session.scalars(select(CardRow).order_by(CardRow.id)))


def test_a_handoff_owes_a_card_that_follows_the_ticket(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket_id = _hand_off(database, desk, clock)
    first = _show(database, desk, clock, "ts-1")
    assert (first.showing.room, first.showing.external_id) == ("C1", None)
    assert (first.card.subject, first.card.team, first.card.agent) == ("VPN", "Service Desk", "")
    assert first.card.summary["en"] == "VPN: “does not work”" and first.card.is_open
    assert _claim(database, desk, clock) == []
    database.write_now(actions.take_over, ticket_id, desk.anna, clock.now())
    taken = _show(database, desk, clock, "ignored")
    assert (taken.card.agent, taken.showing.external_id) == ("Anna", "ts-1")
    database.write_now(actions.resolve, ticket_id, desk.anna, ResolutionCode.SOLVED, clock.now())
    assert not _show(database, desk, clock, "ts-1").card.is_open


def test_another_team_gets_a_card_of_its_own(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket_id = _hand_off(database, desk, clock)
    _show(database, desk, clock, "ts-1")
    database.write_now(actions.escalate, ticket_id, desk.anna, "network-l2", "Router", "", clock.now())
    claimed = _claim(database, desk, clock)
    assert [(one.showing.room, one.showing.external_id) for one in claimed] == [("C1", "ts-1"), ("C2", None)]
    assert {one.card.team for one in claimed} == {"Netzwerk"}


def test_a_change_while_it_is_being_shown_is_shown_next(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket_id = _hand_off(database, desk, clock)
    [claimed] = _claim(database, desk, clock)
    database.write_now(actions.take_over, ticket_id, desk.ben, clock.now())
    assert _claim(database, desk, clock) == [], "one at a time, or there would be two cards"
    database.write_now(cards.shown, claimed.showing, "ts-1", clock.now())
    [again] = _claim(database, desk, clock)
    assert (again.showing.external_id, again.card.agent) == ("ts-1", "Ben")


def test_where_it_was_posted_is_remembered_even_by_who_lost_the_lease(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    _hand_off(database, desk, clock)
    [lost] = _claim(database, desk, clock)
    clock.advance(minutes=2)
    [taken] = _claim(database, desk, clock)
    database.write_now(cards.shown, lost.showing, "ts-1", clock.now())
    [row] = database.read_now(_rows)
    assert (row.external_id, row.state, row.lease) == ("ts-1", PromiseState.PENDING, taken.showing.lease)


def test_what_fails_is_tried_again_and_a_change_revives_what_was_given_up(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    ticket_id = _hand_off(database, desk, clock)
    [one] = _claim(database, desk, clock)
    database.write_now(cards.failed, one.showing, clock.now(), "no network", False, None, random.Random(1))
    assert _claim(database, desk, clock) == []
    clock.advance(minutes=5)
    [one] = _claim(database, desk, clock)
    database.write_now(cards.failed, one.showing, clock.now(), "not in channel", True, None, random.Random(1))
    assert database.read_now(_rows)[0].state is PromiseState.FAILED
    database.write_now(actions.take_over, ticket_id, desk.anna, clock.now())
    assert len(_claim(database, desk, clock)) == 1


def test_without_a_room_nothing_is_owed(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(cards.settle_rooms, desk.chat, {"nobody": "C9"})
    assert database.read_now(cards.unknown_teams, {"nobody", "security"}) == ("nobody",)
    _hand_off(database, desk, clock)
    assert database.read_now(_rows) == []
