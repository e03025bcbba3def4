"""A conversation as its requester sees it: the transcript behind a cursor, and who is at the other end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, or_, select
from sqlalchemy.orm import Session

from core import rows
from core.errors import NotFound
from core.models import Agent, Attachment, Conversation, Inbox, Message, Organization, OutboxRow, Ticket
from core.values import ActorKind, Choice, Delivery, FormOfAddress, Status, StoredFile, ticket_number

PAGE = 200
RECENT = 3
"""How many of a conversation's tickets somebody hears of who asks how things stand."""


@dataclass(frozen=True, slots=True)
class FileLine:
    id: int
    file: StoredFile


@dataclass(frozen=True, slots=True)
class Line:
    """One public message. ``dedupe`` is not shown; ``seq`` is its place and cursor."""

    seq: int
    author_kind: ActorKind
    author_name: str
    text: str
    choices: tuple[Choice, ...]
    files: tuple[FileLine, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Transcript:
    """What came after a cursor. ``cursor`` is where to go on; ``form_of_address`` is the customer's own choice."""

    lines: tuple[Line, ...]
    cursor: int
    has_more: bool
    ticket: str
    status: Status | None
    agent: str
    with_bot: bool
    form_of_address: FormOfAddress | None


LOOK_BACK = 20
"""How many messages back a question may lie whose buttons are still there."""


class Standing(NamedTuple):
    """How it stands with one ticket, as its requester may know; ``level`` 0 means the bot has it."""

    number: str
    subject: str
    status: Status
    level: int
    agent: str


class Said(NamedTuple):
    """One message of a conversation, found again by what the other side kept of it."""

    message_id: int
    text: str
    choices: tuple[Choice, ...]
    sent_as: tuple[str, ...]


class Found(NamedTuple):
    """A conversation by its thread; ``last_seq`` is its cursor."""

    id: int
    ticket_id: int | None
    last_seq: int


_FIND = select(Conversation.id, Conversation.ticket_id, Conversation.last_seq).where(
    Conversation.inbox_id == bindparam("inbox"), Conversation.thread_key == bindparam("thread")
)
_FINAL = or_(
    Message.outbound.is_(False),
    Message.delivery.in_([Delivery.SENT, Delivery.DELIVERED]),
    (Message.delivery == Delivery.QUEUED) & OutboxRow.lease.is_not(None),
)
_LINES = (
    select(
        Message.id,
        Message.seq,
        Message.author_kind,
        Message.author_name,
        Message.text,
        Message.choices,
        Message.created_at,
    )
    .outerjoin(OutboxRow, OutboxRow.message_id == Message.id)
    .where(Message.conversation_id == bindparam("conversation"), Message.seq > bindparam("after"), _FINAL)
    .order_by(Message.seq)
    .limit(PAGE + 1)
)
_FILES = (
    select(
        Attachment.message_id,
        Attachment.id,
        Attachment.sha256,
        Attachment.filename,
        Attachment.media_type,
        Attachment.size,
    )
    .where(Attachment.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(Attachment.id)
)
_OWNER = (
    select(Ticket.status, Ticket.level, Agent.name, Organization.form_of_address)
    .outerjoin(Agent, Agent.id == Ticket.assignee_id)
    .outerjoin(Organization, Organization.id == Ticket.organization_id)
    .where(Ticket.id == bindparam("ticket"))
)
_INBOX_FORM = (
    select(Organization.form_of_address)
    .join(Inbox, Inbox.organization_id == Organization.id)
    .where(Inbox.id == bindparam("inbox"))
)


_TICKETS = (
    select(Ticket.id, Ticket.subject, Ticket.status, Ticket.level, Agent.name)
    .outerjoin(Agent, Agent.id == Ticket.assignee_id)
    .where(Ticket.id.in_(select(Message.ticket_id).where(Message.conversation_id == bindparam("conversation"))))
    .order_by(Ticket.id.desc())
    .limit(RECENT)
)
_SAID = select(Message.id, Message.text, Message.choices, Message.meta).where(
    Message.id == bindparam("message"), Message.conversation_id == bindparam("conversation")
)


_QUESTION_BEFORE = (
    select(Message.id, Message.text, Message.choices, Message.meta)
    .where(
        Message.conversation_id == bindparam("conversation"),
        Message.seq < bindparam("before"),
        Message.outbound,
        Message.delivery.in_([Delivery.SENT, Delivery.DELIVERED]),
    )
    .order_by(Message.seq.desc())
    .limit(LOOK_BACK)
)


def find(session: Session, inbox_id: int, thread_key: str) -> Found | None:
    found = rows.first(session, _FIND, inbox=inbox_id, thread=thread_key)
    return Found(*found) if found is not None else None


def form_of_address(session: Session, inbox_id: int) -> FormOfAddress | None:
    """How the customer whose inbox it is wants its people spoken to; None if it is nobody's or they did not say."""
    found: FormOfAddress | None = rows.scalar(session, _INBOX_FORM, inbox=inbox_id)
    return found


def transcript(session: Session, inbox_id: int, thread_key: str, after: int) -> Transcript:
    """Everything public after the cursor that can no longer be taken back, oldest first."""
    conversation = find(session, inbox_id, thread_key)
    if conversation is None:
        return Transcript((), 0, False, "", None, "", True, form_of_address(session, inbox_id))
    found = rows.execute(session, _LINES, conversation=conversation.id, after=after).all()
    shown = found[:PAGE]
    ticket_id = conversation.ticket_id
    owner = rows.first(session, _OWNER, ticket=ticket_id) if ticket_id is not None else None
    status, level, agent, form = owner or (None, 0, None, form_of_address(session, inbox_id))
    return Transcript(
        lines=_lines(session, shown),
        cursor=shown[-1].seq if shown else after,
        has_more=len(found) > PAGE,
        ticket=ticket_number(ticket_id) if ticket_id is not None else "",
        status=status,
        agent=agent or "",
        with_bot=level == 0,
        form_of_address=form,
    )


def standings(session: Session, inbox_id: int, thread_key: str) -> tuple[Standing, ...]:
    """The last tickets of a conversation, newest first."""
    conversation = find(session, inbox_id, thread_key)
    if conversation is None:
        return ()
    return tuple(
        Standing(ticket_number(id_), subject, status, level, agent or "")
        for id_, subject, status, level, agent in rows.execute(session, _TICKETS, conversation=conversation.id)
    )


def said(session: Session, inbox_id: int, thread_key: str, message_id: int) -> Said | None:
    """A message of this very conversation; None for any other."""
    conversation = find(session, inbox_id, thread_key)
    if conversation is None:
        return None
    found = rows.first(session, _SAID, message=message_id, conversation=conversation.id)
    return _said(found) if found is not None else None


def question_before(session: Session, conversation_id: int, seq: int) -> Said | None:
    """What the desk asked last before that place of the conversation, if it was to be answered by a choice."""
    found = rows.execute(session, _QUESTION_BEFORE, conversation=conversation_id, before=seq)
    return next((_said(one) for one in found if one.choices), None)


def _said(row: Row[*tuple[Any, ...]]) -> Said:
    choices = tuple(Choice(choice["title"], choice["payload"]) for choice in row.choices)
    return Said(row.id, row.text, choices, tuple(row.meta.get("sent_as", ())))


def move(session: Session, inbox_id: int, thread_key: str, new_thread_key: str) -> None:
    """The channel gave a thread another name; the conversation goes on under it."""
    conversation = session.scalar(
        select(Conversation)
        .where(Conversation.inbox_id == inbox_id, Conversation.thread_key == thread_key)
        .with_for_update()
    )
    if conversation is not None and find(session, inbox_id, new_thread_key) is None:
        conversation.thread_key = new_thread_key


def attachment(session: Session, inbox_id: int, thread_key: str, attachment_id: int) -> StoredFile:
    """A file of this conversation. Raises ``NotFound`` for any other."""
    conversation = find(session, inbox_id, thread_key)
    row = session.get(Attachment, attachment_id)
    message = session.get(Message, row.message_id) if row is not None else None
    if row is None or message is None or conversation is None or message.conversation_id != conversation.id:
        raise NotFound("There is no such file in this conversation.")
    return StoredFile(row.sha256, row.filename, row.media_type, row.size, row.content_id)


def _lines(session: Session, shown: Sequence[Row[*tuple[Any, ...]]]) -> tuple[Line, ...]:
    files: dict[int, list[FileLine]] = {}
    if shown:
        for message_id, id_, *stored in rows.execute(session, _FILES, messages=[line.id for line in shown]):
            files.setdefault(message_id, []).append(FileLine(id_, StoredFile(*stored)))
    return tuple(
        Line(
            seq=line.seq,
            author_kind=line.author_kind,
            author_name=line.author_name,
            text=line.text,
            choices=tuple(Choice(choice["title"], choice["payload"]) for choice in line.choices),
            files=tuple(files.get(line.id, ())),
            created_at=line.created_at,
        )
        for line in shown
    )
