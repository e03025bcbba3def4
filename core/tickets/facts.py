"""What the bot may know before it decides a turn, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import (
    Attachment,
    Conversation,
    HistoryEntry,
    Inbox,
    Message,
    Organization,
    Requester,
    RequesterAddress,
    Team,
    Ticket,
    WorkRow,
)
from core.tickets import lifecycle
from core.tickets.actions import mail_address
from core.values import ActorKind, InboxStyle, Status

RECENT = timedelta(hours=4)
REPORTS = 3
"""So many open reports of one topic within ``RECENT`` count as known trouble."""
SAMPLE = 50
"""How many recent handoffs the usual wait is taken from."""


@dataclass(frozen=True, slots=True)
class TicketLine:
    number: str
    subject: str
    status: Status


@dataclass(frozen=True, slots=True)
class Facts:
    """One turn's facts. ``text`` and ``payload`` are None when the work has no message (a ticket handed back)."""

    ticket_id: int
    number: str
    status: Status
    level: int
    intent: str | None
    language: str
    style: InboxStyle
    state: dict[str, Any]
    requester_name: str
    vip: bool
    organization_id: int | None
    organization: str | None
    has_mail_address: bool
    text: str | None
    payload: str | None
    subject: str
    attachments: int
    said_anything: bool
    tickets: tuple[TicketLine, ...]
    trouble: tuple[str, ...]
    """Intents that several people of the same organization reported just now."""
    queue_length: int
    usual_wait: timedelta | None


def read(session: Session, work_id: int, now: datetime) -> Facts:
    """The facts of the turn that a piece of work asks for."""
    ticket, requester, organization, message = session.execute(
        select(Ticket, Requester, Organization, Message)
        .select_from(WorkRow)
        .join(Ticket, Ticket.id == WorkRow.ticket_id)
        .join(Requester, Requester.id == Ticket.requester_id)
        .outerjoin(Organization, Organization.id == Ticket.organization_id)
        .outerjoin(Message, Message.id == WorkRow.message_id)
        .where(WorkRow.id == work_id)
    ).one()
    here = Conversation.ticket_id == ticket.id if message is None else Conversation.id == message.conversation_id
    conversation, style, verified_at = session.execute(
        select(Conversation, Inbox.style, RequesterAddress.verified_at)
        .join(Inbox, Inbox.id == Conversation.inbox_id)
        .join(RequesterAddress, RequesterAddress.id == Conversation.address_id)
        .where(here)
        .order_by(Conversation.id.desc())
        .limit(1)
    ).one()
    return Facts(
        ticket_id=ticket.id,
        number=ticket.number,
        status=ticket.status,
        level=ticket.level,
        intent=ticket.intent,
        language=ticket.language,
        style=style,
        state=ticket.bot_state,
        requester_name=requester.name,
        vip=requester.vip,
        organization_id=ticket.organization_id,
        organization=organization.key if organization is not None else None,
        has_mail_address=mail_address(session, ticket) is not None,
        text=message.text if message is not None else None,
        payload=message.meta.get("payload") if message is not None else None,
        subject=message.subject if message is not None else "",
        attachments=_attachments(session, message),
        said_anything=_said_anything(session, ticket),
        tickets=_tickets(session, ticket, conversation, verified_at is not None),
        trouble=_trouble(session, ticket, now),
        queue_length=queue_length(session, ticket),
        usual_wait=_usual_wait(session),
    )


def _attachments(session: Session, message: Message | None) -> int:
    if message is None:
        return 0
    return session.scalar(select(func.count()).where(Attachment.message_id == message.id)) or 0


def _said_anything(session: Session, ticket: Ticket) -> bool:
    found = select(Message.id).where(Message.ticket_id == ticket.id, Message.outbound).limit(1)
    return session.scalar(found) is not None


def _tickets(session: Session, ticket: Ticket, conversation: Conversation, verified: bool) -> tuple[TicketLine, ...]:
    """The person's tickets, as far as they may hear of them here: all for a verified address, else only those of this
    very conversation. The one being talked about is left out while nothing is known of it."""
    mine = Ticket.requester_id == ticket.requester_id
    if not verified:
        mine = Ticket.id.in_(select(Message.ticket_id).where(Message.conversation_id == conversation.id))
    found = session.scalars(select(Ticket).where(Ticket.id != ticket.id, mine).order_by(Ticket.id.desc()).limit(5))
    lines = [TicketLine(row.number, row.subject, row.status) for row in found]
    if ticket.intent is not None:
        lines.insert(0, TicketLine(ticket.number, ticket.subject, ticket.status))
    return tuple(lines)


def _trouble(session: Session, ticket: Ticket, now: datetime) -> tuple[str, ...]:
    if ticket.organization_id is None:
        return ()
    query = (
        select(Ticket.intent)
        .where(
            Ticket.organization_id == ticket.organization_id,
            Ticket.status.in_(lifecycle.ACTIVE),
            Ticket.created_at > now - RECENT,
            Ticket.intent.is_not(None),
        )
        .group_by(Ticket.intent)
        .having(func.count(Ticket.requester_id.distinct()) >= REPORTS)
    )
    return tuple(intent for intent in session.scalars(query) if intent)


def queue_length(session: Session, ticket: Ticket) -> int:
    """How many tickets wait for a person of the first level before this one would."""
    query = (
        select(func.count())
        .select_from(Ticket)
        .join(Team, Team.id == Ticket.team_id)
        .where(
            Ticket.id != ticket.id,
            Team.level == 1,
            Ticket.assignee_id.is_(None),
            Ticket.status.in_((Status.NEW, Status.OPEN)),
        )
    )
    return session.scalar(query) or 0


def _usual_wait(session: Session) -> timedelta | None:
    """The median time from handoff to take-over of the last handoffs; None before there are any."""
    taken = (
        select(HistoryEntry.at, Ticket.handed_off_at)
        .join(Ticket, Ticket.id == HistoryEntry.ticket_id)
        .where(
            HistoryEntry.action == "taken_over",
            HistoryEntry.actor_kind == ActorKind.AGENT,
            Ticket.handed_off_at.is_not(None),
        )
        .order_by(HistoryEntry.id.desc())
        .limit(SAMPLE)
    )
    waits = sorted(at - handed for at, handed in session.execute(taken) if handed is not None and at >= handed)
    return waits[len(waits) // 2] if waits else None
