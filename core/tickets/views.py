"""What staff looks at: a ticket with its whole timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import (
    Agent,
    Attachment,
    Call,
    Conversation,
    HistoryEntry,
    Inbox,
    Message,
    Organization,
    Reading,
    Requester,
    RequesterAddress,
    Team,
    Ticket,
)
from core.outbox import UNDONE
from core.tickets import mentions
from core.values import FormOfAddress, ticket_number


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: a message (``message`` set) or a piece of history (``history`` set)."""

    at: datetime
    message: Message | None
    history: HistoryEntry | None
    actor: str
    files: tuple[Attachment, ...] = ()
    channel: str = ""
    call: Call | None = None
    answered_by: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    ticket: Ticket
    requester: Requester
    addresses: tuple[RequesterAddress, ...]
    organization: Organization | None
    team: Team | None
    assignee: Agent | None
    channel: str
    """Where the requester last wrote, as far as they can be answered there."""
    channel_address: str
    channel_name: str
    """Who wrote there: not always the requester, where several people take part."""
    can_write: bool
    """Whether the requester can be written to at all on this ticket; else one calls."""
    numbers: tuple[str, ...]
    """The telephone numbers to call them at, the one they called from first."""
    timeline: tuple[Entry, ...]
    others: tuple[Ticket, ...]
    teams: tuple[Team, ...]
    colleagues: tuple[Agent, ...]
    organizations: tuple[Organization, ...]
    with_html: frozenset[int]
    """The messages that came formatted."""
    readings: dict[int, int]
    """Up to which message each agent has read."""
    mentions: Mapping[int, Mapping[int, str]]
    """Whom each note mentions: note → agent → name."""

    @property
    def form_of_address(self) -> FormOfAddress | None:
        """The customer's choice, if it has one of its own."""
        return self.organization.form_of_address if self.organization is not None else None

    def unread_by(self, agent_id: int) -> bool:
        newest = max((entry.message.id for entry in self.timeline if entry.message is not None), default=0)
        return self.readings.get(agent_id, 0) < newest


def detail(session: Session, ticket_id: int) -> Detail:
    """A ticket and everything on it. Raises ``NotFound``."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(ticket_id))
    requester = session.get_one(Requester, ticket.requester_id)
    address, name, channel, can_write = _channel(session, ticket)
    others = session.scalars(
        select(Ticket)
        .where(Ticket.requester_id == requester.id, Ticket.id != ticket.id)
        .order_by(Ticket.id.desc())
        .limit(10)
    )
    addresses = session.scalars(
        select(RequesterAddress).where(RequesterAddress.requester_id == requester.id).order_by(RequesterAddress.id)
    ).all()
    calls = _calls(session, ticket)
    return Detail(
        ticket=ticket,
        requester=requester,
        addresses=tuple(addresses),
        organization=session.get(Organization, ticket.organization_id) if ticket.organization_id else None,
        team=session.get(Team, ticket.team_id) if ticket.team_id else None,
        assignee=session.get(Agent, ticket.assignee_id) if ticket.assignee_id else None,
        channel=channel,
        channel_address=address,
        channel_name=name or requester.name,
        can_write=can_write,
        numbers=_numbers(calls, addresses),
        timeline=_timeline(session, ticket, calls),
        others=tuple(others),
        teams=tuple(session.scalars(select(Team).order_by(Team.level, Team.name))),
        colleagues=tuple(session.scalars(select(Agent).where(Agent.active).order_by(Agent.name))),
        organizations=tuple(session.scalars(select(Organization).order_by(Organization.name))),
        with_html=frozenset(
            session.scalars(select(Message.id).where(Message.ticket_id == ticket.id, Message.html.is_not(None)))
        ),
        readings={
            mark.agent_id: mark.message_id
            for mark in session.scalars(select(Reading).where(Reading.ticket_id == ticket.id))
        },
        mentions=mentions.of_ticket(session, ticket.id),
    )


def file_of(session: Session, attachment_id: int) -> Attachment:
    """A file on any ticket. Raises ``NotFound``."""
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound("There is no such file.")
    return found


def html_of(session: Session, message_id: int) -> tuple[str, list[Attachment]]:
    """The HTML a message came with, unsanitised, and the files that it may show. Raises ``NotFound``."""
    html = session.scalar(select(Message.html).where(Message.id == message_id))
    if html is None:
        raise NotFound("This message has no HTML.")
    shown = select(Attachment).where(Attachment.message_id == message_id, Attachment.content_id.is_not(None))
    return html, list(session.scalars(shown))


def _channel(session: Session, ticket: Ticket) -> tuple[str, str, str, bool]:
    """The address and name of whoever wrote last, on which channel, and whether they can be written to there."""
    found = session.execute(
        select(RequesterAddress.value, Requester.name, Inbox.channel, Inbox.can_send)
        .join(Requester, Requester.id == RequesterAddress.requester_id)
        .join(Conversation, Conversation.address_id == RequesterAddress.id)
        .join(Inbox, Inbox.id == Conversation.inbox_id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(Message.ticket_id == ticket.id, Message.outbound.is_(False))
        .order_by(Inbox.can_send.desc(), Message.id.desc())
        .limit(1)
    ).first()
    return (found[0], found[1], found[2], found[3]) if found is not None else ("", "", "", True)


def _calls(session: Session, ticket: Ticket) -> dict[int, Call]:
    """The calls on a ticket by their message, in their order."""
    found = session.scalars(
        select(Call).where(Call.ticket_id == ticket.id, Call.message_id.is_not(None)).order_by(Call.message_id)
    )
    return {call.message_id: call for call in found if call.message_id is not None}


def _numbers(calls: Mapping[int, Call], addresses: Sequence[RequesterAddress]) -> tuple[str, ...]:
    called = [call.number for call in [*calls.values()][::-1] if call.number]
    known = [one.value for one in addresses if one.kind == "phone" and one.value.startswith("+")]
    return tuple(dict.fromkeys([*called, *known]))


def _timeline(session: Session, ticket: Ticket, calls: Mapping[int, Call]) -> tuple[Entry, ...]:
    names = {agent.id: agent.name for agent in session.scalars(select(Agent))}
    files: dict[int, list[Attachment]] = {}
    for file in session.scalars(
        select(Attachment).join(Message, Message.id == Attachment.message_id).where(Message.ticket_id == ticket.id)
    ):
        files.setdefault(file.message_id, []).append(file)
    channels = {
        row.id: row.channel
        for row in session.execute(
            select(Conversation.id, Inbox.channel)
            .join(Inbox, Inbox.id == Conversation.inbox_id)
            .join(Message, Message.conversation_id == Conversation.id)
            .where(Message.ticket_id == ticket.id)
            .distinct()
        )
    }
    entries = [
        Entry(
            message.created_at,
            message,
            None,
            message.author_name,
            tuple(files.get(message.id, ())),
            channels.get(message.conversation_id or 0, ""),
            call := calls.get(message.id),
            _answered_by(call, names),
        )
        for message in session.scalars(select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id))
        if message.delivery_reason != UNDONE
    ]
    entries += [
        Entry(line.at, None, line, names.get(line.actor_id or 0, "") if line.actor_kind == "agent" else "")
        for line in session.scalars(
            select(HistoryEntry).where(HistoryEntry.ticket_id == ticket.id).order_by(HistoryEntry.id)
        )
        if line.action != "noted"
    ]
    return tuple(sorted(entries, key=_order))


def _answered_by(call: Call | None, names: Mapping[int, str]) -> str:
    """Who of us took a call: as the desk knows them, else as the telephone system does."""
    return names.get(call.agent_id or 0, call.answered_by) if call is not None else ""


def _order(entry: Entry) -> tuple[datetime, int]:
    """By time; of one moment, the opening comes first, then what was said, then what followed from it."""
    if entry.history is None:
        return entry.at, 1
    return entry.at, 0 if entry.history.action == "created" else 2
