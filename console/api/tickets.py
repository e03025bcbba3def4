"""Tickets over the REST API: each operation is a function of a session, the use case that the console calls."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.api.operation import Call, Operation, member, number, page
from console.api.requesters import requester_out
from console.api.values import (
    AgentOut,
    Correct,
    Escalate,
    FileOut,
    HandBack,
    HistoryOut,
    Merge,
    MessageIn,
    MessageOut,
    RequesterChange,
    RequesterOut,
    Resolve,
    Snooze,
    TakeOver,
    TeamOut,
    TicketChange,
    TicketIn,
    TicketOut,
    Why,
)
from core import intake, outbox
from core.errors import Conflict, InvalidInput, NotFound
from core.inboxes.reading import mailbox_for
from core.joining import organization_of
from core.models import Agent, Attachment, HistoryEntry, Message, Requester, Team, Ticket
from core.search import query as queries
from core.search.find import find
from core.tickets import actions, details, escalation, merging, snooze, splitting, views
from core.values import Actor, Address, Delivery, Draft, InboundMessage, Status, ticket_number


def _list_tickets(session: Session, call: Call) -> list[TicketOut]:
    after, limit = page(call)
    query = select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(limit)
    if (status := member(call, "status", Status)) is not None:
        query = query.where(Ticket.status == status)
    if (team := call.query.get("team")) is not None:
        team_id = session.scalar(select(Team.id).where(Team.key == team))
        if team_id is None:
            raise InvalidInput("That team does not exist.", "team")
        query = query.where(Ticket.team_id == team_id)
    columns: dict[str, InstrumentedAttribute[Any]] = {
        "assignee_id": Ticket.assignee_id,
        "requester_id": Ticket.requester_id,
        "organization_id": Ticket.organization_id,
    }
    for name, column in columns.items():
        if (wanted := number(call, name)) is not None:
            query = query.where(column == wanted)
    return [TicketOut.of(ticket) for ticket in session.scalars(query)]


def _create_ticket(session: Session, call: Call) -> TicketOut:
    value: TicketIn = call.value
    address = Address("email", value.email.lower(), value.name)
    inbox = mailbox_for(session, organization_of(session, address))
    if inbox is None:
        raise Conflict("This desk has no mailbox yet, so nobody could be answered. Set one up first.")
    key = f"api:{value.key}" if value.key else f"api:{uuid.uuid4()}"
    receipt = intake.receive(
        session,
        InboundMessage(
            inbox_id=inbox.id,
            dedupe_key=hashlib.sha256(key.encode()).hexdigest(),
            sender=address,
            text=value.text,
            subject=value.subject,
            language=value.language,
            received_at=call.now,
        ),
        call.now,
    )
    return TicketOut.of(session.get_one(Ticket, receipt.ticket_id))


def _search(session: Session, call: Call) -> list[TicketOut]:
    if "q" not in call.query:
        raise InvalidInput("Say in q what to search for.", "q")
    hits = find(session, queries.read(call.query["q"]), call.agent_id, call.now)
    return [TicketOut.of(session.get_one(Ticket, hit.row.id)) for hit in hits]


def _get_ticket(session: Session, call: Call) -> TicketOut:
    return TicketOut.of(_ticket(session, call))


def _change_ticket(session: Session, call: Call) -> TicketOut:
    value: TicketChange = call.value
    ticket_id, given = call.ids["ticket"], value.model_fields_set
    if given - {"assignee_id"}:
        changes = {"kind": value.kind, "impact": value.impact, "urgency": value.urgency, "status": value.status}
        details.classify(session, ticket_id, call.agent_id, call.now, **changes)  # type: ignore[arg-type]
    if "assignee_id" in given:
        actions.assign(session, ticket_id, call.agent_id, value.assignee_id, call.now)
    return TicketOut.of(_ticket(session, call))


def _take_over(session: Session, call: Call) -> TicketOut:
    value: TakeOver = call.value
    actions.take_over(session, call.ids["ticket"], call.agent_id, call.now, value.force)
    return TicketOut.of(_ticket(session, call))


def _hand_back(session: Session, call: Call) -> TicketOut:
    value: HandBack = call.value
    resume = {"ask": value.ask, "step": value.step, "topic": value.topic}
    given = {kind: name for kind, name in resume.items() if name}
    if len(given) > 1:
        raise InvalidInput("Name one place where the bot goes on: ask, step or topic.", "ask")
    actions.hand_back(session, call.ids["ticket"], call.agent_id, given, value.reason, call.now)
    return TicketOut.of(_ticket(session, call))


def _escalate(session: Session, call: Call) -> TicketOut:
    value: Escalate = call.value
    actions.escalate(session, call.ids["ticket"], call.agent_id, value.team, value.reason, value.tried, call.now)
    return TicketOut.of(_ticket(session, call))


def _to_lead(session: Session, call: Call) -> TicketOut:
    value: Why = call.value
    escalation.to_lead(session, call.ids["ticket"], call.agent_id, value.reason, call.now)
    return TicketOut.of(_ticket(session, call))


def _snooze(session: Session, call: Call) -> TicketOut:
    value: Snooze = call.value
    snooze.snooze(session, call.ids["ticket"], call.agent_id, value.until, call.now)
    return TicketOut.of(_ticket(session, call))


def _correct(session: Session, call: Call) -> TicketOut:
    value: Correct = call.value
    if value.intent not in call.content.of(None).intents:
        raise InvalidInput("There is no such topic.", "intent")
    details.correct(session, call.ids["ticket"], call.agent_id, value.intent, call.now)
    return TicketOut.of(_ticket(session, call))


def _resolve(session: Session, call: Call) -> TicketOut:
    value: Resolve = call.value
    actions.resolve(session, call.ids["ticket"], call.agent_id, value.code, call.now, value.reason)
    return TicketOut.of(_ticket(session, call))


def _reopen(session: Session, call: Call) -> TicketOut:
    actions.reopen(session, call.ids["ticket"], Actor.agent(call.agent_id), call.now)
    return TicketOut.of(_ticket(session, call))


def _merge(session: Session, call: Call) -> TicketOut:
    value: Merge = call.value
    merging.merge(session, call.ids["ticket"], value.into_id, call.agent_id, call.now, value.message)
    session.flush()
    return TicketOut.of(session.get_one(Ticket, value.into_id))


def _list_messages(session: Session, call: Call) -> list[MessageOut]:
    after, limit = page(call)
    ticket = _ticket(session, call)
    query = select(Message).where(Message.ticket_id == ticket.id, Message.id > after).order_by(Message.id).limit(limit)
    return [_message_out(session, message) for message in session.scalars(query)]


def _add_message(session: Session, call: Call) -> MessageOut:
    value: MessageIn = call.value
    if value.note:
        message_id = actions.note(session, call.ids["ticket"], call.agent_id, value.text, call.now)
    else:
        message_id = actions.reply(session, call.ids["ticket"], call.agent_id, Draft(value.text), call.now)
    return _message_out(session, session.get_one(Message, message_id))


def _undo(session: Session, call: Call) -> MessageOut:
    outbox.undo(session, _message(session, call).id, call.agent_id, call.now)
    return _message_out(session, _message(session, call))


def _split(session: Session, call: Call) -> TicketOut:
    ticket_id = splitting.split(session, call.ids["message"], call.agent_id, call.now)
    session.flush()
    return TicketOut.of(session.get_one(Ticket, ticket_id))


def _retry(session: Session, call: Call) -> MessageOut:
    if _message(session, call).delivery is not Delivery.FAILED:
        raise Conflict("Only a message that could not be sent can be tried again.")
    outbox.retry(session, call.ids["message"], call.now)
    return _message_out(session, _message(session, call))


def _message(session: Session, call: Call) -> Message:
    message = session.get(Message, call.ids["message"])
    if message is None:
        raise NotFound("There is no such message.")
    return message


def _message_out(session: Session, message: Message) -> MessageOut:
    files = session.scalars(select(Attachment).where(Attachment.message_id == message.id).order_by(Attachment.id))
    return MessageOut.of(message, list(files))


def _file(session: Session, call: Call) -> Attachment:
    return views.file_of(session, call.ids["file"])


def _list_history(session: Session, call: Call) -> list[HistoryOut]:
    after, limit = page(call)
    of_ticket = select(HistoryEntry).where(HistoryEntry.ticket_id == _ticket(session, call).id)
    query = of_ticket.where(HistoryEntry.id > after).order_by(HistoryEntry.id).limit(limit)
    return [HistoryOut.of(entry) for entry in session.scalars(query)]


def _list_teams(session: Session, call: Call) -> list[TeamOut]:
    return [TeamOut.of(team) for team in session.scalars(select(Team).order_by(Team.level, Team.name))]


def _list_agents(session: Session, call: Call) -> list[AgentOut]:
    active = select(Agent).where(Agent.active).order_by(Agent.name)
    return [AgentOut(id=agent.id, name=agent.name, role=str(agent.role)) for agent in session.scalars(active)]


def _ticket(session: Session, call: Call) -> Ticket:
    ticket = session.get(Ticket, call.ids["ticket"])
    if ticket is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(call.ids["ticket"]))
    session.flush()
    return ticket


def _requester(session: Session, call: Call) -> RequesterOut:
    """Change who the requester of a ticket is."""
    value: RequesterChange = call.value
    ticket, given = _ticket(session, call), value.model_fields_set
    known = session.get_one(Requester, ticket.requester_id)
    details.save_requester(
        session,
        ticket.id,
        call.agent_id,
        value.name if value.name is not None else known.name,
        value.organization_id if "organization_id" in given else known.organization_id,
        value.vip if value.vip is not None else known.vip,
        call.now,
    )
    session.flush()
    return requester_out(session, known)


_TICKET = "/tickets/{ticket:int}"
_READ, _WRITE = "tickets:read", "tickets:write"
TICKETS = (
    Operation("GET", "/tickets", _READ, "List tickets, the oldest first", _list_tickets, TicketOut, is_list=True,
              filters=("status", "team", "assignee_id", "requester_id", "organization_id")),
    Operation("POST", "/tickets", _WRITE, "Open a ticket", _create_ticket, TicketOut, TicketIn, status=201),
    Operation("GET", "/search", _READ, "Search as in the console: q=printer status:open; at most 50, the newest first",
              _search, TicketOut, is_list=True, is_paged=False, filters=("q",)),
    Operation("GET", _TICKET, _READ, "One ticket", _get_ticket, TicketOut),
    Operation("PATCH", _TICKET, _WRITE, "Change a ticket", _change_ticket, TicketOut, TicketChange),
    Operation("POST", f"{_TICKET}/take-over", _WRITE, "Take a ticket over from the bot, a queue or a colleague",
              _take_over, TicketOut, TakeOver),
    Operation("POST", f"{_TICKET}/hand-back", _WRITE, "Hand a ticket back to the bot", _hand_back, TicketOut, HandBack),
    Operation("POST", f"{_TICKET}/escalate", _WRITE, "Pass a ticket on to a team", _escalate, TicketOut, Escalate),
    Operation("POST", f"{_TICKET}/to-lead", _WRITE, "Give a ticket to the lead of its team", _to_lead, TicketOut, Why),
    Operation("POST", f"{_TICKET}/snooze", _WRITE, "Put a ticket aside until a moment", _snooze, TicketOut, Snooze),
    Operation("POST", f"{_TICKET}/correct", _WRITE, "Say what a ticket is really about; kept for training", _correct,
              TicketOut, Correct),
    Operation("POST", f"{_TICKET}/resolve", _WRITE, "Resolve a ticket", _resolve, TicketOut, Resolve),
    Operation("POST", f"{_TICKET}/reopen", _WRITE, "Reopen a resolved ticket", _reopen, TicketOut),
    Operation("POST", f"{_TICKET}/merge", _WRITE, "Merge a ticket into another one; the answer is that one", _merge,
              TicketOut, Merge),
    Operation("PATCH", f"{_TICKET}/requester", "requesters:write", "Change who the requester of a ticket is",
              _requester, RequesterOut, RequesterChange),
    Operation("GET", f"{_TICKET}/messages", _READ, "List the messages and notes of a ticket", _list_messages,
              MessageOut, is_list=True),
    Operation("POST", f"{_TICKET}/messages", _WRITE, "Answer the requester, or write a note", _add_message, MessageOut,
              MessageIn, status=201),
    Operation("GET", f"{_TICKET}/history", _READ, "List who did what on a ticket", _list_history, HistoryOut,
              is_list=True),
    Operation("POST", "/messages/{message:int}/undo", _WRITE, "Take a letter back that is not being sent yet", _undo,
              MessageOut),
    Operation("POST", "/messages/{message:int}/retry", _WRITE, "Try a message again that could not be sent", _retry,
              MessageOut),
    Operation("POST", "/messages/{message:int}/split", _WRITE, "Make a message a ticket of its own", _split, TicketOut,
              status=201),
    Operation("GET", "/attachments/{file:int}", _READ, "The content of a file", _file, FileOut, is_file=True),
    Operation("GET", "/teams", _READ, "List the teams, from the first level to the third", _list_teams, TeamOut,
              is_list=True, is_paged=False),
    Operation("GET", "/agents", _READ, "List the staff who can be given a ticket", _list_agents, AgentOut, is_list=True,
              is_paged=False),
)  # fmt: skip
