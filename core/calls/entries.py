"""A call on a ticket: one message in the conversation over that number, from whoever called."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import rows
from core.calls import numbers
from core.joining import inbox_row, person
from core.models import Agent, Call, Conversation, Message, Participant, Requester, Ticket
from core.search.index import index_anew
from core.signals import Signal, Topic, emit
from core.tickets.history import touch
from core.values import ActorKind, Address, CallResult, Delivery, Direction, Status

WORDS = "words"
"""Where a message's ``meta`` keeps what people said, where the text is only the desk's word for it."""


def thread(call: Call) -> str:
    """A conversation by telephone begins with a call."""
    return f"call:{call.key}"


def thread_of(session: Session, call: Call, ticket_id: int) -> str:
    """The conversation over this number that a ticket has already, else one of its own."""
    found = _conversation(session, call, ticket_id)
    return found.thread_key if found is not None else thread(call)


def write(session: Session, ticket: Ticket, call: Call, placeholder: str, now: datetime, words: str = "") -> int:
    """Put a call on a ticket, which must be locked. What people spoke answers who was waiting. The message's id."""
    conversation_id, seq = _next_place(session, ticket, call, now)
    by_us = call.direction is Direction.OUT
    agent = session.get(Agent, call.agent_id) if call.agent_id is not None else None
    requester = session.get_one(Requester, ticket.requester_id)
    message_id = rows.insert(
        session,
        Message,
        ticket_id=ticket.id,
        conversation_id=conversation_id,
        seq=seq,
        outbound=by_us,
        author_kind=ActorKind.AGENT if by_us else ActorKind.REQUESTER,
        author_id=call.agent_id if by_us else requester.id,
        author_name=(agent.name if agent is not None else call.answered_by) if by_us else requester.name,
        text=words or placeholder,
        meta={} if words else {WORDS: ""},
        delivery=Delivery.DELIVERED if by_us else None,
        delivered_at=now if by_us else None,
        created_at=call.started_at,
    )
    call.ticket_id, call.message_id = ticket.id, message_id
    if call.result is not CallResult.MISSED:
        _spoken(ticket, now)
    touch(session, ticket, now)
    # Whoever locks the ticket next reads it anew.
    session.flush()
    emit(session, Signal(Topic.CALL, call.id))
    return message_id


def reword(session: Session, call: Call, words: str) -> None:
    """What was said on a call that stands on a ticket already."""
    message = session.get_one(Message, call.message_id)
    message.text = words if WORDS in message.meta or not message.text else f"{message.text}\n\n{words}"
    message.meta = {name: value for name, value in message.meta.items() if name != WORDS}
    session.flush()
    index_anew(session, message.id)


def _spoken(ticket: Ticket, now: datetime) -> None:
    """A person heard from us: nobody waits any more for that."""
    ticket.first_response_at = ticket.first_response_at or now
    ticket.waiting_since = None
    ticket.callback_at = None
    if ticket.status is Status.NEW:
        ticket.status = Status.OPEN


def _conversation(session: Session, call: Call, ticket_id: int) -> Conversation | None:
    return session.scalar(
        select(Conversation)
        .where(Conversation.inbox_id == call.inbox_id, Conversation.ticket_id == ticket_id)
        .order_by(Conversation.id.desc())
        .limit(1)
        .with_for_update()
    )


def _next_place(session: Session, ticket: Ticket, call: Call, now: datetime) -> tuple[int, int]:
    """The conversation and the place in it for one more call; the caller becomes a participant."""
    found = _conversation(session, call, ticket.id)
    if found is not None:
        seq = session.scalar(
            update(Conversation)
            .where(Conversation.id == found.id)
            .values(last_seq=Conversation.last_seq + 1)
            .returning(Conversation.last_seq)
            .execution_options(synchronize_session=False)
        )
        assert seq is not None
        return found.id, seq
    number = Address(numbers.KIND, call.number or f"{numbers.UNKNOWN}{call.key}")
    address_id = person(session, number, inbox_row(session, call.inbox_id), None, now).address_id
    conversation_id = rows.insert(
        session,
        Conversation,
        inbox_id=call.inbox_id,
        thread_key=thread(call),
        address_id=address_id,
        ticket_id=ticket.id,
        last_seq=1,
        created_at=now,
    )
    known = select(Participant.id).where(Participant.ticket_id == ticket.id, Participant.address_id == address_id)
    if session.scalar(known) is None:
        rows.insert(session, Participant, ticket_id=ticket.id, address_id=address_id)
    return conversation_id, 1
