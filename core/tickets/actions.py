"""What people do to a ticket. Each is one transaction; the human wins every race.

Every use case locks the ticket first, so what the bot commits is either before it (and seen) or after it (and refused).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core import rights, rows
from core.errors import Conflict, InvalidInput, NotFound
from core.models import (
    Agent,
    Conversation,
    Inbox,
    Message,
    RequesterAddress,
    Team,
    Ticket,
    WorkKind,
    WorkRow,
)
from core.outbox import Destination, attach, cancel_machine_messages, enqueue
from core.promises import WORK, owe
from core.rights import Right
from core.tickets import cards, lifecycle, mentions
from core.tickets.history import record
from core.values import (
    Actor,
    ActorKind,
    Draft,
    InboxStyle,
    ResolutionCode,
    Status,
    StoredFile,
    ticket_number,
)

_LOCKED = (
    select(Ticket).where(Ticket.id == bindparam("ticket")).with_for_update().execution_options(populate_existing=True)
)
_DESTINATION = (
    select(Conversation.id, Conversation.address_id, Inbox.id, Inbox.address, Inbox.style, Inbox.pushes)
    .join(Inbox, Inbox.id == Conversation.inbox_id)
    .where(Inbox.can_send)
    .with_for_update(of=Conversation)
)
_LAST_WRITTEN = _DESTINATION.where(
    Conversation.id
    == select(Message.conversation_id)
    .join(Conversation, Conversation.id == Message.conversation_id)
    .join(Inbox, Inbox.id == Conversation.inbox_id)
    .where(Message.ticket_id == bindparam("ticket"), Message.outbound.is_(False), Inbox.can_send)
    .order_by(Message.id.desc())
    .limit(1)
    .correlate(None)
    .scalar_subquery()
)
_NEWEST = _DESTINATION.where(Conversation.ticket_id == bindparam("ticket")).order_by(Conversation.id.desc()).limit(1)
_NO_UNDERSTANDING = WORK.cancelling(
    WorkRow.ticket_id == bindparam("ticket"), WorkRow.kind.not_in([WorkKind.CONTINUE_BY_MAIL, WorkKind.REMIND])
)
_MAIL_ADDRESS = (
    select(RequesterAddress.id)
    .where(RequesterAddress.requester_id == bindparam("requester"), RequesterAddress.kind == "email")
    .order_by(RequesterAddress.verified_at.is_(None), RequesterAddress.id)
    .limit(1)
)


def locked(session: Session, ticket_id: int) -> Ticket:
    """The ticket, locked until the end of the transaction. Raises ``Conflict`` if it was merged into another one."""
    ticket = session.scalar(_LOCKED, {"ticket": ticket_id})
    if ticket is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(ticket_id))
    if ticket.merged_into_id is not None:
        raise Conflict(
            "{number} was merged into {target}. Go on there.",
            number=ticket.number,
            target=ticket_number(ticket.merged_into_id),
        )
    return ticket


def take_over(session: Session, ticket_id: int, agent_id: int, now: datetime, force: bool = False) -> None:
    """The ticket is this agent's from here on; the bot falls silent, whatever it was about to say is taken back.

    Raises ``Conflict`` if a colleague has it, unless ``force``, to which not everybody has the right.
    """
    ticket = locked(session, ticket_id)
    require_open(ticket)
    if ticket.assignee_id == agent_id:
        return
    if ticket.assignee_id is not None and not force:
        colleague = session.get_one(Agent, ticket.assignee_id)
        raise Conflict("{name} already has this ticket.", name=colleague.name)
    require_own(session, ticket, agent_id)
    to_people(session, ticket, agent_id, now)
    record(session, ticket, Actor.agent(agent_id), "taken_over", now)


def reply(session: Session, ticket_id: int, agent_id: int, draft: Draft, now: datetime) -> int:
    """Answer the requester on the channel they last wrote on. Replying takes over. Returns the message's id."""
    if not draft.text.strip() and not draft.attachments:
        raise InvalidInput("The reply is empty. Write something or attach a file.", "text")
    ticket = locked(session, ticket_id)
    if ticket.status is Status.CLOSED:
        raise Conflict("This ticket is closed. Open a new one to write to the person.")
    if ticket.assignee_id is None or ticket.level == 0:
        to_people(session, ticket, agent_id, now)
        record(session, ticket, Actor.agent(agent_id), "taken_over", now)
    else:
        cancel_machine_messages(session, ticket, now)
    agent = session.get_one(Agent, agent_id)
    destination = current_conversation(session, ticket)
    delay = UNDO if destination.style is InboxStyle.LETTER else timedelta(0)
    message_id = enqueue(session, ticket, destination, Actor.agent(agent_id), agent.name, draft, now, delay)
    ticket.first_response_at = ticket.first_response_at or now
    ticket.waiting_since = None
    ticket.status = lifecycle.after_reply(ticket.status)
    _promise_mail(session, ticket, destination, message_id, now)
    return message_id


def note(
    session: Session, ticket_id: int, agent_id: int, text: str, now: datetime, files: Sequence[StoredFile] = ()
) -> int:
    """Write something only staff sees; colleagues named with an @ are told. Returns the message's id."""
    if not text.strip() and not files:
        raise InvalidInput("The note is empty.", "text")
    ticket = locked(session, ticket_id)
    agent = session.get_one(Agent, agent_id)
    message_id = add_note(session, ticket, Actor.agent(agent_id), agent.name, text, now)
    attach(session, message_id, files)
    mentions.remember(session, message_id, agent_id, text)
    return message_id


def add_note(session: Session, ticket: Ticket, author: Actor, author_name: str, text: str, now: datetime) -> int:
    """An internal note by anybody; the ticket must be locked. Returns the message's id."""
    message_id = rows.insert(
        session,
        Message,
        ticket_id=ticket.id,
        outbound=False,
        is_note=True,
        author_kind=author.kind,
        author_id=author.id,
        author_name=author_name,
        text=text,
        created_at=now,
    )
    record(session, ticket, author, "noted", now, message_id=message_id)
    return message_id


def hand_back(
    session: Session, ticket_id: int, agent_id: int, resume: dict[str, str], note_text: str, now: datetime
) -> None:
    """Give the ticket back to the bot.

    ``resume`` says where it goes on: ``{"ask": slot}``, ``{"step": id}``, ``{"topic": intent}`` for where people are in
    that topic's flow, or empty for the beginning of what the ticket is about.
    """
    ticket = locked(session, ticket_id)
    require_open(ticket)
    if ticket.level == 0:
        raise Conflict("The bot already has this ticket.")
    require_own(session, ticket, agent_id)
    current_conversation(session, ticket)
    ticket.level, ticket.assignee_id, ticket.team_id = 0, None, None
    ticket.bot_state = {**ticket.bot_state, "resume": resume}
    ticket.status = Status.OPEN
    record(session, ticket, Actor.agent(agent_id), "handed_back", now, reason=note_text, **resume)
    owe(session, WorkKind.UNDERSTAND, ticket.id, now)


def assign(session: Session, ticket_id: int, actor_id: int, assignee_id: int | None, now: datetime) -> None:
    """Give the ticket to a colleague, or back into the team's queue with None."""
    ticket = locked(session, ticket_id)
    require_open(ticket)
    if ticket.assignee_id != assignee_id:
        require_own(session, ticket, actor_id)
    if assignee_id is not None:
        agent = session.get(Agent, assignee_id)
        if agent is None or not agent.active:
            raise NotFound("That colleague does not exist or is no longer active.")
        to_people(session, ticket, assignee_id, now)
    else:
        if ticket.level == 0:
            raise Conflict("The bot has this ticket. Take it over first.")
        ticket.assignee_id = None
    record(session, ticket, Actor.agent(actor_id), "assigned", now, assignee_id=assignee_id)


def escalate(
    session: Session, ticket_id: int, agent_id: int, team_key: str, reason: str, tried: str, now: datetime
) -> None:
    """Move the ticket to another team, up or back down, with the reason and what was tried (kept as a note)."""
    if not reason.strip():
        raise InvalidInput("Say why, so that the other team need not ask.", "reason")
    ticket = locked(session, ticket_id)
    require_open(ticket)
    require_own(session, ticket, agent_id)
    team = session.scalar(select(Team).where(Team.key == team_key))
    if team is None:
        raise NotFound("That team does not exist.")
    before = ticket.level
    cancel_machine_messages(session, ticket, now)
    cancel_understanding(session, ticket, now)
    ticket.level, ticket.team_id, ticket.assignee_id = team.level, team.id, None
    ticket.status = Status.OPEN if ticket.status is not Status.ON_HOLD else ticket.status
    ticket.handed_off_at = ticket.handed_off_at or now
    cards.announce(session, ticket, now)
    record(
        session,
        ticket,
        Actor.agent(agent_id),
        "escalated" if team.level > before else "moved",
        now,
        reason=reason,
        team=team.key,
        level=team.level,
        from_level=before,
        tried=tried,
    )


def resolve(
    session: Session, ticket_id: int, agent_id: int, code: ResolutionCode, now: datetime, note_text: str = ""
) -> None:
    ticket = locked(session, ticket_id)
    lifecycle.check(ticket.status, Status.RESOLVED)
    if ticket.level == 0:
        to_people(session, ticket, agent_id, now)
    set_resolved(session, ticket, Actor.agent(agent_id), code, now, note_text)


def set_resolved(
    session: Session, ticket: Ticket, actor: Actor, code: ResolutionCode, now: datetime, reason: str = ""
) -> None:
    """Resolved by anybody; the ticket must be locked."""
    lifecycle.check(ticket.status, Status.RESOLVED)
    ticket.status, ticket.resolution_code, ticket.resolved_at, ticket.waiting_since = Status.RESOLVED, code, now, None
    record(session, ticket, actor, "resolved", now, reason=reason, code=str(code))


def reopen(session: Session, ticket_id: int, actor: Actor, now: datetime, reason: str = "") -> None:
    """Not solved after all. It goes back to whom it was with; from the bot it goes on with the bot."""
    ticket = locked(session, ticket_id)
    set_reopened(session, ticket, actor, now, reason)


def set_reopened(session: Session, ticket: Ticket, actor: Actor, now: datetime, reason: str = "") -> None:
    """Reopened by anybody; the ticket must be locked."""
    if ticket.status is not Status.RESOLVED:
        raise Conflict("Only a resolved ticket can be reopened.")
    ticket.status, ticket.resolution_code, ticket.resolved_at = Status.OPEN, None, None
    if actor.kind is ActorKind.REQUESTER or ticket.waiting_since is None:
        ticket.waiting_since = now
    record(session, ticket, actor, "reopened", now, reason=reason)


def current_conversation(session: Session, ticket: Ticket) -> Destination:
    """Where the requester last wrote on this ticket, locked: an answer goes there."""
    found = rows.first(session, _LAST_WRITTEN, ticket=ticket.id) or rows.first(session, _NEWEST, ticket=ticket.id)
    if found is None:
        raise Conflict("Nobody can be written to on this ticket. Call the person, and write down what was said.")
    return Destination(*found)


def to_people(session: Session, ticket: Ticket, agent_id: int, now: datetime) -> None:
    """Whatever the bot was doing on this ticket ends here."""
    cancel_machine_messages(session, ticket, now)
    cancel_understanding(session, ticket, now)
    if ticket.level == 0:
        ticket.level = 1
        ticket.handed_off_at = ticket.handed_off_at or now
    ticket.assignee_id = agent_id
    if ticket.status is Status.NEW:
        ticket.status = Status.OPEN


def cancel_understanding(session: Session, ticket: Ticket, now: datetime) -> None:
    """The bot need not read, confirm or close anything any more; a worker that is at it finds its lease gone."""
    rows.execute(session, _NO_UNDERSTANDING, ticket=ticket.id, at=now)


def require_own(session: Session, ticket: Ticket, agent_id: int) -> None:
    """Taking a ticket from a colleague is not everybody's right."""
    if ticket.assignee_id not in (None, agent_id):
        rights.require_of(session, agent_id, Right.REASSIGN)


def require_open(ticket: Ticket) -> None:
    if ticket.status in (Status.RESOLVED, Status.CLOSED):
        raise Conflict("Ticket {number} is settled. Reopen it first.", number=ticket.number)


UNDO = timedelta(seconds=5)
"""How long an agent may take back a letter. In a chat it would only be waiting."""
CONTINUE_BY_MAIL_AFTER = timedelta(minutes=3)
"""How long an answer in the chat waits to be fetched before it is sent by mail as well."""


def _promise_mail(session: Session, ticket: Ticket, destination: Destination, message_id: int, now: datetime) -> None:
    """If the person has left the chat and an address, what was said there is sent to it."""
    can_leave = destination.style is InboxStyle.DIALOGUE and not destination.pushes
    if can_leave and mail_address(session, ticket.requester_id) is not None:
        owe(session, WorkKind.CONTINUE_BY_MAIL, ticket.id, now + CONTINUE_BY_MAIL_AFTER, message_id)


def mail_address(session: Session, requester_id: int) -> int | None:
    """The address row this person can be written to, if they ever said."""
    found: int | None = rows.scalar(session, _MAIL_ADDRESS, requester=requester_id)
    return found
