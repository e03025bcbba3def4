"""The bot's decision becomes fact, or is refused as a whole, in one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core import outbox, rows
from core.joining import team_of
from core.models import (
    Conversation,
    Message,
    Requester,
    RequesterAddress,
    Team,
    Ticket,
    WorkKind,
    WorkRow,
)
from core.outbox import Claimed, Destination
from core.promises import WORK, Work, owe
from core.signals import Signal, Topic, emit, retract
from core.tickets import cards, lifecycle
from core.tickets.actions import (
    add_note,
    current_conversation,
    locked,
    set_reopened,
    set_resolved,
)
from core.tickets.details import set_scales
from core.tickets.facts import is_taken
from core.tickets.history import record
from core.tickets.snooze import plan_reminder
from core.values import BOT, Actor, ActorKind, Address, Decision, Handoff, InboxStyle, ResolutionCode, Status

SILENCE = timedelta(days=3)
"""How long after the bot's help nobody may have come back for the ticket to count as solved, unconfirmed."""
BOT_NAME = "Firstline"

_requester, _message = Requester.__table__, Message.__table__
_SPEAKS = (
    update(_requester)  # type: ignore[arg-type]
    .where(_requester.c.id == bindparam("requester"))
    .values(language=bindparam("spoken"))
)
_META = select(Message.meta).where(Message.id == bindparam("message"))
_SAID = select(Message.text).where(Message.id == bindparam("message"))
_UNDERSTOOD = (
    update(_message)  # type: ignore[arg-type]
    .where(_message.c.id == bindparam("message"))
    .values(meta=bindparam("new_meta"))
)
_WHOSE = select(RequesterAddress.requester_id).where(
    RequesterAddress.kind == bindparam("kind"), RequesterAddress.value == bindparam("value")
)
_NO_LETTER_OWED = WORK.cancelling(
    WorkRow.ticket_id == bindparam("ticket"),
    WorkRow.kind.in_([WorkKind.ACKNOWLEDGE, WorkKind.CONFIRM_SILENCE]),
)
"""Something has been said: the plain confirmation is not owed any more, nor what was promised for a silence."""
_NOT_SILENT = WORK.cancelling(WorkRow.ticket_id == bindparam("ticket"), WorkRow.kind == WorkKind.CONFIRM_SILENCE)


def apply_decision(
    session: Session, work_id: int, lease: str, decision: Decision, now: datetime, claim_replies: bool = True
) -> list[Claimed] | None:
    """Make the decision of one turn fact. None, and nothing changed, if people have the ticket or the lease is lost.

    With ``claim_replies`` what the bot says is leased to the caller in the same transaction, to be sent at once.
    """
    work = WORK.finish(session, work_id, lease, now)
    if work is None:
        return None
    ticket = locked(session, work.ticket_id)
    if ticket.level > 0:
        _listen(session, ticket, decision, now)
        return _say_while_waiting(session, ticket, work, decision, now) if decision.while_waiting else None
    if decision.new_ticket and work.message_id is not None:
        ticket = _move_to_new_ticket(session, ticket, work.message_id, now)
    destination = current_conversation(session, ticket)
    _settle_facts(session, ticket, work, decision, now)
    _say(session, ticket, destination, decision, now)
    if decision.note:
        add_note(session, ticket, BOT, BOT_NAME, decision.note, now)
    _settle_outcome(session, ticket, destination, decision, now)
    return _claim(session, destination, now) if claim_replies else []


def _claim(session: Session, destination: Destination, now: datetime) -> list[Claimed]:
    retract(session, Topic.OUTBOX)
    return outbox.claim(session, now, conversation_id=destination.conversation_id)


def _listen(session: Session, ticket: Ticket, decision: Decision, now: datetime) -> None:
    """People have the ticket: the bot says nothing, but keeps an address, a call back, or that it is not solved."""
    requester = Actor(ActorKind.REQUESTER, ticket.requester_id)
    if decision.contact is not None:
        _remember(session, ticket, decision.contact)
        record(session, ticket, requester, "left_address", now)
    if decision.callback_at is not None:
        ticket.callback_at = decision.callback_at
        plan_reminder(session, ticket, now)
        record(session, ticket, requester, "asked_for_call_back", now, at=decision.callback_at.isoformat())
    if decision.reopen and ticket.status is Status.RESOLVED:
        set_reopened(session, ticket, requester, now, decision.reason)


def _say_while_waiting(
    session: Session, ticket: Ticket, work: Work, decision: Decision, now: datetime
) -> list[Claimed] | None:
    """Nobody has acted on the ticket yet: the person hears what became of what they wrote, and may withdraw it."""
    if is_taken(session, ticket.id, ticket.assignee_id, ticket.handed_off_at):
        return None
    destination = current_conversation(session, ticket)
    ticket.bot_state = {**ticket.bot_state, **decision.state}
    for draft in decision.replies:
        outbox.enqueue(session, ticket, destination, BOT, BOT_NAME, draft, now)
    if decision.resolve is not None and ticket.status in lifecycle.ACTIVE:
        said = " ".join(str(rows.scalar(session, _SAID, message=work.message_id) or decision.reason).split())
        set_resolved(session, ticket, _resolver(ticket, decision.resolve), decision.resolve, now, said[:200])
    return _claim(session, destination, now)


def _settle_facts(session: Session, ticket: Ticket, work: Work, decision: Decision, now: datetime) -> None:
    changed: dict[str, str] = {}
    ticket.bot_state = decision.state
    if decision.language is not None:
        ticket.language = decision.language
        rows.execute(session, _SPEAKS, requester=ticket.requester_id, spoken=decision.language)
    if decision.intent is not None and decision.intent != ticket.intent:
        ticket.intent = decision.intent
        changed["intent"] = decision.intent
    if decision.confidence is not None:
        ticket.confidence = decision.confidence
    if decision.subject:
        ticket.subject = decision.subject
    if decision.kind is not None:
        ticket.kind = decision.kind
    if decision.callback_at is not None:
        ticket.callback_at = decision.callback_at
        plan_reminder(session, ticket, now)
        changed["callback_at"] = decision.callback_at.isoformat()
    set_scales(ticket, decision.impact, decision.urgency, changed)
    if decision.contact is not None:
        _remember(session, ticket, decision.contact)
    if work.message_id is not None and decision.intent is not None:
        understood = {"intent": decision.intent, "confidence": decision.confidence, "reason": decision.reason}
        known = rows.scalar(session, _META, message=work.message_id)
        rows.execute(session, _UNDERSTOOD, message=work.message_id, new_meta={**known, **understood})
    if changed:
        record(session, ticket, BOT, "understood", now, reason=decision.reason, **changed)


def _say(session: Session, ticket: Ticket, destination: Destination, decision: Decision, now: datetime) -> None:
    if not decision.replies:
        return
    for draft in decision.replies:
        outbox.enqueue(session, ticket, destination, BOT, BOT_NAME, draft, now)
    rows.execute(session, _NO_LETTER_OWED, ticket=ticket.id, at=now)
    if ticket.status is Status.NEW:
        ticket.status = Status.OPEN
    offered = any(draft.offers_help for draft in decision.replies)
    if offered and decision.handoff is None and decision.resolve is None:
        if destination.style is InboxStyle.LETTER:
            ticket.status = lifecycle.after_reply(ticket.status)
        owe(session, WorkKind.CONFIRM_SILENCE, ticket.id, now + SILENCE)
    if decision.handoff is None:
        ticket.waiting_since = None


def _settle_outcome(
    session: Session, ticket: Ticket, destination: Destination, decision: Decision, now: datetime
) -> None:
    # What goes to people is not settled, whatever it was: nobody looks for work among the resolved.
    if (decision.reopen or decision.handoff is not None) and ticket.status is Status.RESOLVED:
        set_reopened(session, ticket, Actor(ActorKind.REQUESTER, ticket.requester_id), now, decision.reason)
    if decision.handoff is not None:
        team = _team(session, destination, decision.handoff)
        ticket.level = team.level if team is not None else 1
        ticket.team_id = team.id if team is not None else None
        ticket.packet = decision.handoff.packet
        ticket.handed_off_at = now
        if ticket.status in (Status.NEW, Status.PENDING):
            ticket.status = Status.OPEN
        # The person has waited since they wrote, not since the bot gave up.
        ticket.waiting_since = ticket.waiting_since or _last_word(session, ticket) or now
        rows.execute(session, _NOT_SILENT, ticket=ticket.id, at=now)
        cards.announce(session, ticket, now)
        record(
            session,
            ticket,
            BOT,
            "handed_off",
            now,
            reason=decision.handoff.reason,
            team=team.key if team is not None else "",
        )
    elif decision.resolve is not None and ticket.status in lifecycle.ACTIVE:
        set_resolved(session, ticket, _resolver(ticket, decision.resolve), decision.resolve, now, decision.reason)
        rows.execute(session, _NOT_SILENT, ticket=ticket.id, at=now)


def _team(session: Session, destination: Destination, handoff: Handoff) -> Team | None:
    """The team the matter itself calls for, else that of the inbox."""
    if handoff.team is not None:
        team = session.scalar(select(Team).where(Team.key == handoff.team))
        if team is not None:
            return team
    team_id, _ = team_of(session, destination.inbox_id)
    return session.get(Team, team_id) if team_id is not None else None


def _resolver(ticket: Ticket, code: ResolutionCode) -> Actor:
    return BOT if code is ResolutionCode.UNCONFIRMED else Actor(ActorKind.REQUESTER, ticket.requester_id)


def _last_word(session: Session, ticket: Ticket) -> datetime | None:
    return session.scalar(
        select(Message.created_at)
        .where(Message.ticket_id == ticket.id, Message.author_kind == ActorKind.REQUESTER)
        .order_by(Message.id.desc())
        .limit(1)
    )


def _remember(session: Session, ticket: Ticket, contact: Address) -> None:
    """An address somebody typed is a claim: it is only kept if nobody else has it, and unverified."""
    whose = rows.scalar(session, _WHOSE, kind=contact.kind, value=contact.value)
    if whose is None:
        rows.insert(session, RequesterAddress, requester_id=ticket.requester_id, kind=contact.kind, value=contact.value)
    elif whose != ticket.requester_id:
        ticket.bot_state = {**ticket.bot_state, "claimed_address": contact.value}


def _move_to_new_ticket(session: Session, old: Ticket, message_id: int, now: datetime) -> Ticket:
    """A resolved matter stays resolved; the message starts a ticket of its own in the same conversation."""
    message = session.get_one(Message, message_id)
    conversation = session.scalar(
        select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    )
    ticket = Ticket(
        requester_id=old.requester_id,
        organization_id=old.organization_id,
        subject=(message.text.strip().splitlines() or [""])[0][:200],
        language=old.language,
        status=Status.NEW,
        level=0,
        version=0,
        waiting_since=message.created_at,
        created_at=now,
        updated_at=now,
    )
    session.add(ticket)
    session.flush()
    message.ticket_id = ticket.id
    if conversation is not None:
        conversation.ticket_id = ticket.id
    # Where to answer is read by statements that do not see what this session still holds back.
    session.flush()
    actor = Actor(ActorKind.REQUESTER, old.requester_id)
    record(session, old, actor, "new_matter", now, ticket_id=ticket.id)
    record(session, ticket, actor, "created", now, after=old.id)
    emit(session, Signal(Topic.TICKET, ticket.id, ticket.version))
    return ticket
