"""The outbox: sent once, retried with patience, given up visibly, and never two robots talking."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake, outbox, promises
from core.database import Database
from core.errors import Conflict
from core.models import HistoryEntry, Message, Ticket
from core.tickets import actions
from core.values import BOT, Delivery, Draft, InboundMessage
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock

CHANCE = random.Random(1)


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _say(session: Session, ticket_id: int, text: str, clock: SetClock) -> int:
    ticket = actions.locked(session, ticket_id)
    conversation = actions.current_conversation(session, ticket)
    return outbox.enqueue(session, ticket, conversation, BOT, "Bot", Draft(text), clock.now())


def _open(database: Database, message: InboundMessage, clock: SetClock) -> int:
    return database.write_now(intake.receive, message, clock.now()).ticket_id or 0


def test_order_holds_within_a_conversation_and_no_further(database: Database, desk: Desk, clock: SetClock) -> None:
    first = _open(database, chat_message(desk, clock, thread_key="a"), clock)
    second = _open(database, chat_message(desk, clock, thread_key="b"), clock)
    said = [
        database.write_now(_say, ticket, text, clock) for ticket, text in ((first, "1"), (first, "2"), (second, "3"))
    ]
    claimed = database.write_now(outbox.claim, clock.now())
    assert [one.message.message_id for one in claimed] == [said[0], said[2]]
    database.write_now(outbox.failed, claimed[0], clock.now(), "busy", False, None, CHANCE)
    database.write_now(outbox.sent, claimed[1], clock.now())
    assert database.write_now(outbox.claim, clock.now()) == [], "a failing row holds back its own conversation"
    clock.advance(hours=1)
    assert [one.message.text for one in database.write_now(outbox.claim, clock.now())] == ["1"]


def test_a_message_keeps_its_id_over_all_attempts(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, letter(desk, clock), clock)
    database.write_now(_say, ticket, "Hallo", clock)
    ids = set()
    for _ in range(3):
        [claimed] = database.write_now(outbox.claim, clock.now())
        ids.add(claimed.message.external_id)
        database.write_now(outbox.failed, claimed, clock.now(), "later", False, None, CHANCE)
        clock.advance(hours=5)
    assert len(ids) == 1


def test_a_permanent_failure_shows_on_the_ticket_and_can_be_tried_again(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    ticket = _open(database, letter(desk, clock), clock)
    message_id = database.write_now(_say, ticket, "Hallo", clock)
    [claimed] = database.write_now(outbox.claim, clock.now())
    database.write_now(outbox.failed, claimed, clock.now(), "550 no such user", True, None, CHANCE)
    message = database.read_now(Session.get_one, Message, message_id)
    assert (message.delivery, message.delivery_reason) == (Delivery.FAILED, "550 no such user")
    actions_done = database.read_now(lambda session: list(session.scalars(select(HistoryEntry.action))))
    assert "delivery_failed" in actions_done
    database.write_now(outbox.retry, message_id, clock.now())
    [again] = database.write_now(outbox.claim, clock.now())
    assert again.message.external_id == claimed.message.external_id


def test_what_the_other_side_asks_for_is_obeyed(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, letter(desk, clock), clock)
    database.write_now(_say, ticket, "Hallo", clock)
    [claimed] = database.write_now(outbox.claim, clock.now())
    database.write_now(outbox.failed, claimed, clock.now(), "slow down", False, timedelta(minutes=7), CHANCE)
    clock.advance(minutes=6, seconds=59)
    assert database.write_now(outbox.claim, clock.now()) == []
    clock.advance(seconds=2)
    assert len(database.write_now(outbox.claim, clock.now())) == 1


def test_trying_ends_after_a_while(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, letter(desk, clock), clock)
    message_id = database.write_now(_say, ticket, "Hallo", clock)
    for _ in range(promises.ATTEMPTS):
        [claimed] = database.write_now(outbox.claim, clock.now())
        database.write_now(outbox.failed, claimed, clock.now(), "later", False, None, CHANCE)
        clock.advance(hours=6)
    assert database.write_now(outbox.claim, clock.now()) == []
    assert database.read_now(Session.get_one, Message, message_id).delivery is Delivery.FAILED


def test_two_robots_do_not_talk_for_ever(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, letter(desk, clock), clock)
    said = [database.write_now(_say, ticket, str(number), clock) for number in range(12)]
    deliveries = [database.read_now(Session.get_one, Message, message_id).delivery for message_id in said]
    assert deliveries == [Delivery.QUEUED] * 10 + [Delivery.FAILED] * 2
    database.write_now(actions.reply, ticket, desk.anna, Draft("Ein Mensch darf."), clock.now())
    assert database.read_now(Session.get_one, Ticket, ticket).assignee_id == desk.anna


def test_a_chat_is_not_capped(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, chat_message(desk, clock), clock)
    said = [database.write_now(_say, ticket, str(number), clock) for number in range(40)]
    assert {database.read_now(Session.get_one, Message, one).delivery for one in said} == {Delivery.QUEUED}


def test_only_the_client_s_word_makes_it_delivered(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, chat_message(desk, clock), clock)
    message_id = database.write_now(_say, ticket, "Hallo", clock)
    [claimed] = database.write_now(outbox.claim, clock.now())
    database.write_now(outbox.sent, claimed, clock.now())
    assert database.read_now(Session.get_one, Message, message_id).delivery is Delivery.SENT
    conversation_id = claimed.message.conversation_id
    database.write_now(outbox.confirm_delivery, conversation_id, 99, clock.now())
    assert database.read_now(Session.get_one, Message, message_id).delivery is Delivery.DELIVERED


@given(st.integers(1, 40), st.integers())
def test_backoff_grows_and_stays_within_its_bounds(attempts: int, seed_: int) -> None:
    wait = promises.backoff(attempts, random.Random(seed_)).total_seconds()
    assert 1.5 <= wait <= 4 * 3600 * 1.25


def test_a_letter_can_be_taken_back_for_some_seconds(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket = _open(database, letter(desk, clock), clock)
    said = database.write_now(actions.reply, ticket, desk.anna, Draft("Mit Tipfehler"), clock.now())
    assert database.write_now(outbox.claim, clock.now()) == []
    with pytest.raises(Conflict):
        database.write_now(outbox.undo, said, desk.ben, clock.now())
    assert database.write_now(outbox.undo, said, desk.anna, clock.now()).text == "Mit Tipfehler"
    clock.advance(minutes=1)
    assert database.write_now(outbox.claim, clock.now()) == []
    again = database.write_now(actions.reply, ticket, desk.anna, Draft("Ohne Tippfehler"), clock.now())
    clock.advance(seconds=6)
    assert [one.message.text for one in database.write_now(outbox.claim, clock.now())] == ["Ohne Tippfehler"]
    with pytest.raises(Conflict):
        database.write_now(outbox.undo, again, desk.anna, clock.now())
