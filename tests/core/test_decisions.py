"""What the bot decided becomes fact: on the ticket it is about, and where people look for work."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import worker
from core import intake
from core.database import Database
from core.models import Conversation, HistoryEntry, Message, Ticket
from core.tickets import actions, decisions
from core.values import ActorKind, Decision, Draft, Handoff, ResolutionCode, Status
from tests.core.desk import Desk, chat_message, seed
from tests.fakes.clock import SetClock

HANDED = Decision(replies=(Draft("Ich hole jemanden."),), handoff=Handoff("understanding_unavailable", {}))


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _says(database: Database, desk: Desk, clock: SetClock, text: str, decision: Decision) -> int:
    """Somebody writes, and this is what the bot decides; the ticket they wrote to."""
    receipt = database.write_now(intake.receive, chat_message(desk, clock, text), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    database.write_now(decisions.apply_decision, job.id, job.lease, decision, clock.now())
    return receipt.ticket_id or 0


def test_a_new_matter_after_a_settled_one_starts_a_ticket_and_is_answered_there(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    solved = Decision(replies=(Draft("Das freut mich!"),), resolve=ResolutionCode.SELF_RESOLUTION)
    old = _says(database, desk, clock, "Drucker druckt nicht", solved)
    fresh = Decision(replies=(Draft("Sind Sie im Internet?"),), intent="vpn_problem", new_ticket=True)
    _says(database, desk, clock, "Mein VPN geht nicht", fresh)

    def look(session: Session) -> None:
        before, after = session.scalars(select(Ticket).order_by(Ticket.id)).all()
        assert (before.id, before.status, before.level) == (old, Status.RESOLVED, 0)
        assert (after.status, after.intent) == (Status.OPEN, "vpn_problem")
        assert session.scalars(select(Conversation)).one().ticket_id == after.id
        said = session.scalars(select(Message.text).where(Message.ticket_id == after.id).order_by(Message.id))
        assert list(said) == ["Mein VPN geht nicht", "Sind Sie im Internet?"]

    database.read_now(look)


def test_what_is_handed_over_after_it_was_settled_is_open_again(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    solved = Decision(replies=(Draft("Das freut mich!"),), resolve=ResolutionCode.SELF_RESOLUTION)
    ticket_id = _says(database, desk, clock, "Drucker druckt nicht", solved)
    assert _says(database, desk, clock, "…", HANDED) == ticket_id
    ticket = database.read_now(Session.get_one, Ticket, ticket_id)
    assert (ticket.status, ticket.level, ticket.resolved_at) == (Status.OPEN, 1, None)


SETTLED = Decision(replies=(Draft("Danke für die Rückmeldung."),), resolve=ResolutionCode.WITHDRAWN, while_waiting=True)


def _texts(session: Session, ticket_id: int) -> list[str]:
    query = select(Message.text).where(Message.ticket_id == ticket_id, Message.author_kind == ActorKind.BOT)
    return list(session.scalars(query.order_by(Message.id)))


def test_who_waits_for_people_may_withdraw_the_matter_in_their_own_words(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    ticket_id = _says(database, desk, clock, "Mensch bitte", HANDED)
    clock.advance(minutes=1)
    _says(database, desk, clock, "hat sich  erledigt", SETTLED)
    ticket = database.read_now(Session.get_one, Ticket, ticket_id)
    assert (ticket.status, ticket.resolution_code) == (Status.RESOLVED, ResolutionCode.WITHDRAWN)
    assert database.read_now(_texts, ticket_id) == ["Ich hole jemanden.", "Danke für die Rückmeldung."]
    resolved = select(HistoryEntry).where(HistoryEntry.action == "resolved")
    entry = database.read_now(lambda session: session.scalars(resolved).one())
    assert (entry.actor_kind, entry.reason) == (ActorKind.REQUESTER, "hat sich erledigt")


@pytest.mark.parametrize("act", ["take_over", "note", "give_back"])
def test_once_somebody_has_acted_on_the_ticket_nothing_is_said_and_nothing_closed(
    database: Database, desk: Desk, clock: SetClock, act: str
) -> None:
    ticket_id = _says(database, desk, clock, "Mensch bitte", HANDED)
    clock.advance(minutes=1)
    if act == "note":
        database.write_now(actions.note, ticket_id, desk.anna, "Ich sehe es mir an.", clock.now())
    else:
        database.write_now(actions.take_over, ticket_id, desk.anna, clock.now())
    if act == "give_back":
        database.write_now(actions.assign, ticket_id, desk.anna, None, clock.now())
    _says(database, desk, clock, "hat sich erledigt", SETTLED)
    assert database.read_now(Session.get_one, Ticket, ticket_id).status is Status.OPEN
    assert database.read_now(_texts, ticket_id) == ["Ich hole jemanden."]
