"""A sender who opens tickets faster than people can read them: what they go on sending is collected in one.

Monitoring gone mad, a loop between two machines, a script: nothing is lost, and the lists stay readable.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core import rows
from core.errors import Conflict
from core.models import HistoryEntry, Ticket
from core.tickets.history import write
from core.values import SYSTEM, Status

TICKETS, SPAN = 30, timedelta(hours=1)
"""So many tickets one sender opens by mail within the span."""
MESSAGES = 1000
"""So many messages one ticket collects; what comes after them is quarantined."""

_NEWEST = (
    select(Ticket.id, Ticket.status, Ticket.created_at)
    .where(Ticket.requester_id == bindparam("requester"))
    .order_by(Ticket.id.desc())
    .limit(TICKETS)
)
_IS_COLLECTING = (
    select(HistoryEntry.id)
    .where(HistoryEntry.ticket_id == bindparam("ticket"), HistoryEntry.action == "collects_storm")
    .limit(1)
)


def collecting(session: Session, requester_id: int, sender: str, now: datetime) -> int | None:
    """The ticket that takes what this sender sends, or None while they may open one. Raises ``Conflict``."""
    recent = rows.execute(session, _NEWEST, requester=requester_id).all()
    if len(recent) < TICKETS or recent[-1].created_at <= now - SPAN:
        return None
    ticket_id: int | None = next((one.id for one in recent if one.status is not Status.CLOSED), None)
    if ticket_id is None:
        raise too_much(sender)
    if rows.first(session, _IS_COLLECTING, ticket=ticket_id) is None:
        write(session, ticket_id, SYSTEM, "collects_storm", now, sender)
    return ticket_id


def too_much(sender: str) -> Conflict:
    return Conflict("More mail came from {address} than one ticket can collect.", address=sender)
