"""What else is open about the same topic: many of one kind at once are one problem that is known, or should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Ticket
from core.tickets import lifecycle

SPAN = timedelta(hours=24)
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Alike:
    """How many tickets of a topic were opened lately and are not settled, and the newest of them."""

    count: int = 0
    newest: tuple[Ticket, ...] = ()


def alike(session: Session, intent: str, now: datetime, but: int | None = None) -> Alike:
    """Open tickets of this topic from the last day, by anybody ``but`` this requester."""
    same = (
        Ticket.intent == intent,
        Ticket.status.in_(lifecycle.ACTIVE),
        Ticket.created_at > now - SPAN,
        Ticket.requester_id != (but or 0),
    )
    count = session.scalar(select(func.count()).select_from(Ticket).where(*same)) or 0
    newest = session.scalars(select(Ticket).where(*same).order_by(Ticket.id.desc()).limit(SHOWN)) if count else ()
    return Alike(count, tuple(newest))
