"""What a telephone system tells of calls: merged, in whatever order and however often it comes.

A call that is over and was missed becomes a message (``core.intake`` goes on with what ``take`` returns). A call that
was answered is people's to write down (``core.calls.log``), unless it belongs to a call back that is owed: then it
stands on that ticket by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.calls import entries, numbers
from core.calls.people import agent_called
from core.joining import known_person
from core.models import Call, Message, Ticket
from core.signals import Signal, Topic, emit
from core.tickets import lifecycle
from core.tickets.actions import locked
from core.tickets.history import touched
from core.values import Address, CallEvent, CallResult, CallStep, Direction, InboundMessage, TicketKind

RINGS_AT_MOST, LASTS_AT_MOST = timedelta(minutes=5), timedelta(hours=6)
"""A call of which no end was told within these ended without anybody telling."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to become of a delivery: ``message`` is a new message, else it is documented with ``message_id`` or,
    without one, counts as ignored for a ``reason``. One that is not ``over`` is no delivery yet."""

    call_id: int
    over: bool = True
    message: InboundMessage | None = None
    message_id: int | None = None
    reason: str = ""


def take(session: Session, inbound: InboundMessage, event: CallEvent) -> Taken:
    """Merge one event into its call, and say what follows from it."""
    call = _call(session, inbound.inbox_id, event)
    _merge(session, call, event)
    emit(session, Signal(Topic.CALL, call.id))
    if call.ticket_id is not None:
        touched(session, call.ticket_id, inbound.received_at)
    if event.step is not CallStep.ENDED:
        return Taken(call.id, over=False)
    if call.message_id is not None:
        return Taken(call.id, message_id=call.message_id)
    owed = _owed_ticket(session, call)
    if call.result is CallResult.MISSED and call.direction is Direction.IN:
        if owed is None and not event.wants_call_back and not inbound.text:
            return Taken(call.id, reason="a missed call")
        return _missed(session, call, inbound, owed)
    if owed is None or call.result is CallResult.FORWARDED:
        return Taken(call.id, reason=f"a call, {call.result}")
    ticket = locked(session, owed)
    message_id = entries.write(session, ticket, call, inbound.placeholder, inbound.received_at)
    return Taken(call.id, message_id=message_id)


def documented(session: Session, call_id: int, ticket_id: int, message_id: int, is_new: bool) -> None:
    """A missed call has become a message; a ticket that it opened is the call back that is owed."""
    call = session.get_one(Call, call_id)
    call.ticket_id, call.message_id = ticket_id, message_id
    if is_new:
        locked(session, ticket_id).kind = TicketKind.SERVICE_REQUEST


def unfinished(session: Session, inbox_id: int, now: datetime) -> list[CallEvent]:
    """The ends of calls that nobody told: the event was lost, or the desk was not there to hear it."""
    going_on = select(Call).where(
        Call.inbox_id == inbox_id, Call.result.is_(None), Call.started_at < now - RINGS_AT_MOST
    )
    return [
        CallEvent(
            key=call.key,
            step=CallStep.ENDED,
            at=call.answered_at or call.started_at,
            direction=call.direction,
            number=call.number,
        )
        for call in session.scalars(going_on.order_by(Call.id))
        if call.answered_at is None or call.answered_at < now - LASTS_AT_MOST
    ]


def _call(session: Session, inbox_id: int, event: CallEvent) -> Call:
    """The call of an event, locked; made if this is the first that is heard of it."""
    wanted = select(Call).where(Call.inbox_id == inbox_id, Call.key == event.key)
    call = session.scalar(wanted.with_for_update())
    if call is None:
        call = Call(inbox_id=inbox_id, key=event.key, direction=event.direction, started_at=event.at)
        call.number, call.line, call.answered_by, call.people = "", "", "", []
        session.add(call)
        session.flush()
    return call


def _merge(session: Session, call: Call, event: CallEvent) -> None:
    """Each event fills in what it knows; what is known already stays."""
    region = numbers.region_of(session, event.region)
    call.started_at = min(call.started_at, event.at)
    call.number = call.number or numbers.normal(event.number, region)
    call.line = call.line or numbers.normal(event.line, region) or event.line[:40]
    people = [one.strip()[:200] for one in event.people if one.strip()]
    match event.step:
        case CallStep.NEW:
            call.direction = event.direction
            call.people = list(dict.fromkeys([*call.people, *people]))[:50]
        case CallStep.ANSWERED:
            _answered(session, call, event, people)
        case CallStep.ENDED if call.result is None:
            call.to_mailbox = call.to_mailbox or event.by_mailbox
            call.ended_at, call.result = event.at, _result(call, event)


def _answered(session: Session, call: Call, event: CallEvent, people: list[str]) -> None:
    if event.by_mailbox:
        call.to_mailbox = True
    if event.by_mailbox or call.answered_at is not None:
        return
    # What is told after the end was before it.
    call.answered_at = min(event.at, call.ended_at) if call.ended_at is not None else event.at
    call.answered_by = call.answered_by or (people[0] if people else "")
    call.agent_id = call.agent_id or agent_called(session, people or call.people[:1])
    if call.result is CallResult.MISSED:
        call.result = CallResult.TALKED


def _result(call: Call, event: CallEvent) -> CallResult:
    if call.answered_at is not None:
        return CallResult.TALKED if event.result is not CallResult.FORWARDED else CallResult.FORWARDED
    if event.result is None or call.to_mailbox:
        return CallResult.MISSED
    return event.result


def _missed(session: Session, call: Call, inbound: InboundMessage, owed: int | None) -> Taken:
    """A message of its own, on the ticket of the call back that is owed already, or on a new one."""
    if not call.number and not inbound.text:
        return Taken(call.id, reason="a missed call without a number")
    sender = Address(numbers.KIND, call.number or f"{numbers.UNKNOWN}{call.key}")
    known = known_person(session, sender)
    thread = entries.thread_of(session, call, owed) if owed is not None else entries.thread(call)
    name = (known.name if known is not None else "") or numbers.spoken(call.number)
    subject = inbound.subject.format(caller=name) if name else ""
    language = known.language if known is not None else None
    message = replace(
        inbound, sender=sender, subject=subject, thread_key=thread, language=language or inbound.language, call=None
    )
    return Taken(call.id, message=message)


def _owed_ticket(session: Session, call: Call) -> int | None:
    """The open ticket of an earlier missed call of this number: the call back that is still owed."""
    if not call.number:
        return None
    return session.scalar(
        select(Ticket.id)
        .join(Call, Call.ticket_id == Ticket.id)
        .join(Message, Message.id == Call.message_id)
        .where(
            Call.inbox_id == call.inbox_id,
            Call.number == call.number,
            Call.result == CallResult.MISSED,
            Call.direction == Direction.IN,
            Ticket.status.in_(lifecycle.ACTIVE),
        )
        .order_by(Ticket.id.desc())
        .limit(1)
    )
