"""Messages the desk owes: enqueue, claim, sent, failed, cancelled.

A message and its outbox row are written in the transaction of their cause. Sending is at-least-once with one stable
``external_id``. What may not be sent any more (a loop, a takeover) stays on the ticket with the reason.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core import promises, rows
from core.models import (
    Attachment,
    Conversation,
    Inbox,
    Message,
    OutboxRow,
    PromiseState,
    RequesterAddress,
    Ticket,
)
from core.signals import Signal, Topic, emit
from core.tickets.history import record, touch
from core.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Address,
    Choice,
    Delivery,
    Draft,
    InboxStyle,
    OutboundMessage,
    StoredFile,
)

CAPS = ((timedelta(minutes=10), 10), (timedelta(minutes=30), 30), (timedelta(hours=10), 100))
"""How many letters a machine may write to one person, or on one ticket, within each span: two robots must not talk."""
REFERENCES = 20
"""How many earlier Message-IDs a reply names at most."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this holder of the lease, and nobody else, may send now."""

    row_id: int
    lease: str
    attempts: int
    message: OutboundMessage


def enqueue(
    session: Session,
    ticket: Ticket,
    conversation: Conversation,
    author: Actor,
    author_name: str,
    draft: Draft,
    now: datetime,
    due_at: datetime | None = None,
) -> Message:
    """Write a message and the promise to send it. The conversation's row must be locked by the caller."""
    inbox = session.get_one(Inbox, conversation.inbox_id)
    conversation.last_seq += 1
    host = inbox.address.rpartition("@")[2]
    previous = _last_inbound(session, conversation)
    message = Message(
        ticket_id=ticket.id,
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        outbound=True,
        author_kind=author.kind,
        author_id=author.id,
        author_name=author_name,
        subject=ticket.subject,
        text=draft.text,
        external_id=f"<{uuid.uuid4()}@{host}>",
        in_reply_to=previous,
        choices=[{"title": choice.title, "payload": choice.payload} for choice in draft.choices],
        offers_help=draft.offers_help,
        meta=draft.meta,
        delivery=Delivery.QUEUED,
        created_at=now,
    )
    session.add(message)
    session.flush()
    attach(session, message.id, draft.attachments)
    if (
        author.kind is not ActorKind.AGENT
        and inbox.style is InboxStyle.LETTER
        and _capped(session, message, conversation, now)
    ):
        message.delivery, message.delivery_reason = Delivery.FAILED, "too_many"
        record(session, ticket, SYSTEM, "not_sent", now, reason="too_many", message_id=message.id)
        return message
    session.add(
        OutboxRow(message_id=message.id, inbox_id=inbox.id, lane=conversation.id, due_at=due_at or now, attempts=0)
    )
    session.flush()
    emit(session, Signal(Topic.OUTBOX, inbox.id))
    touch(session, ticket, now)
    return message


def claim(session: Session, now: datetime, *conditions: ColumnElement[bool], limit: int = 50) -> list[Claimed]:
    """Lease due messages, complete enough to be sent without asking again."""
    rows = promises.claim(session, OutboxRow, now, *conditions, limit=limit)
    claimed = [Claimed(row.id, row.lease or "", row.attempts, compose(session, row.message_id)) for row in rows]
    for one in claimed:
        # A client that fetches for itself may see it from here on: it can no longer be taken back.
        emit(session, Signal(Topic.CONVERSATION, one.message.conversation_id, one.message.seq))
    return claimed


def sent(session: Session, claimed: Claimed, now: datetime) -> bool:
    """The channel has it. False if the lease was lost in between (the row belongs to somebody else now)."""
    row = promises.held(session, OutboxRow, claimed.row_id, claimed.lease)
    if row is None:
        return False
    promises.finish(row, now)
    message = session.get_one(Message, row.message_id)
    if message.delivery is Delivery.QUEUED:
        message.delivery = Delivery.SENT
    touch(session, session.get_one(Ticket, message.ticket_id), now)
    following = select(OutboxRow.id).where(
        OutboxRow.lane == row.lane, OutboxRow.state == PromiseState.PENDING, OutboxRow.id != row.id
    )
    if session.scalar(following.limit(1)) is not None:
        emit(session, Signal(Topic.OUTBOX, row.inbox_id))
    return True


def failed(
    session: Session,
    claimed: Claimed,
    now: datetime,
    reason: str,
    permanent: bool,
    retry_after: timedelta | None,
    jitter: random.Random,
) -> None:
    """It could not be sent: try again later, or, for good, say so on the ticket."""
    row = promises.held(session, OutboxRow, claimed.row_id, claimed.lease)
    if row is None:
        return
    if not permanent and row.attempts < promises.ATTEMPTS:
        promises.put_back(row, now + (retry_after or promises.backoff(row.attempts, jitter)), reason)
        return
    promises.give_up(row, now, reason)
    message = session.get_one(Message, row.message_id)
    message.delivery, message.delivery_reason = Delivery.FAILED, reason
    ticket = session.get_one(Ticket, message.ticket_id)
    record(session, ticket, SYSTEM, "delivery_failed", now, reason=reason, message_id=message.id)


def retry(session: Session, message_id: int, now: datetime) -> None:
    """A person wants a failed message tried again."""
    row = session.scalar(select(OutboxRow).where(OutboxRow.message_id == message_id).with_for_update())
    message = session.get_one(Message, message_id)
    if row is None or row.state is not PromiseState.FAILED or message.delivery is not Delivery.FAILED:
        return
    row.state, row.due_at, row.attempts, row.finished_at = PromiseState.PENDING, now, 0, None
    message.delivery, message.delivery_reason = Delivery.QUEUED, ""
    touch(session, session.get_one(Ticket, message.ticket_id), now)
    emit(session, Signal(Topic.OUTBOX, row.inbox_id))


def cancel_machine_messages(session: Session, ticket: Ticket, now: datetime) -> int:
    """Take back what the bot or the system wanted to say on this ticket and nobody has claimed yet."""
    query = (
        select(OutboxRow, Message)
        .join(Message, Message.id == OutboxRow.message_id)
        .where(
            Message.ticket_id == ticket.id,
            Message.author_kind.in_([ActorKind.BOT, ActorKind.SYSTEM]),
            OutboxRow.state == PromiseState.PENDING,
            (OutboxRow.lease.is_(None)) | (OutboxRow.leased_until <= now),
        )
        .with_for_update(of=OutboxRow)
    )
    cancelled = 0
    for row, message in session.execute(query):
        row.state, row.finished_at = PromiseState.CANCELLED, now
        message.delivery, message.delivery_reason = Delivery.CANCELLED, "taken_over"
        cancelled += 1
    return cancelled


def confirm_delivery(session: Session, conversation_id: int, seq: int, now: datetime) -> None:
    """The client says it has everything up to ``seq``; only its word makes a message *delivered*."""
    conversation = session.scalar(select(Conversation).where(Conversation.id == conversation_id).with_for_update())
    if conversation is None or seq <= conversation.delivered_seq:
        return
    messages = session.scalars(
        select(Message).where(
            Message.conversation_id == conversation_id,
            Message.seq > conversation.delivered_seq,
            Message.seq <= seq,
            Message.delivery == Delivery.SENT,
        )
    ).all()
    conversation.delivered_seq = min(seq, conversation.last_seq)
    for message in messages:
        message.delivery, message.delivered_at = Delivery.DELIVERED, now
    for ticket_id in {message.ticket_id for message in messages}:
        touch(session, session.get_one(Ticket, ticket_id), now)


def compose(session: Session, message_id: int) -> OutboundMessage:
    """A stored message as the value a channel sends."""
    message = session.get_one(Message, message_id)
    conversation = session.get_one(Conversation, message.conversation_id)
    address = session.get_one(RequesterAddress, conversation.address_id)
    ticket = session.get_one(Ticket, message.ticket_id)
    references = session.scalars(
        select(Message.external_id)
        .where(
            Message.conversation_id == conversation.id,
            Message.seq < message.seq,
            Message.external_id.is_not(None),
        )
        .order_by(Message.seq.desc())
        .limit(REFERENCES)
    )
    files = session.scalars(select(Attachment).where(Attachment.message_id == message.id).order_by(Attachment.id))
    return OutboundMessage(
        message_id=message.id,
        conversation_id=conversation.id,
        ticket_id=ticket.id,
        inbox_id=conversation.inbox_id,
        thread_key=conversation.thread_key,
        recipient=Address(address.kind, address.value, address.name),
        external_id=message.external_id or "",
        author_kind=message.author_kind,
        author_name=message.author_name,
        text=message.text,
        subject=message.subject,
        language=ticket.language,
        created_at=message.created_at,
        seq=message.seq or 0,
        in_reply_to=message.in_reply_to,
        references=tuple(reversed([reference for reference in references if reference])),
        choices=tuple(Choice(choice["title"], choice["payload"]) for choice in message.choices),
        offers_help=message.offers_help,
        attachments=tuple(
            StoredFile(file.sha256, file.filename, file.media_type, file.size, file.content_id) for file in files
        ),
    )


def _last_inbound(session: Session, conversation: Conversation) -> str | None:
    return session.scalar(
        select(Message.external_id)
        .where(
            Message.conversation_id == conversation.id,
            Message.outbound.is_(False),
            Message.external_id.is_not(None),
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )


def _capped(session: Session, message: Message, conversation: Conversation, now: datetime) -> bool:
    machine = Message.author_kind.in_([ActorKind.BOT, ActorKind.SYSTEM])
    to_recipient = Conversation.address_id == conversation.address_id
    on_ticket = Message.ticket_id == message.ticket_id
    for circle in (to_recipient, on_ticket):
        count = (
            select(func.count())
            .select_from(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.outbound, machine, Message.delivery != Delivery.FAILED, circle)
        )
        # The message being judged is already in the table, hence ">" and not ">=".
        if any((session.scalar(count.where(Message.created_at > now - span)) or 0) > most for span, most in CAPS):
            return True
    return False


def attach(session: Session, message_id: int, files: Sequence[StoredFile]) -> None:
    """Write down which files belong to a message."""
    for file in files:
        rows.insert(
            session,
            Attachment,
            message_id=message_id,
            sha256=file.sha256,
            filename=file.filename,
            media_type=file.media_type,
            size=file.size,
            content_id=file.content_id,
        )
