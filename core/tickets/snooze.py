"""Putting a ticket aside, and the reminder that brings it back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from core import rows
from core.errors import InvalidInput
from core.models import Ticket, WorkKind, WorkRow
from core.promises import WORK, owe
from core.tickets.actions import locked, require_open, to_people
from core.tickets.history import record
from core.values import Actor

_NO_REMINDER = WORK.cancelling(WorkRow.ticket_id == bindparam("ticket"), WorkRow.kind == WorkKind.REMIND)


def snooze(session: Session, ticket_id: int, agent_id: int, until: datetime, now: datetime) -> None:
    """Put the ticket aside until a moment, or until the requester writes."""
    if until <= now:
        raise InvalidInput("Choose a moment that is still to come.", "until")
    ticket = locked(session, ticket_id)
    require_open(ticket)
    if ticket.assignee_id != agent_id:
        to_people(session, ticket, agent_id, now)
    ticket.snoozed_until = until
    plan_reminder(session, ticket, now)
    record(session, ticket, Actor.agent(agent_id), "snoozed", now, until=until.isoformat())


def plan_reminder(session: Session, ticket: Ticket, now: datetime) -> None:
    """Promise a reminder for whatever comes first on this ticket: the end of a snooze or a call back."""
    rows.execute(session, _NO_REMINDER, ticket=ticket.id, at=now)
    moments = [moment for moment in (ticket.snoozed_until, ticket.callback_at) if moment is not None]
    if moments:
        owe(session, WorkKind.REMIND, ticket.id, min(moments))
