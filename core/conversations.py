"""A conversation as its requester sees it: the transcript behind a cursor, and who is at the other end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import Agent, Attachment, Conversation, Message, OutboxRow, Ticket
from core.values import ActorKind, Choice, Delivery, Status, StoredFile, ticket_number

PAGE = 200


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
    """What came after a cursor. ``cursor`` is where to go on; ``owner`` is ``bot``, ``queue`` or an agent's name."""

    lines: tuple[Line, ...]
    cursor: int
    has_more: bool
    ticket: str
    status: Status | None
    agent: str
    with_bot: bool


def find(session: Session, inbox_id: int, thread_key: str) -> Conversation | None:
    return session.scalar(
        select(Conversation).where(Conversation.inbox_id == inbox_id, Conversation.thread_key == thread_key)
    )


def transcript(session: Session, inbox_id: int, thread_key: str, after: int) -> Transcript:
    """Everything public after the cursor that can no longer be taken back, oldest first."""
    conversation = find(session, inbox_id, thread_key)
    if conversation is None:
        return Transcript((), 0, False, "", None, "", True)
    final = or_(
        Message.outbound.is_(False),
        Message.delivery.in_([Delivery.SENT, Delivery.DELIVERED]),
        (Message.delivery == Delivery.QUEUED) & OutboxRow.lease.is_not(None),
    )
    messages = session.scalars(
        select(Message)
        .outerjoin(OutboxRow, OutboxRow.message_id == Message.id)
        .where(Message.conversation_id == conversation.id, Message.seq > after, final)
        .order_by(Message.seq)
        .limit(PAGE + 1)
    ).all()
    shown = messages[:PAGE]
    ticket = session.get(Ticket, conversation.ticket_id) if conversation.ticket_id is not None else None
    agent = session.get(Agent, ticket.assignee_id) if ticket is not None and ticket.assignee_id is not None else None
    return Transcript(
        lines=_lines(session, shown),
        cursor=(shown[-1].seq or after) if shown else after,
        has_more=len(messages) > PAGE,
        ticket=ticket_number(ticket.id) if ticket is not None else "",
        status=ticket.status if ticket is not None else None,
        agent=agent.name if agent is not None else "",
        with_bot=ticket is None or ticket.level == 0,
    )


def attachment(session: Session, inbox_id: int, thread_key: str, attachment_id: int) -> StoredFile:
    """A file of this conversation. Raises ``NotFound`` for any other."""
    conversation = find(session, inbox_id, thread_key)
    row = session.get(Attachment, attachment_id)
    message = session.get(Message, row.message_id) if row is not None else None
    if row is None or message is None or conversation is None or message.conversation_id != conversation.id:
        raise NotFound("There is no such file in this conversation.")
    return StoredFile(row.sha256, row.filename, row.media_type, row.size, row.content_id)


def _lines(session: Session, messages: Sequence[Message]) -> tuple[Line, ...]:
    files: dict[int, list[FileLine]] = {}
    if messages:
        ids = [message.id for message in messages]
        for row in session.scalars(select(Attachment).where(Attachment.message_id.in_(ids)).order_by(Attachment.id)):
            stored = StoredFile(row.sha256, row.filename, row.media_type, row.size)
            files.setdefault(row.message_id, []).append(FileLine(row.id, stored))
    return tuple(
        Line(
            seq=message.seq or 0,
            author_kind=message.author_kind,
            author_name=message.author_name,
            text=message.text,
            choices=tuple(Choice(choice["title"], choice["payload"]) for choice in message.choices),
            files=tuple(files.get(message.id, ())),
            created_at=message.created_at,
        )
        for message in messages
    )
