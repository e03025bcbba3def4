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
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from core import promises, rows
from core.composing import compose
from core.errors import Conflict
from core.models import Attachment, Conversation, Inbox, InboxState, Message, OutboxRow, PromiseState, Ticket
from core.promises import OUTBOX
from core.signals import Signal, Topic, emit
from core.tickets.history import record, touch, touched
from core.values import SYSTEM, Actor, ActorKind, Delivery, Draft, InboxStyle, OutboundMessage, StoredFile

CAPS = ((timedelta(minutes=10), 10), (timedelta(minutes=30), 30), (timedelta(hours=10), 100))
"""How many letters a machine may write to one person, or on one ticket, within each span: two robots must not talk."""

_row, _message, _conversation = OutboxRow.__table__, Message.__table__, Conversation.__table__
_AWAKE = OutboxRow.inbox_id.in_(select(Inbox.id).where(Inbox.state == InboxState.ACTIVE))
_ALL = OUTBOX.due(_AWAKE)
_OF_INBOXES = OUTBOX.due(_AWAKE, OutboxRow.inbox_id.in_(bindparam("inboxes", expanding=True)))
_OF_CONVERSATION = OUTBOX.due(_AWAKE, OutboxRow.lane == bindparam("conversation"))
_NEXT_SEQ = (
    update(_conversation)  # type: ignore[arg-type]
    .where(_conversation.c.id == bindparam("conversation"))
    .values(last_seq=_conversation.c.last_seq + 1)
    .returning(_conversation.c.last_seq)
)
_LAST_INBOUND = (
    select(Message.external_id)
    .where(
        Message.conversation_id == bindparam("conversation"),
        Message.outbound.is_(False),
        Message.external_id.is_not(None),
    )
    .order_by(Message.seq.desc())
    .limit(1)
)
_IS_SENT = (
    update(_message)  # type: ignore[arg-type]
    .where(_message.c.id == bindparam("message"), _message.c.delivery == Delivery.QUEUED)
    .values(delivery=Delivery.SENT, delivery_reason="")
)
_ON_TICKET = select(_message.c.ticket_id).where(_message.c.id == bindparam("message"))
"""Where a message is by now: its ticket may have been merged into another one while it was being sent."""
_WAITS = (
    update(_message)  # type: ignore[arg-type]
    .where(_message.c.id == bindparam("message"), _message.c.delivery == Delivery.QUEUED)
    .values(delivery_reason=bindparam("why"))
)
_META = select(_message.c.meta).where(_message.c.id == bindparam("message"))
_NEW_META = (
    update(_message)  # type: ignore[arg-type]
    .where(_message.c.id == bindparam("message"))
    .values(meta=bindparam("new_meta"))
)
_IS_MORE = (
    select(OutboxRow.id).where(OutboxRow.lane == bindparam("lane"), OutboxRow.state == PromiseState.PENDING).limit(1)
)
_MACHINES = (ActorKind.BOT, ActorKind.SYSTEM)
_TAKE_BACK = OUTBOX.cancelling(
    OutboxRow.message_id.in_(
        select(Message.id).where(Message.ticket_id == bindparam("ticket"), Message.author_kind.in_(_MACHINES))
    ),
    OutboxRow.lease.is_(None) | (OutboxRow.leased_until <= bindparam("at")),
).returning(_row.c.message_id)
_TAKEN_BACK = (
    update(_message)  # type: ignore[arg-type]
    .where(_message.c.id == bindparam("message"))
    .values(delivery=Delivery.CANCELLED, delivery_reason="taken_over")
)


_UNDO = OUTBOX.cancelling(
    OutboxRow.message_id == bindparam("message"),
    OutboxRow.lease.is_(None) | (OutboxRow.leased_until <= bindparam("at")),
)
UNDONE = "undone"
"""Why a message was cancelled that its author took back: it is not shown any more."""


class Destination(NamedTuple):
    """Where a message goes: a conversation, locked, and the inbox it is in."""

    conversation_id: int
    address_id: int
    inbox_id: int
    inbox_address: str
    style: InboxStyle
    pushes: bool = False


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
    destination: Destination,
    author: Actor,
    author_name: str,
    draft: Draft,
    now: datetime,
    delay: timedelta = timedelta(0),
) -> int:
    """Write a message and the promise to send it; the message's id. Ticket and conversation must be locked.

    Until ``delay`` is over it can be taken back.
    """
    conversation_id = destination.conversation_id
    message_id = rows.insert(
        session,
        Message,
        ticket_id=ticket.id,
        conversation_id=conversation_id,
        seq=rows.scalar(session, _NEXT_SEQ, conversation=conversation_id),
        outbound=True,
        author_kind=author.kind,
        author_id=author.id,
        author_name=author_name,
        subject=ticket.subject,
        text=draft.text,
        external_id=f"<{uuid.uuid4()}@{destination.inbox_address.rpartition('@')[2]}>",
        in_reply_to=rows.scalar(session, _LAST_INBOUND, conversation=conversation_id),
        choices=[{"title": choice.title, "payload": choice.payload} for choice in draft.choices],
        offers_help=draft.offers_help,
        meta=draft.meta,
        delivery=Delivery.QUEUED,
        created_at=now,
    )
    attach(session, message_id, draft.attachments)
    by_machine = author.kind is not ActorKind.AGENT
    if by_machine and destination.style is InboxStyle.LETTER and _capped(session, ticket, destination, now):
        _mark_failed(session, message_id, "too_many")
        record(session, ticket, SYSTEM, "not_sent", now, reason="too_many", message_id=message_id)
        return message_id
    rows.insert(
        session,
        OutboxRow,
        message_id=message_id,
        inbox_id=destination.inbox_id,
        lane=conversation_id,
        due_at=now + delay,
    )
    emit(session, Signal(Topic.OUTBOX, destination.inbox_id))
    touch(session, ticket, now)
    return message_id


def claim(
    session: Session, now: datetime, inboxes: Sequence[int] | None = None, conversation_id: int | None = None
) -> list[Claimed]:
    """Lease due messages, complete enough to be sent without asking again; of these inboxes or this conversation.

    What an inbox at rest owes waits until it is active again.
    """
    if conversation_id is not None:
        held = OUTBOX.claim(session, _OF_CONVERSATION, now, conversation=conversation_id)
    elif inboxes is not None:
        held = OUTBOX.claim(session, _OF_INBOXES, now, inboxes=list(inboxes))
    else:
        held = OUTBOX.claim(session, _ALL, now)
    claimed = [Claimed(one.id, one.lease, one.attempts, compose(session, one.message_id)) for one in held]
    for one in claimed:
        # A client that fetches for itself may see it from here on: it can no longer be taken back.
        emit(session, Signal(Topic.CONVERSATION, one.message.conversation_id, one.message.seq))
    return claimed


def part_sent(session: Session, message_id: int, external_id: str) -> None:
    """The other side has one more part of a message, under this id; whoever goes on begins behind it."""
    meta = rows.scalar(session, _META, message=message_id)
    rows.execute(
        session, _NEW_META, message=message_id, new_meta={**meta, "sent_as": [*meta.get("sent_as", ()), external_id]}
    )


def sent(session: Session, claimed: Claimed, now: datetime) -> bool:
    """The channel has it. False if the lease was lost in between (the row belongs to somebody else now)."""
    held = OUTBOX.held(session, claimed.row_id, claimed.lease)
    if held is None:
        return False
    OUTBOX.finish(session, held.id, now)
    rows.execute(session, _IS_SENT, message=held.message_id)
    touched(session, rows.scalar(session, _ON_TICKET, message=held.message_id), now)
    if rows.first(session, _IS_MORE, lane=held.lane) is not None:
        emit(session, Signal(Topic.OUTBOX, held.inbox_id))
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
    """It could not be sent: try again later, or, for good, say so on the ticket. The reason stands at the message."""
    held = OUTBOX.held(session, claimed.row_id, claimed.lease)
    if held is None:
        return
    if not permanent and held.attempts < promises.ATTEMPTS:
        wait = retry_after or promises.backoff(held.attempts, jitter)
        OUTBOX.put_back(session, held.id, now + wait, reason)
        rows.execute(session, _WAITS, message=held.message_id, why=reason)
        touched(session, rows.scalar(session, _ON_TICKET, message=held.message_id), now)
        return
    OUTBOX.give_up(session, held.id, now, reason)
    message_id = held.message_id
    _mark_failed(session, message_id, reason)
    ticket = session.get_one(Ticket, rows.scalar(session, _ON_TICKET, message=message_id))
    record(session, ticket, SYSTEM, "delivery_failed", now, reason=reason, message_id=message_id)


def hand_back(session: Session, claimed: Claimed, due_at: datetime) -> None:
    """This process cannot send it after all, through no fault of the message: somebody may from ``due_at`` on."""
    if OUTBOX.held(session, claimed.row_id, claimed.lease) is not None:
        OUTBOX.put_back(session, claimed.row_id, due_at, "")
        session.execute(update(OutboxRow).where(OutboxRow.id == claimed.row_id).values(attempts=claimed.attempts - 1))


def _mark_failed(session: Session, message_id: int, reason: str) -> None:
    failure = {"delivery": Delivery.FAILED, "delivery_reason": reason}
    session.execute(update(Message).where(Message.id == message_id).values(failure))


def retry(session: Session, message_id: int, now: datetime) -> None:
    """A person wants a failed message tried again, also one that was sent and came back."""
    row = session.scalar(select(OutboxRow).where(OutboxRow.message_id == message_id).with_for_update())
    message = session.get_one(Message, message_id)
    if row is None or row.state is PromiseState.PENDING or message.delivery is not Delivery.FAILED:
        return
    row.state, row.due_at, row.attempts, row.finished_at = PromiseState.PENDING, now, 0, None
    message.delivery, message.delivery_reason = Delivery.QUEUED, ""
    message.meta = {key: value for key, value in message.meta.items() if key != "report"}
    touch(session, session.get_one(Ticket, message.ticket_id), now)
    emit(session, Signal(Topic.OUTBOX, row.inbox_id))


def cancel_machine_messages(session: Session, ticket: Ticket, now: datetime) -> None:
    """Take back what the bot or the system wanted to say on this ticket and nobody has claimed yet."""
    for message_id in rows.execute(session, _TAKE_BACK, ticket=ticket.id, at=now).scalars().all():
        rows.execute(session, _TAKEN_BACK, message=message_id)


def undo(session: Session, message_id: int, agent_id: int, now: datetime) -> Draft:
    """Take back what this agent wrote, as long as nobody has begun to send it. Returns it, to go on with it.

    Raises ``Conflict`` when it is too late.
    """
    message = session.get(Message, message_id)
    mine = message is not None and (message.author_kind, message.author_id) == (ActorKind.AGENT, agent_id)
    if message is None or not mine or rows.execute(session, _UNDO, message=message_id, at=now).rowcount == 0:
        raise Conflict("It is too late to take this back: it is being sent.")
    message.delivery, message.delivery_reason = Delivery.CANCELLED, UNDONE
    touch(session, session.get_one(Ticket, message.ticket_id), now)
    files = session.scalars(select(Attachment).where(Attachment.message_id == message_id).order_by(Attachment.id))
    attachments = tuple(StoredFile(one.sha256, one.filename, one.media_type, one.size) for one in files)
    return Draft(message.text, attachments=attachments)


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


def _capped(session: Session, ticket: Ticket, destination: Destination, now: datetime) -> bool:
    """Whether what a machine has written, the newest included, is more than any span allows."""
    for circle in (Conversation.address_id == destination.address_id, Message.ticket_id == ticket.id):
        written = [func.count().filter(Message.created_at > now - span) for span, _ in CAPS]
        longest = max(span for span, _ in CAPS)
        counts = session.execute(
            select(*written)
            .select_from(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(
                Message.outbound,
                Message.author_kind.in_(_MACHINES),
                Message.delivery != Delivery.FAILED,
                Message.created_at > now - longest,
                circle,
            )
        ).one()
        if any(count > most for count, (_, most) in zip(counts, CAPS, strict=True)):
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
