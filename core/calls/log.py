"""The quick log: what an agent writes down of a call becomes a ticket, or part of one, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import rows
from core.calls import entries, numbers, people
from core.errors import Conflict, InvalidInput, Mistakes, NotFound
from core.joining import subject_line
from core.models import (
    Agent,
    Call,
    Inbox,
    InboxState,
    Organization,
    Requester,
    RequesterAddress,
    Team,
    Ticket,
)
from core.signals import Signal, Topic, emit
from core.tickets import actions, details
from core.tickets.history import write
from core.tickets.priority import priority
from core.values import Actor, CallResult, Direction, InboxStyle, ResolutionCode, Scale, Status, TicketKind

CHANNEL, BY_HAND = "phone", "calls"
"""The channel of calls, and the address of the inbox for those that no telephone system tells of."""
LONGEST_NAME, LONGEST_SUBJECT = 200, 300


@dataclass(frozen=True, slots=True)
class Note:
    """What was written down.

    ``token`` makes a form that is sent twice one call; ``call_id`` is the call that it is about, where a telephone
    system told of it. Without ``requester_id`` the caller is new. ``ticket_id`` is what it belongs to, if not a ticket
    of its own. ``solved`` says how it was solved on the telephone; else ``team`` says who goes on, and without either
    the agent does.
    """

    token: str
    notes: str
    direction: Direction = Direction.IN
    reached: bool = True
    call_id: int | None = None
    ticket_id: int | None = None
    requester_id: int | None = None
    name: str = ""
    number: str = ""
    organization_id: int | None = None
    subject: str = ""
    intent: str | None = None
    guessed: str | None = None
    """What the understanding took it for; another ``intent`` is a correction."""
    confidence: float | None = None
    kind: TicketKind | None = None
    impact: Scale | None = None
    urgency: Scale | None = None
    solved: ResolutionCode | None = None
    team: str = ""
    language: str = "de"


def save(session: Session, agent_id: int, note: Note, placeholder: str, now: datetime) -> int:
    """Document the call; the ticket's id. Saving the same form again changes nothing. Raises ``Mistakes``."""
    known = session.scalar(select(Call).where(Call.key == f"log:{note.token}"))
    if known is not None and known.ticket_id is not None:
        return known.ticket_id
    number = _check(session, note)
    call = _call(session, agent_id, note, number, now)
    said = note.notes.strip()
    if call.message_id is not None:
        if said:
            entries.reword(session, call, said)
        ticket = actions.locked(session, call.ticket_id or 0)
    else:
        requester = _requester(session, note, call, now)
        ticket = _ticket(session, agent_id, note, requester, now)
        entries.write(session, ticket, call, placeholder, now, said)
    call.agent_id = call.agent_id or agent_id
    emit(session, Signal(Topic.CALL, call.id))
    _classify(session, ticket, agent_id, note, now)
    session.flush()
    _go_on(session, ticket, agent_id, note, now)
    return ticket.id


def _check(session: Session, note: Note) -> str:
    """The number in its normal form."""
    wrong: dict[str, InvalidInput] = {}
    number = numbers.normal(note.number, numbers.region_of(session)) if note.number.strip() else ""
    if note.number.strip() and not number:
        wrong["number"] = InvalidInput(
            "That is no telephone number. Write it like 030 1234567 or +49 30 1234567.", "number"
        )
    if not note.notes.strip() and not note.subject.strip() and note.reached:
        wrong["notes"] = InvalidInput("Write in a word or two what it is about.", "notes")
    if note.requester_id is not None and session.get(Requester, note.requester_id) is None:
        wrong["who"] = InvalidInput("That person does not exist any more. Please choose again.", "who")
    if note.requester_id is None and note.call_id is None and not (note.name.strip() or number):
        wrong["who"] = InvalidInput("Who is calling? Choose somebody, or write a name or a number.", "who")
    if note.organization_id is not None and session.get(Organization, note.organization_id) is None:
        wrong["organization"] = InvalidInput("Please choose one of the values offered.", "organization")
    if note.team and session.scalar(select(Team.id).where(Team.key == note.team)) is None:
        wrong["team"] = InvalidInput("Please choose one of the values offered.", "team")
    if wrong:
        raise Mistakes(wrong)
    return number


def _call(session: Session, agent_id: int, note: Note, number: str, now: datetime) -> Call:
    """The call a telephone system told of, locked, or one that nobody but the agent knows of."""
    if note.call_id is not None:
        call = session.scalar(select(Call).where(Call.id == note.call_id).with_for_update())
        if call is None:
            raise NotFound("That call does not exist any more.")
        call.number = call.number or number
        return call
    call = Call(
        inbox_id=_inbox(session, now),
        key=f"log:{note.token}",
        direction=note.direction,
        number=number,
        line="",
        people=[],
        answered_by="",
        agent_id=agent_id,
        started_at=now,
        ended_at=now,
        result=CallResult.TALKED if note.reached else CallResult.MISSED,
    )
    session.add(call)
    session.flush()
    return call


def _inbox(session: Session, now: datetime) -> int:
    """The inbox of calls that are written down by hand: one for telephones that there is, or one of its own."""
    first = select(Inbox.id).where(Inbox.channel == CHANNEL, Inbox.state != InboxState.ARCHIVED)
    found = session.scalar(first.order_by(Inbox.state != InboxState.ACTIVE, Inbox.id).limit(1))
    if found is not None:
        return found
    inbox = session.scalar(select(Inbox).where(Inbox.channel == CHANNEL, Inbox.address == BY_HAND))
    if inbox is None:
        inbox = Inbox(
            channel=CHANNEL,
            address=BY_HAND,
            address_kind=numbers.KIND,
            name="Telefon",
            style=InboxStyle.DIALOGUE,
            can_send=False,
            configuration={"key": BY_HAND},
            sealed={},
            created_at=now,
        )
        session.add(inbox)
        session.flush()
        emit(session, Signal(Topic.INBOX, inbox.id))
    return inbox.id


def _requester(session: Session, note: Note, call: Call, now: datetime) -> Requester:
    """Who called: the one chosen, whose number it is, or somebody new. A number that nobody has becomes theirs."""
    owner = people.owner(session, call.number) if call.number else None
    is_theirs = owner is not None and (not note.name.strip() or not session.get_one(Requester, owner).name)
    requester_id = note.requester_id or (owner if is_theirs else None)
    if requester_id is not None:
        _name(session, session.get_one(Requester, requester_id), note)
    else:
        requester_id = rows.insert(
            session,
            Requester,
            name=note.name.strip()[:LONGEST_NAME],
            organization_id=note.organization_id,
            language=note.language,
            created_at=now,
        )
    if owner is None:
        value = call.number or f"{numbers.UNKNOWN}{call.key}"
        if not call.number and people.owner(session, value) is not None:
            return session.get_one(Requester, requester_id)
        rows.insert(session, RequesterAddress, requester_id=requester_id, kind=numbers.KIND, value=value)
    return session.get_one(Requester, requester_id)


def _name(session: Session, requester: Requester, note: Note) -> None:
    """Somebody of whom only the number was known says who they are."""
    if not requester.name and note.name.strip():
        requester.name = note.name.strip()[:LONGEST_NAME]
        if requester.organization_id is None:
            requester.organization_id = note.organization_id
        session.flush()


def _ticket(session: Session, agent_id: int, note: Note, requester: Requester, now: datetime) -> Ticket:
    """The ticket that the call belongs to, locked, or a new one that is the agent's."""
    if note.ticket_id is not None:
        ticket = actions.locked(session, note.ticket_id)
        if ticket.status is Status.CLOSED:
            raise Conflict("This ticket is closed. Write the call down as one of its own.")
        return ticket
    subject = subject_line(note.subject, note.notes)[:LONGEST_SUBJECT]
    impact, urgency = note.impact or Scale.LOW, note.urgency or Scale.MEDIUM
    ticket_id = rows.insert(
        session,
        Ticket,
        requester_id=requester.id,
        organization_id=requester.organization_id,
        subject=subject,
        language=requester.language or note.language,
        kind=note.kind or TicketKind.QUESTION,
        impact=impact,
        urgency=urgency,
        priority=priority(impact, urgency),
        status=Status.OPEN,
        level=1,
        assignee_id=agent_id,
        version=1,
        created_at=now,
        updated_at=now,
        first_response_at=now,
    )
    write(session, ticket_id, Actor.agent(agent_id), "created", now)
    return actions.locked(session, ticket_id)


def _classify(session: Session, ticket: Ticket, agent_id: int, note: Note, now: datetime) -> None:
    """What it is about and how much it weighs, as far as that was said; a topic that is known already stays."""
    if note.ticket_id is not None or ticket.created_at < now:
        details.classify(session, ticket.id, agent_id, now, note.kind, note.impact, note.urgency)
    if note.intent is None or ticket.intent is not None:
        return
    if note.guessed is not None and note.guessed != note.intent:
        ticket.intent = note.guessed
        session.flush()
        details.correct(session, ticket.id, agent_id, note.intent, now)
        return
    ticket.intent, ticket.confidence = note.intent, note.confidence if note.guessed else 1.0


def _go_on(session: Session, ticket: Ticket, agent_id: int, note: Note, now: datetime) -> None:
    """Solved on the telephone, handed on, or the agent's own from here."""
    if ticket.status is Status.RESOLVED:
        return
    if note.solved is not None:
        actions.resolve(session, ticket.id, agent_id, note.solved, now)
    elif note.team:
        reason = subject_line(note.notes or note.subject, "") or ticket.subject
        actions.escalate(session, ticket.id, agent_id, note.team, reason, "", now)
    elif ticket.assignee_id is None and session.get(Agent, agent_id) is not None:
        actions.to_people(session, ticket, agent_id, now)
