"""What the bot may know before it decides a turn, read in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core import rows
from core.joining import team_of
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
from core.pictures import texts
from core.tickets import lifecycle
from core.values import ActorKind, FormOfAddress, InboxStyle, Status, TicketKind, ticket_number

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
class Queue:
    """A team and how many wait for it before this ticket."""

    name: str
    level: int
    length: int


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
    """Intents of disruptions that several known people of the same organization reported just now."""
    queues: Mapping[str, Queue]
    """Every team's, by its key."""
    team: str
    """Who has the ticket, or gets it by default."""
    is_taken: bool
    """People have acted on the ticket since it was handed over."""
    usual_wait: timedelta | None
    form_of_address: FormOfAddress | None = None
    """The customer's choice, if it has one of its own."""
    shown: str = ""
    """The text in the message's pictures, as a machine read it."""
    is_read_by_machine: bool = False
    """The message itself is what a machine read on paper: with its letterhead and whatever else stands there."""

    @property
    def only_shows(self) -> bool:
        """A picture without a word."""
        return bool(self.shown) and not (self.text or "").strip()


@dataclass(frozen=True, slots=True)
class Stand:
    """How a ticket stands for its requester: settled or not, with the bot, waiting for people or taken by them."""

    status: Status
    resolved_at: datetime | None
    is_with_people: bool
    is_taken: bool


_MAIL, _SAID, _WAITING = aliased(RequesterAddress), aliased(Message), aliased(Ticket)
_WROTE = aliased(Conversation)
_QUEUES = (
    select(Team.id, Team.key, Team.name, Team.level, func.count(_WAITING.id).label("length"))
    .outerjoin(
        _WAITING,
        and_(
            _WAITING.team_id == Team.id,
            _WAITING.id != bindparam("ticket"),
            _WAITING.assignee_id.is_(None),
            _WAITING.status.in_((Status.NEW, Status.OPEN)),
            func.coalesce(_WAITING.handed_off_at, _WAITING.created_at) <= bindparam("before"),
        ),
    )
    .group_by(Team.id, Team.key, Team.name, Team.level)
)
_TAKEN_SINCE = (
    select(HistoryEntry.id)
    .where(
        HistoryEntry.ticket_id == bindparam("ticket"),
        HistoryEntry.actor_kind == ActorKind.AGENT,
        HistoryEntry.at >= bindparam("since"),
    )
    .limit(1)
)
_TURN = (
    select(
        Ticket.id,
        Ticket.status,
        Ticket.level,
        Ticket.intent,
        Ticket.language,
        Ticket.bot_state,
        Ticket.organization_id,
        Ticket.requester_id,
        Ticket.team_id,
        Ticket.assignee_id,
        Ticket.handed_off_at,
        Ticket.subject.label("ticket_subject"),
        Requester.name,
        Requester.vip,
        Organization.key,
        Organization.form_of_address,
        Message.text,
        Message.meta,
        Message.subject,
        Message.conversation_id,
        WorkRow.message_id,
        exists().where(_MAIL.requester_id == Ticket.requester_id, _MAIL.kind == "email").label("has_mail_address"),
        exists().where(_SAID.ticket_id == Ticket.id, _SAID.outbound).label("said_anything"),
        select(func.count()).where(Attachment.message_id == WorkRow.message_id).scalar_subquery().label("attachments"),
    )
    .select_from(WorkRow)
    .join(Ticket, Ticket.id == WorkRow.ticket_id)
    .join(Requester, Requester.id == Ticket.requester_id)
    .outerjoin(Organization, Organization.id == Ticket.organization_id)
    .outerjoin(Message, Message.id == WorkRow.message_id)
    .where(WorkRow.id == bindparam("work"))
)
_CONVERSATION = (
    select(Conversation.id, Inbox.id, Inbox.style, Conversation.is_shared, RequesterAddress.verified_at)
    .join(Inbox, Inbox.id == Conversation.inbox_id)
    .join(RequesterAddress, RequesterAddress.id == Conversation.address_id)
    .order_by(Conversation.id.desc())
    .limit(1)
)
_THIS_CONVERSATION = _CONVERSATION.where(Conversation.id == bindparam("conversation"))
_NEWEST_CONVERSATION = _CONVERSATION.where(Conversation.ticket_id == bindparam("ticket"))
_TICKETS = (
    select(Ticket.id, Ticket.subject, Ticket.status)
    .where(Ticket.id != bindparam("ticket"))
    .order_by(Ticket.id.desc())
    .limit(5)
)
_TICKETS_OF_PERSON = _TICKETS.where(Ticket.requester_id == bindparam("requester"), Ticket.merged_into_id.is_(None))
_TICKETS_HERE = _TICKETS.where(
    Ticket.id.in_(select(Message.ticket_id).where(Message.conversation_id == bindparam("conversation")))
)
_KNOWN = exists().where(
    _MAIL.requester_id == Ticket.requester_id,
    or_(_MAIL.verified_at.is_not(None), and_(_MAIL.kind == "email", exists().where(_WROTE.address_id == _MAIL.id))),
)
"""Whoever opens a chat three times is nobody three times: only a verified address counts, or one that wrote mail."""
_TROUBLE = (
    select(Ticket.intent)
    .where(
        Ticket.organization_id == bindparam("organization"),
        Ticket.status.in_(lifecycle.ACTIVE),
        Ticket.created_at > bindparam("since"),
        Ticket.intent.is_not(None),
        Ticket.kind == TicketKind.INCIDENT,
        _KNOWN,
    )
    .group_by(Ticket.intent)
    .having(func.count(Ticket.requester_id.distinct()) >= REPORTS)
)
_TAKEN = (
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
_STAND = (
    select(Ticket.id, Ticket.status, Ticket.level, Ticket.assignee_id, Ticket.handed_off_at, Ticket.resolved_at)
    .join(Message, Message.ticket_id == Ticket.id)
    .where(Message.id == bindparam("message"))
)


def read(session: Session, work_id: int, now: datetime) -> Facts:
    """The facts of the turn that a piece of work asks for."""
    turn = rows.execute(session, _TURN, work=work_id).one()
    if turn.conversation_id is not None:
        here = rows.execute(session, _THIS_CONVERSATION, conversation=turn.conversation_id)
    else:
        here = rows.execute(session, _NEWEST_CONVERSATION, ticket=turn.id)
    conversation_id, inbox_id, style, is_shared, verified_at = here.one()
    queues, team = _queues(session, turn, inbox_id, now)
    return Facts(
        ticket_id=turn.id,
        number=ticket_number(turn.id),
        status=turn.status,
        level=turn.level,
        intent=turn.intent,
        language=turn.language,
        style=style,
        state=turn.bot_state,
        requester_name=turn.name,
        vip=turn.vip,
        organization_id=turn.organization_id,
        organization=turn.key,
        has_mail_address=turn.has_mail_address,
        text=turn.meta.get("words", turn.text) if turn.meta is not None else turn.text,
        payload=turn.meta.get("payload") if turn.meta is not None else None,
        subject=turn.subject or "",
        attachments=turn.attachments,
        said_anything=turn.said_anything,
        tickets=_tickets(session, turn, conversation_id, verified_at is not None and not is_shared),
        trouble=_trouble(session, turn.organization_id, now),
        queues=queues,
        team=team,
        is_taken=turn.level > 0 and is_taken(session, turn.id, turn.assignee_id, turn.handed_off_at),
        usual_wait=_usual_wait(session),
        form_of_address=turn.form_of_address,
        is_read_by_machine=bool(turn.meta and turn.meta.get("remarks", {}).get("pages")),
        shown=texts.in_message(session, turn.message_id) if turn.attachments else "",
    )


def _tickets(
    session: Session, turn: Row[*tuple[Any, ...]], conversation: int, verified: bool
) -> tuple[TicketLine, ...]:
    """The person's tickets, as far as they may hear of them here: all for a verified address where nobody reads along,
    else only those of this very conversation. The one being talked about is left out while nothing is known of it."""
    if verified:
        found = rows.execute(session, _TICKETS_OF_PERSON, ticket=turn.id, requester=turn.requester_id)
    else:
        found = rows.execute(session, _TICKETS_HERE, ticket=turn.id, conversation=conversation)
    lines = [TicketLine(ticket_number(id_), subject, status) for id_, subject, status in found]
    if turn.intent is not None:
        lines.insert(0, TicketLine(ticket_number(turn.id), turn.ticket_subject, turn.status))
    return tuple(lines)


def _queues(
    session: Session, turn: Row[*tuple[Any, ...]], inbox_id: int, now: datetime
) -> tuple[Mapping[str, Queue], str]:
    """How long each team's queue is for this ticket, and whose it is, or would be."""
    before = turn.handed_off_at if turn.level > 0 and turn.handed_off_at is not None else now
    team_id = turn.team_id if turn.level > 0 else team_of(session, inbox_id)[0]
    found = rows.execute(session, _QUEUES, ticket=turn.id, before=before).all()
    queues = {key: Queue(name, level, length) for _, key, name, level, length in found}
    return queues, next((key for id_, key, *_ in found if id_ == team_id), "")


def is_taken(session: Session, ticket_id: int, assignee_id: int | None, handed_off_at: datetime | None) -> bool:
    """Whether people have acted on a ticket since the bot handed it over: from then on the bot says nothing."""
    if assignee_id is not None:
        return True
    since = handed_off_at or datetime(1970, 1, 1, tzinfo=UTC)
    return rows.first(session, _TAKEN_SINCE, ticket=ticket_id, since=since) is not None


def stand(session: Session, message_id: int) -> Stand | None:
    """How the ticket of a message stands; None if there is no such message."""
    found = rows.first(session, _STAND, message=message_id)
    if found is None:
        return None
    taken = found.level > 0 and is_taken(session, found.id, found.assignee_id, found.handed_off_at)
    return Stand(found.status, found.resolved_at, found.level > 0, taken)


def _trouble(session: Session, organization_id: int | None, now: datetime) -> tuple[str, ...]:
    if organization_id is None:
        return ()
    return tuple(rows.execute(session, _TROUBLE, organization=organization_id, since=now - RECENT).scalars())


def _usual_wait(session: Session) -> timedelta | None:
    """The median time from handoff to take-over of the last handoffs; None before there are any."""
    waits = sorted(at - handed for at, handed in rows.execute(session, _TAKEN) if at >= handed)
    return waits[len(waits) // 2] if waits else None
