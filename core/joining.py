"""Which requester, conversation and ticket a message belongs to: decided here, once, for every channel.

A message joins a ticket through the channel's own thread, or through a reference or a number *and* a participant's
address; anything else opens a ticket of its own that suggests the link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.orm import Session

from core import rows, storms
from core.models import (
    Conversation,
    Inbox,
    Message,
    Organization,
    Participant,
    Requester,
    RequesterAddress,
    Team,
    Ticket,
)
from core.tickets.history import write
from core.values import (
    SYSTEM,
    Actor,
    ActorKind,
    Address,
    Automation,
    InboundMessage,
    InboxStyle,
    Status,
    without_numbers,
)

SUBJECT_LENGTH = 200
SERVICE_DESK = "service-desk"

_REPLY_PREFIX = re.compile(r"^\s*((re|aw|wg|fwd?|antwort)\s*(\[\d+\])?\s*:\s*|\[FL-\d+\]\s*)+", re.IGNORECASE)

_INBOX = select(Inbox.id, Inbox.style, Inbox.language, Inbox.organization_id).where(Inbox.id == bindparam("inbox"))
_PERSON = (
    select(
        RequesterAddress.id,
        RequesterAddress.requester_id,
        Requester.name,
        Requester.language,
        Requester.organization_id,
    )
    .join(Requester, Requester.id == RequesterAddress.requester_id)
    .where(RequesterAddress.kind == bindparam("kind"), RequesterAddress.value == bindparam("value"))
)
_ORGANIZATIONS = select(Organization.id, Organization.domains)
_THREAD = (
    select(Conversation.id, Conversation.ticket_id)
    .where(Conversation.inbox_id == bindparam("inbox"), Conversation.thread_key == bindparam("thread"))
    .with_for_update()
)
_OF_PERSON = (
    select(Conversation.id)
    .where(
        Conversation.inbox_id == bindparam("inbox"),
        Conversation.ticket_id == bindparam("ticket"),
        Conversation.address_id == bindparam("address"),
    )
    .order_by(Conversation.id.desc())
    .limit(1)
    .with_for_update()
)
_ADVANCE = (
    update(Conversation.__table__)  # type: ignore[arg-type]
    .where(Conversation.__table__.c.id == bindparam("conversation"))
    .values(last_seq=Conversation.__table__.c.last_seq + 1, ticket_id=bindparam("ticket"))
    .returning(Conversation.__table__.c.last_seq)
)
_TICKET = select(Ticket.id, Ticket.status, Ticket.subject, Ticket.waiting_since, Ticket.version)
_BY_ID = _TICKET.where(Ticket.id == bindparam("ticket")).with_for_update()
_MERGED_INTO = select(Ticket.merged_into_id).where(Ticket.id == bindparam("ticket"))
_FOLLOWING = (
    _TICKET.where(Ticket.follow_up_of_id == bindparam("ticket"), Ticket.status != Status.CLOSED)
    .order_by(Ticket.id.desc())
    .limit(1)
    .with_for_update()
)
_SUBJECTS = select(Message.subject).where(Message.ticket_id == bindparam("ticket")).distinct()
_PARTICIPANTS = select(Participant.address_id).where(Participant.ticket_id == bindparam("ticket"))
_TAKING_PART = select(Participant.ticket_id).where(
    Participant.ticket_id.in_(bindparam("tickets", expanding=True)), Participant.address_id == bindparam("address")
)
_TEAM = (
    select(Team.id, Team.level)
    .where(
        (Team.key == SERVICE_DESK)
        | (Team.id == select(Inbox.team_id).where(Inbox.id == bindparam("inbox")).scalar_subquery())
    )
    .order_by(Team.key == SERVICE_DESK)
    .limit(1)
)


class InboxRow(NamedTuple):
    id: int
    style: InboxStyle
    language: str
    organization_id: int | None


class Person(NamedTuple):
    """A requester by one of their addresses."""

    address_id: int
    requester_id: int
    name: str
    language: str | None
    organization_id: int | None


class TicketRow(NamedTuple):
    """What intake must know of a ticket, read under its lock."""

    id: int
    status: Status
    subject: str
    waiting_since: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes; ``seq`` is its place in the conversation.

    ``is_storm`` says that it would have opened a ticket, had its sender not opened too many already.
    """

    conversation_id: int
    seq: int
    ticket: TicketRow
    is_new: bool
    is_storm: bool = False


def inbox_row(session: Session, inbox_id: int) -> InboxRow:
    return InboxRow(*rows.execute(session, _INBOX, inbox=inbox_id).one())


def known_person(session: Session, address: Address) -> Person | None:
    """Whose address it is, if anybody's."""
    found = rows.first(session, _PERSON, kind=address.kind, value=address.value)
    return Person(*found) if found is not None else None


def person(
    session: Session,
    address: Address,
    inbox: InboxRow,
    language: str | None,
    now: datetime,
    vouched: Address | None = None,
) -> Person:
    """Whose address it is; somebody new becomes a requester of the organization their domain or the inbox names.

    ``vouched`` is an address of theirs that tells more than the one they write from.
    """
    if (found := known_person(session, address)) is not None:
        return found if found.name or not address.name else _named(session, found, address.name[:200])
    name, organization_id = address.name[:200], _by_domain(session, vouched or address) or inbox.organization_id
    requester_id = rows.insert(
        session, Requester, name=name, language=language, organization_id=organization_id, created_at=now
    )
    address_id = rows.insert(
        session, RequesterAddress, requester_id=requester_id, kind=address.kind, value=address.value, name=name
    )
    return Person(address_id, requester_id, name, language, organization_id)


def _named(session: Session, known: Person, name: str) -> Person:
    """Somebody who was only an address says their name."""
    session.get_one(Requester, known.requester_id).name = name
    session.flush()
    return known._replace(name=name)


def organization_of(session: Session, address: Address) -> int | None:
    """Whose address it is: as we know the person, or by its domain."""
    found = rows.first(session, _PERSON, kind=address.kind, value=address.value)
    return Person(*found).organization_id if found is not None else _by_domain(session, address)


def _by_domain(session: Session, address: Address) -> int | None:
    domain = address.value.rpartition("@")[2].lower() if address.kind == "email" else ""
    if domain:
        for organization_id, domains in rows.execute(session, _ORGANIZATIONS):
            if domain in domains:
                return int(organization_id)
    return None


def find_place(session: Session, inbox: InboxRow, sender: Person, inbound: InboundMessage, now: datetime) -> Place:
    """The conversation and the open ticket of a message, both made if there are none; the ticket is locked."""
    conversation_id, ticket = _thread(session, inbound)
    suggested = None
    if conversation_id is None:
        ticket = referenced(session, inbound)
        if ticket is not None and sender.address_id not in _participants(session, ticket):
            suggested, ticket = ticket.id, None
        if ticket is not None:
            conversation_id = _conversation_on(session, inbox, ticket, sender)
    closed_id = None
    if ticket is not None and ticket.status is Status.CLOSED and inbound.automation is not Automation.AUTO_REPLY:
        closed_id = ticket.id
        ticket = _read_ticket(session, _FOLLOWING, ticket.id)
    storm_id = None
    if ticket is None and inbox.style is InboxStyle.LETTER:
        storm_id = storms.collecting(session, sender.requester_id, inbound.sender.value, now)
    if storm_id is not None:
        ticket = _read_ticket(session, _BY_ID, storm_id)
    elif ticket is not None:
        _suggest_split(session, ticket, inbound, now)
    is_new = ticket is None
    if ticket is None:
        ticket = _open_ticket(session, inbox, sender, inbound, closed_id, now)
    elif storm_id is not None:
        conversation_id = _conversation_on(session, inbox, ticket, sender)
    known = frozenset() if is_new else _participants(session, ticket)
    _add_participants(session, ticket, known, inbox, sender, inbound, now)
    if suggested is not None:
        write(session, ticket.id, SYSTEM, "suggested_link", now, "not a participant", ticket_id=suggested)
    if conversation_id is None:
        conversation_id, seq = _open_conversation(session, inbox, sender, ticket, inbound, now), 1
    else:
        seq = rows.scalar(session, _ADVANCE, conversation=conversation_id, ticket=ticket.id)
    if storm_id is not None and seq > storms.MESSAGES:
        raise storms.too_much(inbound.sender.value)
    return Place(conversation_id, seq, ticket, is_new, storm_id is not None)


def referenced(session: Session, inbound: InboundMessage) -> TicketRow | None:
    """The ticket a message refers to, by a Message-ID of ours or theirs, else by a number in its subject.

    Of several the first that its sender takes part in, for another desk may number as this one does.
    """
    found = list(inbound.ticket_refs)
    if inbound.references:
        query = select(Message.ticket_id).where(Message.external_id.in_(inbound.references))
        ticket_id = session.scalar(query.order_by(Message.id.desc()).limit(1))
        found = [ticket_id, *found] if ticket_id is not None else found
    if len(found) > 1 and (known := known_person(session, inbound.sender)) is not None:
        own = set(rows.execute(session, _TAKING_PART, tickets=found, address=known.address_id).scalars())
        found.sort(key=lambda one: one not in own)
    return next((ticket for one in found if (ticket := _where_it_is(session, one)) is not None), None)


def takes_part(session: Session, ticket: TicketRow, address: Address) -> bool:
    """Whether somebody is a participant; nobody is made one."""
    found = known_person(session, address)
    return found is not None and found.address_id in _participants(session, ticket)


def _thread(session: Session, inbound: InboundMessage) -> tuple[int | None, TicketRow | None]:
    """The conversation of the channel's own thread, locked, and the ticket it is about."""
    if inbound.thread_key is None:
        return None, None
    found = rows.first(session, _THREAD, inbox=inbound.inbox_id, thread=inbound.thread_key)
    if found is None:
        return None, None
    conversation_id, ticket_id = found
    return conversation_id, _where_it_is(session, ticket_id) if ticket_id is not None else None


def _where_it_is(session: Session, ticket_id: int) -> TicketRow | None:
    """The ticket, locked, or the one it was merged into, also if that happened while this waited for the lock."""
    found = _read_ticket(session, _BY_ID, ticket_id)
    if found is None or found.status is not Status.CLOSED:
        return found
    target_id: int | None = rows.scalar(session, _MERGED_INTO, ticket=ticket_id)
    return found if target_id is None else _where_it_is(session, target_id)


def _read_ticket(session: Session, statement: Executable, ticket_id: int) -> TicketRow | None:
    found = rows.first(session, statement, ticket=ticket_id)
    return TicketRow(*found) if found is not None else None


def _conversation_on(session: Session, inbox: InboxRow, ticket: TicketRow, sender: Person) -> int | None:
    """Where this person already writes about this ticket."""
    found: int | None = rows.scalar(session, _OF_PERSON, inbox=inbox.id, ticket=ticket.id, address=sender.address_id)
    return found


def _open_conversation(
    session: Session, inbox: InboxRow, sender: Person, ticket: TicketRow, inbound: InboundMessage, now: datetime
) -> int:
    return rows.insert(
        session,
        Conversation,
        inbox_id=inbox.id,
        thread_key=inbound.thread_key or inbound.dedupe_key,
        address_id=sender.address_id,
        ticket_id=ticket.id,
        last_seq=1,
        is_shared=inbound.is_shared,
        created_at=now,
    )


def _open_ticket(
    session: Session,
    inbox: InboxRow,
    sender: Person,
    inbound: InboundMessage,
    follow_up_of: int | None,
    now: datetime,
) -> TicketRow:
    """A new ticket, with the bot; what is for people, or was sent by a machine or a list, goes to the Service Desk."""
    by_machine = inbound.automation is not None
    to_people = by_machine or inbound.for_people
    subject = subject_line(inbound.subject, inbound.text or inbound.placeholder or _first_file(inbound))
    since = None if by_machine else inbound.received_at
    team_id, team_level = team_of(session, inbox.id) if to_people else (None, 0)
    ticket_id = rows.insert(
        session,
        Ticket,
        requester_id=sender.requester_id,
        organization_id=sender.organization_id,
        subject=subject,
        language=inbound.language or sender.language or inbox.language,
        level=team_level,
        team_id=team_id,
        follow_up_of_id=follow_up_of,
        version=1,
        created_at=now,
        updated_at=now,
        waiting_since=since,
    )
    requester = Actor(ActorKind.REQUESTER, sender.requester_id)
    write(session, ticket_id, requester, "created", now, follow_up_of=follow_up_of)
    return TicketRow(ticket_id, Status.NEW, subject, since, 0)


def _first_file(inbound: InboundMessage) -> str:
    return inbound.attachments[0].filename if inbound.attachments else ""


def team_of(session: Session, inbox_id: int) -> tuple[int | None, int]:
    """The team that takes over what comes in there, and its level: the inbox's own, else the Service Desk."""
    found = rows.first(session, _TEAM, inbox=inbox_id)
    return (found[0], found[1]) if found is not None else (None, 1)


def subject_line(subject: str, text: str) -> str:
    """The subject without reply prefixes and our own number, or the first line of the text."""
    cleaned = _REPLY_PREFIX.sub("", subject).strip()
    if not cleaned:
        cleaned = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return cleaned if len(cleaned) <= SUBJECT_LENGTH else cleaned[: SUBJECT_LENGTH - 1].rstrip() + "…"


def _suggest_split(session: Session, ticket: TicketRow, inbound: InboundMessage, now: datetime) -> None:
    """A new subject on an old thread is often a new matter: it stays here, and people are told."""
    cleaned = _REPLY_PREFIX.sub("", inbound.subject).strip()
    if not cleaned or _plain(cleaned) == _plain(ticket.subject):
        return
    # A ticket that another one was merged into goes by several subjects.
    if _plain(cleaned) not in map(_plain, rows.execute(session, _SUBJECTS, ticket=ticket.id).scalars()):
        write(session, ticket.id, SYSTEM, "suggested_split", now, cleaned[:SUBJECT_LENGTH])


def _plain(subject: str) -> str:
    return without_numbers(_REPLY_PREFIX.sub("", subject)).casefold()


def _participants(session: Session, ticket: TicketRow) -> frozenset[int]:
    return frozenset(rows.execute(session, _PARTICIPANTS, ticket=ticket.id).scalars())


def _add_participants(
    session: Session,
    ticket: TicketRow,
    known: frozenset[int],
    inbox: InboxRow,
    sender: Person,
    inbound: InboundMessage,
    now: datetime,
) -> None:
    """The sender, and whoever the sender themselves put in copy."""
    copied = [recipient for recipient in inbound.recipients if recipient != inbound.sender]
    everybody = [sender, *(person(session, recipient, inbox, None, now) for recipient in copied)]
    for address_id in dict.fromkeys(one.address_id for one in everybody):
        if address_id not in known:
            rows.insert(session, Participant, ticket_id=ticket.id, address_id=address_id)
