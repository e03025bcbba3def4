"""What the REST API can do: each operation is a function of a session, like every use case, and says what it needs."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from console.api.values import (
    ArticleOut,
    Merge,
    MessageIn,
    MessageOut,
    RequesterOut,
    Resolve,
    TicketChange,
    TicketIn,
    TicketOut,
)
from core import intake
from core.errors import Conflict, InvalidInput, NotFound
from core.inboxes.reading import mailbox_for
from core.joining import organization_of
from core.knowledge import articles
from core.models import Message, Requester, RequesterAddress, Ticket
from core.tickets import actions, details, merging
from core.values import Actor, Address, Draft, InboundMessage, ticket_number

PAGE, LARGEST_PAGE = 50, 200


@dataclass(frozen=True, slots=True)
class Call:
    """One request: ``ids`` from the path, ``query`` from behind the question mark, ``value`` the checked body."""

    agent_id: int
    now: datetime
    ids: dict[str, int]
    query: dict[str, str]
    value: Any


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    scope: str
    summary: str
    run: Callable[[Session, Call], Any]
    out: type[BaseModel]
    value: type[BaseModel] | None = None
    is_list: bool = False
    filters: tuple[str, ...] = ()
    status: int = 200


def _page(call: Call) -> tuple[int, int]:
    """(the id to go on after, how many)."""
    after, limit = call.query.get("after", "0"), call.query.get("limit", str(PAGE))
    if not after.isdecimal() or not limit.isdecimal() or not 1 <= int(limit) <= LARGEST_PAGE:
        raise InvalidInput("after is the cursor of the last page, limit a number from 1 to {most}.", most=LARGEST_PAGE)
    return int(after), int(limit)


def _number(call: Call, name: str) -> int | None:
    value = call.query.get(name)
    if value is not None and not value.isdecimal():
        raise InvalidInput("{name} must be a number.", name, name=name)
    return int(value) if value is not None else None


def _list_tickets(session: Session, call: Call) -> list[TicketOut]:
    after, limit = _page(call)
    query = select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(limit)
    if (status := call.query.get("status")) is not None:
        query = query.where(Ticket.status == status)
    columns: dict[str, InstrumentedAttribute[Any]] = {
        "assignee_id": Ticket.assignee_id,
        "requester_id": Ticket.requester_id,
        "organization_id": Ticket.organization_id,
    }
    for name, column in columns.items():
        if (number := _number(call, name)) is not None:
            query = query.where(column == number)
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
    after, limit = _page(call)
    ticket = _ticket(session, call)
    query = select(Message).where(Message.ticket_id == ticket.id, Message.id > after).order_by(Message.id).limit(limit)
    return [MessageOut.of(message) for message in session.scalars(query)]


def _add_message(session: Session, call: Call) -> MessageOut:
    value: MessageIn = call.value
    if value.note:
        message_id = actions.note(session, call.ids["ticket"], call.agent_id, value.text, call.now)
    else:
        message_id = actions.reply(session, call.ids["ticket"], call.agent_id, Draft(value.text), call.now)
    return MessageOut.of(session.get_one(Message, message_id))


def _list_requesters(session: Session, call: Call) -> list[RequesterOut]:
    after, limit = _page(call)
    query = select(Requester).where(Requester.id > after).order_by(Requester.id).limit(limit)
    if (email := call.query.get("email")) is not None:
        of_address = select(RequesterAddress.requester_id).where(
            RequesterAddress.kind == "email", RequesterAddress.value == email.lower()
        )
        query = query.where(Requester.id.in_(of_address))
    return [_requester(session, requester) for requester in session.scalars(query)]


def _get_requester(session: Session, call: Call) -> RequesterOut:
    requester = session.get(Requester, call.ids["requester"])
    if requester is None:
        raise NotFound("There is no such requester.")
    return _requester(session, requester)


def _list_articles(session: Session, call: Call) -> list[ArticleOut]:
    after, limit = _page(call)
    language = call.query.get("language")
    found = sorted(articles.visible(session, _number(call, "organization_id")), key=lambda article: article.id)
    wanted = [one for one in found if one.id > after and language in (None, one.language)]
    return [ArticleOut.of(article) for article in wanted[:limit]]


def _ticket(session: Session, call: Call) -> Ticket:
    ticket = session.get(Ticket, call.ids["ticket"])
    if ticket is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(call.ids["ticket"]))
    session.flush()
    return ticket


def _requester(session: Session, requester: Requester) -> RequesterOut:
    addresses = session.scalars(select(RequesterAddress).where(RequesterAddress.requester_id == requester.id))
    return RequesterOut.of(requester, list(addresses))


_TICKET = "/tickets/{ticket:int}"
OPERATIONS = (
    Operation("GET", "/tickets", "tickets:read", "List tickets, the oldest first", _list_tickets, TicketOut,
              is_list=True, filters=("status", "assignee_id", "requester_id", "organization_id")),
    Operation("POST", "/tickets", "tickets:write", "Open a ticket", _create_ticket, TicketOut, TicketIn, status=201),
    Operation("GET", _TICKET, "tickets:read", "One ticket", _get_ticket, TicketOut),
    Operation("PATCH", _TICKET, "tickets:write", "Change a ticket", _change_ticket, TicketOut, TicketChange),
    Operation("POST", f"{_TICKET}/resolve", "tickets:write", "Resolve a ticket", _resolve, TicketOut, Resolve),
    Operation("POST", f"{_TICKET}/reopen", "tickets:write", "Reopen a resolved ticket", _reopen, TicketOut),
    Operation("POST", f"{_TICKET}/merge", "tickets:write", "Merge a ticket into another one; the answer is that one",
              _merge, TicketOut, Merge),
    Operation("GET", f"{_TICKET}/messages", "tickets:read", "List the messages and notes of a ticket", _list_messages,
              MessageOut, is_list=True),
    Operation("POST", f"{_TICKET}/messages", "tickets:write", "Answer the requester, or write a note", _add_message,
              MessageOut, MessageIn, status=201),
    Operation("GET", "/requesters", "requesters:read", "List requesters", _list_requesters, RequesterOut, is_list=True,
              filters=("email",)),
    Operation("GET", "/requesters/{requester:int}", "requesters:read", "One requester", _get_requester, RequesterOut),
    Operation("GET", "/articles", "knowledge:read", "List published articles", _list_articles, ArticleOut, is_list=True,
              filters=("language", "organization_id")),
)  # fmt: skip
