"""Who looks at which ticket, and who is writing there: so that two agents do not answer the same person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Agent, Presence, Ticket
from core.signals import Signal, Topic, emit

LOOKING = timedelta(seconds=40)
"""A page says that it is open every fifteen seconds; after this long without a word it is closed."""
TYPING = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Colleague:
    name: str
    is_typing: bool


def look(session: Session, agent_id: int, ticket_id: int | None, typing: bool, now: datetime) -> None:
    """This agent looks at a ticket (or at none), and is typing there. Colleagues hear of it when something changed."""
    mark = session.scalar(select(Presence).where(Presence.agent_id == agent_id).with_for_update())
    if mark is None:
        mark = Presence(agent_id=agent_id, ticket_id=None, seen_at=now)
        session.add(mark)
    before = (mark.ticket_id, mark.typing_until is not None and mark.typing_until > now)
    left = mark.ticket_id
    mark.ticket_id, mark.seen_at, mark.typing_until = ticket_id, now, now + TYPING if typing else None
    if before != (ticket_id, typing):
        for changed in {left, ticket_id} - {None}:
            version = session.scalar(select(Ticket.version).where(Ticket.id == changed))
            if version is None:
                mark.ticket_id = None
            else:
                emit(session, Signal(Topic.TICKET, changed or 0, version))


def others(session: Session, ticket_id: int, agent_id: int, now: datetime) -> list[Colleague]:
    """The colleagues who have the ticket open, those who write first."""
    found = session.execute(
        select(Agent.name, Presence.typing_until)
        .join(Agent, Agent.id == Presence.agent_id)
        .where(Presence.ticket_id == ticket_id, Presence.agent_id != agent_id, Presence.seen_at > now - LOOKING)
        .order_by(Agent.name)
    )
    colleagues = [Colleague(name, until is not None and until > now) for name, until in found]
    return sorted(colleagues, key=lambda one: not one.is_typing)
