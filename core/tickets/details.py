"""What people correct about a ticket: its kind and weight, what it is about, who wrote it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound
from core.models import Correction, Message, Organization, Requester, Ticket
from core.tickets import lifecycle
from core.tickets.actions import locked
from core.tickets.history import record
from core.tickets.priority import priority
from core.values import Actor, ActorKind, Scale, Status, TicketKind


def classify(
    session: Session,
    ticket_id: int,
    agent_id: int,
    now: datetime,
    kind: TicketKind | None = None,
    impact: Scale | None = None,
    urgency: Scale | None = None,
    status: Status | None = None,
) -> None:
    """Change kind, impact, urgency or the waiting status; the priority follows."""
    ticket = locked(session, ticket_id)
    actor = Actor.agent(agent_id)
    changed: dict[str, str] = {}
    if kind is not None and kind is not ticket.kind:
        ticket.kind = kind
        changed["kind"] = kind
    set_scales(ticket, impact, urgency, changed)
    if status is not None and status is not ticket.status:
        if status not in (Status.OPEN, Status.PENDING, Status.ON_HOLD):
            raise InvalidInput("Use resolve or reopen for that.", "status")
        lifecycle.check(ticket.status, status)
        ticket.status = status
        changed["status"] = status
    if changed:
        record(session, ticket, actor, "changed", now, **changed)


def set_scales(ticket: Ticket, impact: Scale | None, urgency: Scale | None, changed: dict[str, str]) -> None:
    """Impact and urgency, and the priority that follows from them; what changed is added to ``changed``."""
    if impact is not None and impact is not ticket.impact:
        ticket.impact = impact
        changed["impact"] = impact
    if urgency is not None and urgency is not ticket.urgency:
        ticket.urgency = urgency
        changed["urgency"] = urgency
    if (computed := priority(ticket.impact, ticket.urgency)) != ticket.priority:
        ticket.priority = computed
        changed["priority"] = str(computed)


def correct(session: Session, ticket_id: int, agent_id: int, intent: str, now: datetime) -> None:
    """The understanding was wrong: the ticket is about something else. Kept for training."""
    ticket = locked(session, ticket_id)
    first = (
        select(Message)
        .where(Message.ticket_id == ticket.id, Message.author_kind == ActorKind.REQUESTER, Message.text != "")
        .order_by(Message.id)
    )
    messages = session.scalars(first).all()
    message = next(
        (one for one in messages if one.meta.get("intent") == ticket.intent), messages[0] if messages else None
    )
    if message is not None:
        correction = session.scalar(select(Correction).where(Correction.message_id == message.id))
        if correction is None:
            correction = Correction(message_id=message.id, predicted=ticket.intent)
            session.add(correction)
        correction.agent_id, correction.intent, correction.at = agent_id, intent, now
    record(session, ticket, Actor.agent(agent_id), "corrected", now, intent=intent, predicted=ticket.intent)
    ticket.intent, ticket.confidence = intent, 1.0


def save_requester(
    session: Session, ticket_id: int, agent_id: int, name: str, organization_id: int | None, vip: bool, now: datetime
) -> None:
    """Correct who the requester is; their open tickets follow them to the other customer."""
    ticket = locked(session, ticket_id)
    requester = session.get_one(Requester, ticket.requester_id)
    if organization_id is not None and session.get(Organization, organization_id) is None:
        raise NotFound("That customer does not exist.")
    moved = requester.organization_id != organization_id
    requester.name, requester.organization_id, requester.vip = name.strip()[:200], organization_id, vip
    if moved:
        theirs = select(Ticket).where(Ticket.requester_id == requester.id, Ticket.status.in_(lifecycle.ACTIVE))
        for one in session.scalars(theirs.with_for_update()):
            one.organization_id = organization_id
    record(session, ticket, Actor.agent(agent_id), "requester_changed", now)
