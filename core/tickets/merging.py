"""Two tickets about one matter become one. Everything said on the one goes to the other, and what comes later as well.

The merged ticket stays as a signpost, with its history: closed, naming the ticket it went to. There is no way back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from core import outbox, rights, rows
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import (
    Agent,
    Call,
    Conversation,
    HistoryEntry,
    Inbox,
    Message,
    Participant,
    Team,
    TeamMember,
    Ticket,
    WorkKind,
    WorkRow,
)
from core.outbox import Destination
from core.promises import WORK
from core.rights import Right
from core.search import query as queries
from core.search.find import find
from core.tickets import lifecycle, lists
from core.tickets.actions import (
    UNDO,
    cancel_understanding,
    current_conversation,
    locked,
    require_own,
    to_people,
)
from core.tickets.details import set_scales
from core.tickets.history import record
from core.tickets.lists import Row
from core.tickets.snooze import plan_reminder
from core.values import Actor, Delivery, Draft, InboxStyle, ResolutionCode, Scale, Status, ticket_id_from_number

SECURITY = "security"
"""The team whose tickets only its people, and whoever sees all teams, put together with others."""
SUGGESTED = 8

_SCALES = list(Scale)
_message, _work = Message.__table__, WorkRow.__table__
_SAID = select(Message.id, Message.meta).where(Message.ticket_id == bindparam("source"))
_MOVED = (
    update(_message)  # type: ignore[arg-type]
    .where(_message.c.id == bindparam("message"))
    .values(ticket_id=bindparam("target"), meta=bindparam("new_meta"))
)
_NO_REMINDER = WORK.cancelling(WorkRow.ticket_id == bindparam("ticket"), WorkRow.kind == WorkKind.REMIND)


def merge(
    session: Session, ticket_id: int, target_id: int, agent_id: int, now: datetime, farewell: str = ""
) -> int | None:
    """Merge a ticket into another one, for good.

    ``farewell`` tells the requester where it goes on, in the conversation they know, if ``is_worth_telling`` that; its
    message's id is returned. Where the bot had either ticket, the agent takes over: nobody but people can follow two
    stories at once. The weight of the matter never shrinks.

    Raises ``Conflict``, ``InvalidInput`` or ``NotAllowed`` in words that say what to do instead, and changes nothing.
    """
    source, target = _both(session, ticket_id, target_id)
    _check(session, source, target, agent_id)
    outbox.cancel_machine_messages(session, source, now)
    cancel_understanding(session, source, now)
    tells = bool(farewell.strip()) and is_worth_telling(session, source, target)
    destination = current_conversation(session, source) if tells else None
    if target.level == 0:
        to_people(session, target, agent_id, now)
        record(session, target, Actor.agent(agent_id), "taken_over", now)
    _move(session, source, target)
    _weigh(session, source, target, now)
    _close(session, source, target, agent_id, now)
    if destination is None:
        return None
    return _tell(session, target, destination, agent_id, farewell.strip(), now)


def is_worth_telling(session: Session, source: Ticket, target: Ticket) -> bool:
    """Whether the requester should hear of it: it is their own open matter, and they know it under its number.

    Who never heard from the desk about it knows no number, and whose colleague has the other ticket would only learn of
    that one.
    """
    if source.status not in lifecycle.ACTIVE or source.requester_id != target.requester_id:
        return False
    with_target = select(Message.conversation_id).where(
        Message.ticket_id == target.id, Message.conversation_id.is_not(None)
    )
    heard = (
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Inbox, Inbox.id == Conversation.inbox_id)
        .where(
            Message.ticket_id == source.id,
            Message.outbound,
            Message.delivery.in_([Delivery.QUEUED, Delivery.SENT, Delivery.DELIVERED]),
            Message.conversation_id.not_in(with_target),
            Inbox.can_send,
        )
        .limit(1)
    )
    return session.scalar(heard) is not None


def candidates(session: Session, ticket_id: int, wanted: str, agent_id: int, now: datetime) -> list[Row]:
    """The tickets it could be merged into: what a number or some words find, or what suggests itself.

    Raises ``InvalidInput`` for a search that cannot be read.
    """
    wanted = wanted.strip()
    if not wanted:
        ticket = session.get(Ticket, ticket_id)
        return lists.rows_of(session, suggestions(session, ticket), agent_id) if ticket is not None else []
    if (number := ticket_id_from_number(wanted)) is not None:
        return lists.rows_of(session, [number], agent_id)
    found = (hit.row for hit in find(session, queries.read(wanted), agent_id, now))
    return [row for row in found if row.id != ticket_id and row.status in lifecycle.ACTIVE][:SUGGESTED]


def suggestions(session: Session, ticket: Ticket) -> list[int]:
    """What the ticket may belong to and is still open: what its own history points to, then others of its requester."""
    hinted = session.scalars(
        select(HistoryEntry.detail).where(
            HistoryEntry.ticket_id == ticket.id, HistoryEntry.action.in_(["suggested_link", "created"])
        )
    )
    named = {detail.get("ticket_id") or detail.get("follow_up_of") or detail.get("after") or 0 for detail in hinted}
    is_named = Ticket.id.in_(named)
    fitting = (
        select(Ticket.id)
        .where(
            or_(Ticket.requester_id == ticket.requester_id, is_named),
            Ticket.id != ticket.id,
            Ticket.status.in_(lifecycle.ACTIVE),
        )
        .order_by(is_named.desc(), Ticket.id.desc())
        .limit(SUGGESTED)
    )
    return list(session.scalars(fitting))


def _both(session: Session, ticket_id: int, target_id: int) -> tuple[Ticket, Ticket]:
    """The two tickets, locked in the order of their ids, so that two merges never wait for each other."""
    if ticket_id == target_id:
        raise InvalidInput("A ticket cannot be merged into itself. Choose the other one.", "target")
    first, second = sorted((ticket_id, target_id))
    found = {first: locked(session, first), second: locked(session, second)}
    return found[ticket_id], found[target_id]


def _check(session: Session, source: Ticket, target: Ticket, agent_id: int) -> None:
    organizations = {source.organization_id, target.organization_id} - {None}
    if len(organizations) > 1:
        raise Conflict(
            "{number} and {target} belong to different customers, who must not read each other’s messages. "
            "Write a note that names the other ticket instead.",
            number=source.number,
            target=target.number,
        )
    if target.status not in lifecycle.ACTIVE:
        raise Conflict(
            "{target} is settled. Reopen it first, or merge it into {number}.",
            target=target.number,
            number=source.number,
        )
    require_own(session, source, agent_id)
    if source.team_id != target.team_id:
        _require_security(session, (source.team_id, target.team_id), agent_id)


def _require_security(session: Session, team_ids: tuple[int | None, ...], agent_id: int) -> None:
    """A security matter does not leave its team, and nothing gets into it, by somebody who is not of that team."""
    team = session.scalar(select(Team).where(Team.key == SECURITY, Team.id.in_([one for one in team_ids if one])))
    if team is None or rights.may(session.get_one(Agent, agent_id).role, Right.SEE_TEAMS):
        return
    member = select(TeamMember.id).where(TeamMember.team_id == team.id, TeamMember.agent_id == agent_id)
    if session.scalar(member) is None:
        raise NotAllowed(
            "The team {team} has one of these tickets. Only its people, or a lead, merge it; write them a note.",
            team=team.name,
        )


def _move(session: Session, source: Ticket, target: Ticket) -> None:
    """Everything said, who takes part, where it was said, and what is still owed about it."""
    for message_id, meta in rows.execute(session, _SAID, source=source.id).all():
        new_meta = {"from_ticket": source.id, **meta}
        rows.execute(session, _MOVED, message=message_id, target=target.id, new_meta=new_meta)
    here = select(Participant.address_id).where(Participant.ticket_id == target.id)
    new = select(Participant.address_id).where(
        Participant.ticket_id == source.id, Participant.address_id.not_in(here.scalar_subquery())
    )
    for address_id in session.scalars(new).all():
        rows.insert(session, Participant, ticket_id=target.id, address_id=address_id)
    for model in (Conversation, Call):
        session.execute(update(model).where(model.ticket_id == source.id).values(ticket_id=target.id))
    session.execute(update(Ticket).where(Ticket.merged_into_id == source.id).values(merged_into_id=target.id))
    later = update(WorkRow).where(WorkRow.ticket_id == source.id, WorkRow.kind == WorkKind.CONTINUE_BY_MAIL)
    session.execute(later.values(ticket_id=target.id, lane=target.id))


def _weigh(session: Session, source: Ticket, target: Ticket, now: datetime) -> None:
    """The target takes over what the merged one still asked for, where that is more."""
    changed: dict[str, str] = {}
    impact = max(source.impact, target.impact, key=_SCALES.index)
    urgency = max(source.urgency, target.urgency, key=_SCALES.index)
    set_scales(target, impact, urgency, changed)
    target.packet = target.packet or source.packet
    target.intent = target.intent or source.intent
    if source.waiting_since is not None and source.status in lifecycle.ACTIVE:
        target.waiting_since = min(source.waiting_since, target.waiting_since or source.waiting_since)
        target.status = lifecycle.after_requester_message(target.status)
        target.snoozed_until = None
    if source.callback_at is not None:
        target.callback_at = min(source.callback_at, target.callback_at or source.callback_at)
    plan_reminder(session, target, now)


def _close(session: Session, source: Ticket, target: Ticket, agent_id: int, now: datetime) -> None:
    rows.execute(session, _NO_REMINDER, ticket=source.id, at=now)
    source.status, source.resolution_code, source.resolved_at = Status.CLOSED, ResolutionCode.DUPLICATE, now
    source.waiting_since, source.snoozed_until, source.callback_at = None, None, None
    source.merged_into_id = target.id
    actor = Actor.agent(agent_id)
    record(session, source, actor, "merged_into", now, ticket_id=target.id)
    record(session, target, actor, "merged", now, ticket_id=source.id, subject=source.subject)


def _tell(
    session: Session, target: Ticket, destination: Destination, agent_id: int, farewell: str, now: datetime
) -> int:
    agent = session.get_one(Agent, agent_id)
    delay = UNDO if destination.style is InboxStyle.LETTER else timedelta(0)
    return outbox.enqueue(session, target, destination, Actor.agent(agent_id), agent.name, Draft(farewell), now, delay)
