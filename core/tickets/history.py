"""The append-only history, and the one place where a ticket's version grows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from core import rows
from core.models import HistoryEntry, Ticket
from core.signals import Signal, Topic, emit
from core.tickets import cards
from core.values import Actor

ON_CARDS = frozenset(
    {
        "assigned",
        "changed",
        "escalated",
        "handed_back",
        "handed_off",
        "merged",
        "merged_into",
        "moved",
        "reopened",
        "resolved",
        "snoozed",
        "taken_over",
    }
)
"""What changes who has a ticket, or how it stands: the cards in the teams' rooms follow."""

_table = Ticket.__table__
_TOUCH = (
    update(_table)  # type: ignore[arg-type]
    .where(_table.c.id == bindparam("ticket"))
    .values(version=_table.c.version + 1, updated_at=bindparam("at"))
    .returning(_table.c.version)
)


def touch(session: Session, ticket: Ticket, now: datetime) -> None:
    """Something about the ticket changed: its version grows, and whoever looks at it is told after the commit."""
    ticket.version += 1
    ticket.updated_at = now
    emit(session, Signal(Topic.TICKET, ticket.id, ticket.version))


def touched(session: Session, ticket_id: int, now: datetime) -> None:
    """The same where the ticket itself is not loaded, and must not be."""
    version = rows.scalar(session, _TOUCH, ticket=ticket_id, at=now)
    emit(session, Signal(Topic.TICKET, ticket_id, version))


def record(
    session: Session, ticket: Ticket, actor: Actor, action: str, now: datetime, reason: str = "", **detail: Any
) -> None:
    """Add a line to the ticket's history: who did what, when and why."""
    write(session, ticket.id, actor, action, now, reason, **detail)
    touch(session, ticket, now)
    if action in ON_CARDS:
        cards.show_again(session, ticket.id, now)


def write(
    session: Session, ticket_id: int, actor: Actor, action: str, now: datetime, reason: str = "", /, **detail: Any
) -> None:
    """The line alone, for who counts the ticket's version themselves."""
    rows.insert(
        session,
        HistoryEntry,
        ticket_id=ticket_id,
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        reason=reason,
        detail=detail,
    )
