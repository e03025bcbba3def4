"""One message is a matter of its own: it becomes a ticket, with its agent, and answers to it belong there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from core import rows
from core.errors import Conflict, NotFound
from core.joining import subject_line, team_of
from core.models import Call, Conversation, Message, Participant, Requester, Ticket, WorkRow
from core.promises import WORK
from core.search.index import index_anew
from core.tickets.actions import locked, require_own
from core.tickets.history import record
from core.values import Actor, Status

_NOT_OWED = WORK.cancelling(WorkRow.message_id == bindparam("message"))


def split(session: Session, message_id: int, agent_id: int, now: datetime) -> int:
    """Make what a requester wrote a new ticket of this agent's; its id.

    A chat goes on with the new ticket if the message was the last one there. Answers to a mail follow their reference.
    Raises ``Conflict`` for what nobody outside wrote, and where nothing would be left.
    """
    message = session.get(Message, message_id)
    if message is None:
        raise NotFound("There is no such message.")
    old = locked(session, message.ticket_id)
    require_own(session, old, agent_id)
    if message.outbound or message.conversation_id is None:
        raise Conflict("Only what a requester wrote can become a ticket of its own.")
    said = select(func.count()).where(Message.ticket_id == old.id, Message.conversation_id.is_not(None))
    if session.scalar(said.where(Message.outbound.is_(False))) == 1:
        raise Conflict("This is the only message of {number}. Correct its topic instead.", number=old.number)
    conversation = session.scalars(
        select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    ).one()
    ticket = _ticket(session, old, message, conversation, agent_id, now)
    session.flush()
    if message.seq == conversation.last_seq:
        conversation.ticket_id = ticket.id
    rows.insert(session, Participant, ticket_id=ticket.id, address_id=conversation.address_id)
    message.ticket_id = ticket.id
    session.execute(update(Call).where(Call.message_id == message.id).values(ticket_id=ticket.id))
    rows.execute(session, _NOT_OWED, message=message.id, at=now)
    session.flush()
    index_anew(session, message.id)
    actor = Actor.agent(agent_id)
    record(session, old, actor, "split_off", now, ticket_id=ticket.id)
    record(session, ticket, actor, "split_from", now, ticket_id=old.id)
    return ticket.id


def _ticket(
    session: Session, old: Ticket, message: Message, conversation: Conversation, agent_id: int, now: datetime
) -> Ticket:
    """The new ticket, of whoever wrote the message; it weighs what a new one weighs."""
    author = session.get(Requester, message.author_id) if message.author_id is not None else None
    team_id, level = (old.team_id, old.level) if old.level > 0 else team_of(session, conversation.inbox_id)
    ticket = Ticket(
        requester_id=author.id if author is not None else old.requester_id,
        organization_id=author.organization_id if author is not None else old.organization_id,
        subject=subject_line(message.subject, message.text),
        language=old.language,
        intent=message.meta.get("intent"),
        confidence=message.meta.get("confidence"),
        status=Status.OPEN,
        level=level,
        team_id=team_id,
        assignee_id=agent_id,
        version=0,
        waiting_since=message.created_at,
        handed_off_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(ticket)
    return ticket
