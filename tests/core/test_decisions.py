"""What the bot decided becomes fact: on the ticket it is about, and where people look for work."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import worker
from core import intake
from core.database import Database
from core.models import Conversation, Message, Ticket
from core.tickets import decisions
from core.values import Decision, Draft, Handoff, ResolutionCode, Status
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
