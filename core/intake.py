"""How anything that arrives becomes part of a documented ticket. One transaction, the same for every channel.

dedupe → requester → conversation → ticket → message → work for the bot. The channel acknowledges to its source only
after this has been committed, and every delivery leaves one line in the ledger:
*fetched = ticketed + duplicate + quarantined + ignored*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.models import (
    Conversation,
    InboundReceipt,
    Inbox,
    Message,
    Organization,
    Participant,
    Requester,
    RequesterAddress,
    Team,
    Ticket,
    WorkKind,
    WorkRow,
)
from core.outbox import attach
from core.signals import Signal, Topic, emit
from core.tickets import lifecycle
from core.tickets.history import record, touch
from core.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Address,
    Automation,
    InboundMessage,
    InboxStyle,
    Outcome,
    Receipt,
    Status,
)

ACKNOWLEDGE_AFTER = timedelta(seconds=20)
"""How long the bot may take to answer a letter before the plain confirmation goes out."""
SUBJECT_LENGTH = 200
SERVICE_DESK = "service-desk"

_REPLY_PREFIX = re.compile(r"^\s*((re|aw|wg|fwd?|antwort)\s*(\[\d+\])?\s*:\s*|\[FL-\d+\]\s*)+", re.IGNORECASE)


def receive(session: Session, inbound: InboundMessage, now: datetime) -> Receipt:
    """Document one inbound message. Calling it again with the same delivery changes nothing but the ledger."""
    if (known := _seen(session, inbound.inbox_id, inbound.dedupe_key)) is not None:
        return _duplicate(session, inbound.inbox_id, known, now)
    if (reason := _ignored(session, inbound)) is not None:
        _ledger(session, inbound, Outcome.IGNORED, now, reason=reason)
        return Receipt(Outcome.IGNORED, reason=reason)
    inbox = session.get_one(Inbox, inbound.inbox_id)
    address = _address(session, inbound.sender, inbox, inbound.language, now)
    place = _place(session, inbox, address, inbound, now)
    message = _add_message(session, place, inbound, now)
    _ledger(session, inbound, Outcome.TICKETED, now, message_id=message.id)
    work = _owe_work(session, inbox, place, message, inbound, now)
    touch(session, place.ticket, now)
    emit(session, Signal(Topic.CONVERSATION, place.conversation.id, place.conversation.last_seq))
    return Receipt(
        Outcome.TICKETED,
        ticket_id=place.ticket.id,
        conversation_id=place.conversation.id,
        message_id=message.id,
        seq=message.seq,
        work_id=work.id if work is not None else None,
    )


def quarantine(
    session: Session,
    inbox_id: int,
    dedupe_key: str,
    reason: str,
    now: datetime,
    raw: bytes | None = None,
    raw_sha256: str | None = None,
) -> Receipt:
    """Keep what cannot be read, visible and retryable, instead of losing it or stumbling over it for ever."""
    if (known := _seen(session, inbox_id, dedupe_key)) is not None:
        return _duplicate(session, inbox_id, known, now)
    session.add(
        InboundReceipt(
            inbox_id=inbox_id,
            dedupe_key=dedupe_key,
            outcome=Outcome.QUARANTINED,
            reason=reason,
            received_at=now,
            raw=raw,
            raw_sha256=raw_sha256,
        )
    )
    return Receipt(Outcome.QUARANTINED, reason=reason)


@dataclass(slots=True)
class _Place:
    """Where a message goes: its conversation and ticket, and whether the ticket is new."""

    conversation: Conversation
    ticket: Ticket
    is_new: bool


def _seen(session: Session, inbox_id: int, dedupe_key: str) -> InboundReceipt | None:
    return session.scalar(
        select(InboundReceipt).where(InboundReceipt.inbox_id == inbox_id, InboundReceipt.dedupe_key == dedupe_key)
    )


def _duplicate(session: Session, inbox_id: int, known: InboundReceipt, now: datetime) -> Receipt:
    session.add(
        InboundReceipt(
            inbox_id=inbox_id,
            dedupe_key=None,
            outcome=Outcome.DUPLICATE,
            reason=f"duplicate of receipt {known.id}",
            message_id=known.message_id,
            received_at=now,
        )
    )
    if known.message_id is None:
        return Receipt(Outcome.DUPLICATE)
    message = session.get_one(Message, known.message_id)
    return Receipt(Outcome.DUPLICATE, message.ticket_id, message.conversation_id, message.id, message.seq)


def _ignored(session: Session, inbound: InboundMessage) -> str | None:
    if inbound.automation is Automation.OWN_ADDRESS:
        return "sent by the desk itself"
    if inbound.automation in (Automation.AUTO_REPLY, Automation.BOUNCE) and _referenced(session, inbound) is None:
        return f"{inbound.automation.replace('_', ' ')} that refers to nothing the desk wrote"
    if not inbound.sender.value:
        raise InvalidInput("The message names no sender.", "sender")
    return None


def _ledger(
    session: Session,
    inbound: InboundMessage,
    outcome: Outcome,
    now: datetime,
    reason: str = "",
    message_id: int | None = None,
) -> None:
    session.add(
        InboundReceipt(
            inbox_id=inbound.inbox_id,
            dedupe_key=inbound.dedupe_key,
            outcome=outcome,
            reason=reason,
            message_id=message_id,
            received_at=now,
            raw=inbound.raw,
            raw_sha256=inbound.raw_sha256,
            authentication=inbound.authentication,
        )
    )


def _address(session: Session, sender: Address, inbox: Inbox, language: str | None, now: datetime) -> RequesterAddress:
    """The sender's address row; somebody new becomes a requester of the organization their domain or inbox names."""
    address = find_address(session, sender)
    if address is None:
        requester = Requester(
            name=sender.name[:200],
            language=language,
            organization_id=_organization_of(session, sender, inbox),
            created_at=now,
        )
        session.add(requester)
        session.flush()
        address = RequesterAddress(
            requester_id=requester.id, kind=sender.kind, value=sender.value, name=sender.name[:200]
        )
        session.add(address)
        session.flush()
    return address


def find_address(session: Session, address: Address) -> RequesterAddress | None:
    return session.scalar(
        select(RequesterAddress).where(RequesterAddress.kind == address.kind, RequesterAddress.value == address.value)
    )


def _organization_of(session: Session, sender: Address, inbox: Inbox) -> int | None:
    domain = sender.value.rpartition("@")[2].lower() if sender.kind == "email" else ""
    if domain:
        for organization in session.scalars(select(Organization)):
            if domain in organization.domains:
                return organization.id
    return inbox.organization_id


def _place(session: Session, inbox: Inbox, address: RequesterAddress, inbound: InboundMessage, now: datetime) -> _Place:
    conversation = _conversation_of_thread(session, inbound)
    ticket: Ticket | None = None
    suggested: int | None = None
    if conversation is None:
        ticket = _referenced(session, inbound)
        if ticket is not None and not _takes_part(session, ticket, address):
            suggested = ticket.id
            ticket = None
        conversation = _conversation(session, inbox, address, ticket, inbound, now)
    elif conversation.ticket_id is not None:
        ticket = session.get(Ticket, conversation.ticket_id, with_for_update=True)
    follow_up = None
    if ticket is not None and ticket.status is Status.CLOSED:
        follow_up = ticket.id
        ticket = _open_follow_up(session, ticket)
    if ticket is not None:
        conversation.ticket_id = ticket.id
        _suggest_split(session, ticket, inbound, now)
        _add_participants(session, ticket, inbox, address, inbound, now)
        return _Place(conversation, ticket, is_new=False)
    ticket = open_ticket(session, inbox, address, inbound, follow_up, now)
    conversation.ticket_id = ticket.id
    _add_participants(session, ticket, inbox, address, inbound, now)
    if suggested is not None:
        record(session, ticket, SYSTEM, "suggested_link", now, reason="not a participant", ticket_id=suggested)
    return _Place(conversation, ticket, is_new=True)


def _conversation_of_thread(session: Session, inbound: InboundMessage) -> Conversation | None:
    if inbound.thread_key is None:
        return None
    return session.scalar(
        select(Conversation)
        .where(Conversation.inbox_id == inbound.inbox_id, Conversation.thread_key == inbound.thread_key)
        .with_for_update()
    )


def _referenced(session: Session, inbound: InboundMessage) -> Ticket | None:
    """The ticket a message refers to, by a Message-ID of ours or theirs, else by the number in its subject."""
    if inbound.references:
        ticket_id = session.scalar(
            select(Message.ticket_id)
            .where(Message.external_id.in_(inbound.references))
            .order_by(Message.id.desc())
            .limit(1)
        )
        if ticket_id is not None:
            return session.get_one(Ticket, ticket_id, with_for_update=True)
    if inbound.ticket_ref is not None:
        return session.get(Ticket, inbound.ticket_ref, with_for_update=True)
    return None


def _open_follow_up(session: Session, closed: Ticket) -> Ticket | None:
    """What became of a closed matter: several answers to it share one new ticket."""
    following = (
        select(Ticket)
        .where(Ticket.follow_up_of_id == closed.id, Ticket.status != Status.CLOSED)
        .order_by(Ticket.id.desc())
        .limit(1)
        .with_for_update()
    )
    return session.scalar(following)


def _takes_part(session: Session, ticket: Ticket, address: RequesterAddress) -> bool:
    return (
        session.scalar(
            select(Participant.id).where(Participant.ticket_id == ticket.id, Participant.address_id == address.id)
        )
        is not None
    )


def _conversation(
    session: Session,
    inbox: Inbox,
    address: RequesterAddress,
    ticket: Ticket | None,
    inbound: InboundMessage,
    now: datetime,
) -> Conversation:
    """The thread of this person on this ticket, or a new one."""
    if ticket is not None:
        existing = session.scalar(
            select(Conversation)
            .where(
                Conversation.inbox_id == inbox.id,
                Conversation.ticket_id == ticket.id,
                Conversation.address_id == address.id,
            )
            .order_by(Conversation.id.desc())
            .limit(1)
            .with_for_update()
        )
        if existing is not None:
            return existing
    conversation = Conversation(
        inbox_id=inbox.id,
        thread_key=inbound.thread_key or inbound.dedupe_key,
        address_id=address.id,
        last_seq=0,
        delivered_seq=0,
        created_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def open_ticket(
    session: Session,
    inbox: Inbox,
    address: RequesterAddress,
    inbound: InboundMessage,
    follow_up_of: int | None,
    now: datetime,
) -> Ticket:
    """A new ticket, with the bot; what a machine or a mailing list sent goes to the Service Desk unanswered."""
    requester = session.get_one(Requester, address.requester_id)
    ticket = Ticket(
        requester_id=requester.id,
        organization_id=requester.organization_id,
        subject=subject_line(inbound.subject, inbound.text),
        language=inbound.language or requester.language or inbox.language,
        status=Status.NEW,
        level=0,
        version=0,
        follow_up_of_id=follow_up_of,
        created_at=now,
        updated_at=now,
    )
    if inbound.automation is not None:
        ticket.level = 1
        ticket.team_id = session.scalar(select(Team.id).where(Team.key == SERVICE_DESK))
    session.add(ticket)
    session.flush()
    record(session, ticket, Actor(ActorKind.REQUESTER, requester.id), "created", now, follow_up_of=follow_up_of)
    return ticket


def subject_line(subject: str, text: str) -> str:
    """The subject without reply prefixes and our own number, or the first line of the text."""
    cleaned = _REPLY_PREFIX.sub("", subject).strip()
    if not cleaned:
        cleaned = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return cleaned if len(cleaned) <= SUBJECT_LENGTH else cleaned[: SUBJECT_LENGTH - 1].rstrip() + "…"


def _suggest_split(session: Session, ticket: Ticket, inbound: InboundMessage, now: datetime) -> None:
    """A new subject on an old thread is often a new matter: it stays here, and people are told."""
    cleaned = _REPLY_PREFIX.sub("", inbound.subject).strip()
    if cleaned and cleaned.casefold() != _REPLY_PREFIX.sub("", ticket.subject).strip().casefold():
        record(session, ticket, SYSTEM, "suggested_split", now, reason=cleaned[:SUBJECT_LENGTH])


def _add_participants(
    session: Session,
    ticket: Ticket,
    inbox: Inbox,
    address: RequesterAddress,
    inbound: InboundMessage,
    now: datetime,
) -> None:
    """The sender, and whoever the sender themselves put in copy."""
    everybody = [address]
    copied = [recipient for recipient in inbound.recipients if recipient != inbound.sender]
    everybody += [_address(session, recipient, inbox, None, now) for recipient in copied]
    known = set(session.scalars(select(Participant.address_id).where(Participant.ticket_id == ticket.id)))
    for participant_id in dict.fromkeys(participant.id for participant in everybody):
        if participant_id not in known:
            session.add(Participant(ticket_id=ticket.id, address_id=participant_id))


def _add_message(session: Session, place: _Place, inbound: InboundMessage, now: datetime) -> Message:
    ticket, conversation = place.ticket, place.conversation
    conversation.last_seq += 1
    address = session.get_one(RequesterAddress, conversation.address_id)
    requester = session.get_one(Requester, address.requester_id)
    message = Message(
        ticket_id=ticket.id,
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        outbound=False,
        author_kind=ActorKind.REQUESTER,
        author_id=requester.id,
        author_name=inbound.sender.name[:200] or requester.name,
        subject=inbound.subject[:300],
        text=inbound.text,
        full_text=inbound.full_text if inbound.full_text != inbound.text else None,
        html=inbound.html,
        external_id=inbound.external_id,
        meta=_meta(inbound),
        created_at=now,
    )
    session.add(message)
    session.flush()
    attach(session, message, inbound.attachments)
    if inbound.automation is None:
        ticket.status = lifecycle.after_requester_message(ticket.status)
        if ticket.waiting_since is None and ticket.status is not Status.RESOLVED:
            ticket.waiting_since = inbound.received_at
    return message


def _meta(inbound: InboundMessage) -> dict[str, str]:
    meta = {}
    if inbound.payload is not None:
        meta["payload"] = inbound.payload
    if inbound.automation is not None:
        meta["automation"] = str(inbound.automation)
    return meta


def _owe_work(
    session: Session, inbox: Inbox, place: _Place, message: Message, inbound: InboundMessage, now: datetime
) -> WorkRow | None:
    """The bot reads everything people write: it answers what it has, and only listens where people have the ticket."""
    ticket = place.ticket
    if inbound.automation is not None:
        return None
    work = WorkRow(kind=WorkKind.UNDERSTAND, ticket_id=ticket.id, lane=ticket.id, message_id=message.id, due_at=now)
    session.add(work)
    if place.is_new and inbox.style is InboxStyle.LETTER:
        due_at = now + ACKNOWLEDGE_AFTER
        session.add(
            WorkRow(
                kind=WorkKind.ACKNOWLEDGE, ticket_id=ticket.id, lane=ticket.id, message_id=message.id, due_at=due_at
            )
        )
    session.flush()
    emit(session, Signal(Topic.WORK))
    return work
