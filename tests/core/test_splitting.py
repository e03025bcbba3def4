"""One message becomes a ticket of its own, and everybody's answers find the right one."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.errors import Conflict, NotFound
from core.models import Message, Ticket
from core.search import index
from core.tickets import actions, splitting
from core.values import Draft, Status
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _ticket(database: Database, ticket_id: int) -> Ticket:
    return database.read_now(Session.get_one, Ticket, ticket_id)


def test_a_mail_about_something_else_becomes_a_ticket_and_answers_follow_their_reference(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first = database.write_now(intake.receive, letter(desk, clock), clock.now())
    other = letter(desk, clock, "Ich brauche Urlaub.", subject="Urlaubsantrag", ticket_refs=(first.ticket_id,))
    second = database.write_now(intake.receive, other, clock.now())
    assert second.ticket_id == first.ticket_id
    database.write_now(index.index_more)
    new_id = database.write_now(splitting.split, second.message_id or 0, desk.anna, clock.now())
    new = _ticket(database, new_id)
    assert (new.subject, new.status, new.assignee_id, new.level) == ("Urlaubsantrag", Status.OPEN, desk.anna, 1)
    assert new.requester_id == _ticket(database, first.ticket_id or 0).requester_id
    answer = database.write_now(actions.reply, new_id, desk.anna, Draft("Welche Tage?"), clock.now())
    sent = database.read_now(Session.get_one, Message, answer)
    for reference, ticket_id in ((sent.external_id, new_id), (other.external_id, new_id)):
        mail = letter(desk, clock, "Im Mai.", subject="Re: Urlaubsantrag", references=(reference,))
        assert database.write_now(intake.receive, mail, clock.now()).ticket_id == ticket_id
    mail = letter(desk, clock, "Druckt wieder.", ticket_refs=(first.ticket_id,))
    assert database.write_now(intake.receive, mail, clock.now()).ticket_id == first.ticket_id


@pytest.mark.parametrize("is_last", [True, False])
def test_a_chat_goes_on_with_what_was_said_last(database: Database, desk: Desk, clock: SetClock, is_last: bool) -> None:
    first = database.write_now(intake.receive, chat_message(desk, clock, "VPN geht nicht"), clock.now())
    second = database.write_now(intake.receive, chat_message(desk, clock, "Und der Drucker"), clock.now())
    chosen = second if is_last else first
    new_id = database.write_now(splitting.split, chosen.message_id or 0, desk.anna, clock.now())
    later = database.write_now(intake.receive, chat_message(desk, clock, "Hallo?"), clock.now())
    assert later.ticket_id == (new_id if is_last else first.ticket_id)
    assert _ticket(database, new_id).subject == ("Und der Drucker" if is_last else "VPN geht nicht")


def test_what_cannot_be_split_says_why(database: Database, desk: Desk, clock: SetClock) -> None:
    only = database.write_now(intake.receive, letter(desk, clock), clock.now())
    reply = database.write_now(actions.reply, only.ticket_id or 0, desk.anna, Draft("Ja?"), clock.now())
    note = database.write_now(actions.note, only.ticket_id or 0, desk.anna, "Hm", clock.now())
    for message_id, error in ((only.message_id or 0, "only message"), (reply, "requester"), (note, "requester")):
        with pytest.raises(Conflict, match=error):
            database.write_now(splitting.split, message_id, desk.anna, clock.now())
    with pytest.raises(NotFound):
        database.write_now(splitting.split, 4711, desk.anna, clock.now())
