"""What staff looks at: the lists by who must act, and a ticket with its whole timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import (
    Agent,
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
)
from core.tickets import lifecycle
from core.values import Status, ticket_number

PAGE = 100


class View(StrEnum):
    PERSON = "person"
    """Needs a person: handed over or came back, and nobody has it."""
    MINE = "mine"
    BOT = "bot"
    WAITING = "waiting"
    """Waits for the requester or somebody else."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    number: str
    subject: str
    requester: str
    organization: str
    channel: str
    status: Status
    level: int
    priority: int
    assignee: str
    team: str
    needs_person: bool
    last_words: str
    waiting_since: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: a message (``message`` set) or a piece of history (``history`` set)."""

    at: datetime
    message: Message | None
    history: HistoryEntry | None
    actor: str
    files: tuple[Attachment, ...] = ()
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    ticket: Ticket
    requester: Requester
    addresses: tuple[RequesterAddress, ...]
    organization: Organization | None
    team: Team | None
    assignee: Agent | None
    channel: str
    channel_address: str
    timeline: tuple[Entry, ...]
    others: tuple[Ticket, ...]
    teams: tuple[Team, ...]
    colleagues: tuple[Agent, ...]


def rows(session: Session, view: View, agent_id: int, limit: int = PAGE) -> list[Row]:
    """The tickets of a view, the longest waiting first where somebody waits, else the newest first."""
    last = (
        select(Message.text)
        .where(Message.ticket_id == Ticket.id, Message.is_note.is_(False))
        .order_by(Message.id.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    channel = (
        select(Inbox.channel)
        .join(Conversation, Conversation.inbox_id == Inbox.id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Message.ticket_id == Ticket.id)
        .order_by(Message.id.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    query = (
        select(Ticket, Requester.name, Organization.name, Agent.name, Team.name, last, channel, _any_address())
        .join(Requester, Requester.id == Ticket.requester_id)
        .outerjoin(Organization, Organization.id == Ticket.organization_id)
        .outerjoin(Agent, Agent.id == Ticket.assignee_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .where(_condition(view, agent_id))
    )
    found = session.execute(_ordered(query, view).limit(limit))
    return [
        Row(
            id=ticket.id,
            number=ticket.number,
            subject=ticket.subject,
            requester=name or address or "",
            organization=organization or "",
            channel=channel_name or "",
            status=ticket.status,
            level=ticket.level,
            priority=ticket.priority,
            assignee=assignee or "",
            team=team or "",
            needs_person=ticket.level > 0 and ticket.assignee_id is None and ticket.status in (Status.NEW, Status.OPEN),
            last_words=" ".join((words or "").split())[:140],
            waiting_since=ticket.waiting_since,
            updated_at=ticket.updated_at,
        )
        for ticket, name, organization, assignee, team, words, channel_name, address in found
    ]


def counts(session: Session, agent_id: int) -> dict[View, int]:
    """How many tickets each view holds."""
    columns = [func.sum(case((_condition(view, agent_id), 1), else_=0)) for view in View]
    totals = session.execute(select(*columns).select_from(Ticket)).one()
    return {view: int(total or 0) for view, total in zip(View, totals, strict=True)}


def detail(session: Session, ticket_id: int) -> Detail:
    """A ticket and everything on it. Raises ``NotFound``."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound(f"There is no ticket {ticket_number(ticket_id)}.")
    requester = session.get_one(Requester, ticket.requester_id)
    address, channel = _channel(session, ticket)
    others = session.scalars(
        select(Ticket)
        .where(Ticket.requester_id == requester.id, Ticket.id != ticket.id)
        .order_by(Ticket.id.desc())
        .limit(10)
    )
    addresses = session.scalars(
        select(RequesterAddress).where(RequesterAddress.requester_id == requester.id).order_by(RequesterAddress.id)
    )
    return Detail(
        ticket=ticket,
        requester=requester,
        addresses=tuple(addresses),
        organization=session.get(Organization, ticket.organization_id) if ticket.organization_id else None,
        team=session.get(Team, ticket.team_id) if ticket.team_id else None,
        assignee=session.get(Agent, ticket.assignee_id) if ticket.assignee_id else None,
        channel=channel,
        channel_address=address,
        timeline=_timeline(session, ticket),
        others=tuple(others),
        teams=tuple(session.scalars(select(Team).order_by(Team.level, Team.name))),
        colleagues=tuple(session.scalars(select(Agent).where(Agent.active).order_by(Agent.name))),
    )


def file_of(session: Session, attachment_id: int) -> Attachment:
    """A file on any ticket. Raises ``NotFound``."""
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found


def html_of(session: Session, message_id: int) -> str:
    """The HTML a message came with, unsanitised. Raises ``NotFound``."""
    html = session.scalar(select(Message.html).where(Message.id == message_id))
    if html is None:
        raise NotFound("This message has no HTML.")
    return html


def _any_address() -> ColumnElement[str]:
    return (
        select(RequesterAddress.value)
        .where(RequesterAddress.requester_id == Ticket.requester_id, RequesterAddress.kind == "email")
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _condition(view: View, agent_id: int) -> ColumnElement[bool]:
    active = Ticket.status.in_(lifecycle.ACTIVE)
    waiting = Ticket.status.in_((Status.PENDING, Status.ON_HOLD))
    match view:
        case View.PERSON:
            return (Ticket.level > 0) & Ticket.assignee_id.is_(None) & Ticket.status.in_((Status.NEW, Status.OPEN))
        case View.MINE:
            return (Ticket.assignee_id == agent_id) & Ticket.status.in_((Status.NEW, Status.OPEN))
        case View.BOT:
            return (Ticket.level == 0) & active
        case View.WAITING:
            return (Ticket.level > 0) & waiting
        case View.RESOLVED:
            return Ticket.status.in_((Status.RESOLVED, Status.CLOSED))


def _ordered(query: Select[Any], view: View) -> Select[Any]:
    if view in (View.PERSON, View.MINE):
        return query.order_by(Ticket.priority, Ticket.waiting_since.is_(None), Ticket.waiting_since, Ticket.id)
    return query.order_by(Ticket.updated_at.desc(), Ticket.id.desc())


def _channel(session: Session, ticket: Ticket) -> tuple[str, str]:
    found = session.execute(
        select(RequesterAddress.value, Inbox.channel)
        .join(Conversation, Conversation.address_id == RequesterAddress.id)
        .join(Inbox, Inbox.id == Conversation.inbox_id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Message.ticket_id == ticket.id, Message.outbound.is_(False))
        .order_by(Message.id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found is not None else ("", "")


def _timeline(session: Session, ticket: Ticket) -> tuple[Entry, ...]:
    names = {agent.id: agent.name for agent in session.scalars(select(Agent))}
    files: dict[int, list[Attachment]] = {}
    for file in session.scalars(
        select(Attachment).join(Message, Message.id == Attachment.message_id).where(Message.ticket_id == ticket.id)
    ):
        files.setdefault(file.message_id, []).append(file)
    channels = {
        row.id: row.channel
        for row in session.execute(
            select(Conversation.id, Inbox.channel)
            .join(Inbox, Inbox.id == Conversation.inbox_id)
            .join(Message, Message.conversation_id == Conversation.id)
            .where(Message.ticket_id == ticket.id)
            .distinct()
        )
    }
    entries = [
        Entry(
            message.created_at,
            message,
            None,
            message.author_name,
            tuple(files.get(message.id, ())),
            channels.get(message.conversation_id or 0, ""),
        )
        for message in session.scalars(select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id))
    ]
    entries += [
        Entry(line.at, None, line, names.get(line.actor_id or 0, "") if line.actor_kind == "agent" else "")
        for line in session.scalars(
            select(HistoryEntry).where(HistoryEntry.ticket_id == ticket.id).order_by(HistoryEntry.id)
        )
        if line.action != "noted"
    ]
    return tuple(sorted(entries, key=_order))


def _order(entry: Entry) -> tuple[datetime, int]:
    """By time; of one moment, the opening comes first, then what was said, then what followed from it."""
    if entry.history is None:
        return entry.at, 1
    return entry.at, 0 if entry.history.action == "created" else 2
