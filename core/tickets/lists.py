"""The lists staff works from: by who must act, and by what was searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from core import rights
from core.calls.numbers import spoken
from core.errors import NotFound
from core.models import (
    Agent,
    Conversation,
    Inbox,
    Message,
    Organization,
    Reading,
    Requester,
    RequesterAddress,
    Team,
    TeamMember,
    Ticket,
)
from core.rights import Right
from core.tickets import lifecycle, mentions
from core.values import Status, ticket_number

PAGE = 60
MOST = 300
"""Rows of a list at first, and at most: what is further down is searched for."""


class View(StrEnum):
    MINE = "mine"
    MENTIONED = "mentioned"
    """A note asks the agent to look; counted until they have."""
    PERSON = "person"
    """Handed over or come back, and nobody has it."""
    UNASSIGNED = "unassigned"
    """Everything people have and nobody in particular, also what waits."""
    TEAM = "team"
    """Everything of the agent's own teams."""
    BOT = "bot"
    WAITING = "waiting"
    """Waits for the requester or somebody else."""
    SNOOZED = "snoozed"
    """Put aside by the agent until a moment."""
    RESOLVED = "resolved"


UNCOUNTED = frozenset({View.RESOLVED})
"""Grows for ever and asks nobody to act."""
_OF_ANY_STATUS = frozenset({View.MENTIONED})
"""What is counted whether or not the ticket is settled."""


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
    unread: bool
    mentioned: bool
    """A note mentions the agent, who has not seen it yet."""
    last_words: str
    waiting_since: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team with how many tickets it has that are not settled."""

    key: str
    name: str
    count: int


def teams(session: Session) -> list[TeamLine]:
    """All teams, from the first level to the third."""
    open_ = Ticket.status.in_(lifecycle.ACTIVE) & (Ticket.level > 0)
    query = (
        select(Team.key, Team.name, func.count(Ticket.id))
        .outerjoin(Ticket, (Ticket.team_id == Team.id) & open_)
        .group_by(Team.id, Team.key, Team.name, Team.level)
        .order_by(Team.level, Team.name)
    )
    return [TeamLine(*found) for found in session.execute(query)]


def team_rows(session: Session, team: str, agent_id: int, now: datetime, limit: int = PAGE) -> list[Row]:
    """The tickets of a team that are not settled; of another team than one's own only with the right to see it."""
    found = session.scalar(select(Team).where(Team.key == team))
    if found is None:
        raise NotFound("That team does not exist.")
    member = select(TeamMember.id).where(TeamMember.team_id == found.id, TeamMember.agent_id == agent_id)
    if session.scalar(member) is None:
        rights.require_of(session, agent_id, Right.SEE_TEAMS)
    query = _rows(agent_id).where(Ticket.level > 0, Ticket.status.in_(lifecycle.ACTIVE), Ticket.team_id == found.id)
    return [_row(*one) for one in session.execute(_ordered(query, View.TEAM, agent_id).limit(min(limit, MOST)))]


def view_rows(session: Session, view: View, agent_id: int, now: datetime, limit: int = PAGE) -> list[Row]:
    """The tickets of a view, the longest waiting first where somebody waits, else the newest first."""
    query = _rows(agent_id).where(_condition(view, agent_id, now))
    return [_row(*found) for found in session.execute(_ordered(query, view, agent_id).limit(min(limit, MOST)))]


def rows_of(session: Session, ticket_ids: Sequence[int], agent_id: int) -> list[Row]:
    """These tickets, in this order."""
    query = _rows(agent_id).where(Ticket.id.in_(ticket_ids))
    found = {row.id: row for row in (_row(*columns) for columns in session.execute(query))}
    return [found[ticket_id] for ticket_id in ticket_ids if ticket_id in found]


def counts(session: Session, agent_id: int, now: datetime) -> dict[View, int]:
    """How many tickets each view holds; only of what is not settled."""
    counted = [view for view in View if view not in UNCOUNTED | _OF_ANY_STATUS]
    columns = [func.sum(case((_condition(view, agent_id, now), 1), else_=0)) for view in counted]
    query = select(*columns).select_from(Ticket).where(Ticket.status.in_(lifecycle.ACTIVE))
    found = {view: int(total or 0) for view, total in zip(counted, session.execute(query).one(), strict=True)}
    return {**found, View.MENTIONED: mentions.count(session, agent_id)}


def unread(session: Session, agent_id: int) -> int:
    """How many of the agent's own tickets that are not settled have words of a requester they have not read."""
    read = select(Reading.message_id).where(Reading.ticket_id == Ticket.id, Reading.agent_id == agent_id)
    heard = exists().where(
        Message.ticket_id == Ticket.id,
        Message.outbound.is_(False),
        Message.is_note.is_(False),
        Message.id > func.coalesce(read.correlate(Ticket).scalar_subquery(), 0),
    )
    mine = select(func.count()).select_from(Ticket).where(Ticket.assignee_id == agent_id)
    return session.scalar(mine.where(Ticket.status.in_(lifecycle.ACTIVE), heard)) or 0


def mark_read(session: Session, ticket_id: int, agent_id: int) -> None:
    """The agent has seen everything on the ticket so far. Raises ``NotFound``."""
    if session.get(Ticket, ticket_id) is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(ticket_id))
    newest = session.scalar(select(func.max(Message.id)).where(Message.ticket_id == ticket_id)) or 0
    mark = session.scalar(select(Reading).where(Reading.ticket_id == ticket_id, Reading.agent_id == agent_id))
    if mark is None:
        session.add(Reading(ticket_id=ticket_id, agent_id=agent_id, message_id=newest))
    else:
        mark.message_id = max(mark.message_id, newest)


def _rows(agent_id: int) -> Select[*tuple[Any, ...]]:
    of_ticket = Message.ticket_id == Ticket.id
    last = _newest(select(Message.text).where(of_ticket, Message.is_note.is_(False)))
    channel = _newest(
        select(Inbox.channel)
        .join(Conversation, Conversation.inbox_id == Inbox.id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(of_ticket)
    )
    heard = _newest(select(Message.id).where(of_ticket, Message.outbound.is_(False), Message.is_note.is_(False)))
    read = select(Reading.message_id).where(Reading.ticket_id == Ticket.id, Reading.agent_id == agent_id)
    address = (
        select(RequesterAddress.value)
        .where(
            RequesterAddress.requester_id == Ticket.requester_id,
            RequesterAddress.kind.in_(("email", "phone")),
            RequesterAddress.value.not_like("unknown:%"),
        )
        .order_by(RequesterAddress.kind)
        .limit(1)
    )
    return (
        select(
            Ticket,
            Requester.name,
            Organization.name,
            Agent.name,
            Team.name,
            last,
            channel,
            heard > func.coalesce(read.correlate(Ticket).scalar_subquery(), 0),
            address.correlate(Ticket).scalar_subquery(),
            mentions.unseen(agent_id),
        )
        .join(Requester, Requester.id == Ticket.requester_id)
        .outerjoin(Organization, Organization.id == Ticket.organization_id)
        .outerjoin(Agent, Agent.id == Ticket.assignee_id)
        .outerjoin(Team, Team.id == Ticket.team_id)
    )


def _newest(query: Select[*tuple[Any, ...]]) -> ColumnElement[Any]:
    return query.order_by(Message.id.desc()).limit(1).correlate(Ticket).scalar_subquery()


def _row(
    ticket: Ticket,
    name: str,
    organization: str | None,
    assignee: str | None,
    team: str | None,
    words: str | None,
    channel: str | None,
    unread: bool | None,
    address: str | None,
    mentioned: bool,
) -> Row:
    return Row(
        id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        requester=name or (spoken(address) if address is not None and address.startswith("+") else address) or "",
        organization=organization or "",
        channel=channel or "",
        status=ticket.status,
        level=ticket.level,
        priority=ticket.priority,
        assignee=assignee or "",
        team=team or "",
        needs_person=ticket.level > 0 and ticket.assignee_id is None and ticket.status in (Status.NEW, Status.OPEN),
        unread=bool(unread),
        mentioned=bool(mentioned),
        last_words=" ".join((words or "").split())[:140],
        waiting_since=ticket.waiting_since,
        updated_at=ticket.updated_at,
    )


def _condition(view: View, agent_id: int, now: datetime) -> ColumnElement[bool]:
    active = Ticket.status.in_(lifecycle.ACTIVE)
    to_do = Ticket.status.in_((Status.NEW, Status.OPEN))
    awake = or_(Ticket.snoozed_until.is_(None), Ticket.snoozed_until <= now)
    with_people, nobody = Ticket.level > 0, Ticket.assignee_id.is_(None)
    match view:
        case View.MINE:
            return and_(Ticket.assignee_id == agent_id, to_do, awake)
        case View.MENTIONED:
            return mentions.mentioned(agent_id)
        case View.PERSON:
            return and_(with_people, nobody, to_do, awake)
        case View.UNASSIGNED:
            return and_(with_people, nobody, active)
        case View.TEAM:
            mine = select(TeamMember.team_id).where(TeamMember.agent_id == agent_id)
            return and_(with_people, active, Ticket.team_id.in_(mine))
        case View.BOT:
            return and_(Ticket.level == 0, active)
        case View.WAITING:
            return and_(with_people, Ticket.status.in_((Status.PENDING, Status.ON_HOLD)), awake)
        case View.SNOOZED:
            return and_(active, Ticket.assignee_id == agent_id, Ticket.snoozed_until > now)
        case View.RESOLVED:
            return Ticket.status.in_((Status.RESOLVED, Status.CLOSED))


def _ordered(query: Select[*tuple[Any, ...]], view: View, agent_id: int) -> Select[*tuple[Any, ...]]:
    match view:
        case View.PERSON | View.MINE | View.UNASSIGNED | View.TEAM:
            return query.order_by(Ticket.priority, Ticket.waiting_since.is_(None), Ticket.waiting_since, Ticket.id)
        case View.MENTIONED:
            return query.order_by(mentions.unseen(agent_id).desc(), Ticket.updated_at.desc(), Ticket.id.desc())
        case View.SNOOZED:
            return query.order_by(Ticket.snoozed_until, Ticket.id)
        case _:
            return query.order_by(Ticket.updated_at.desc(), Ticket.id.desc())
