"""Search: the tickets that fit a query, the newest word first, each with the place where the words stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, String, and_, column, exists, func, or_, select, table
from sqlalchemy.orm import Session

from core.models import Agent, Conversation, Inbox, Message, Organization, Requester, RequesterAddress, Team, Ticket
from core.search.index import expression
from core.search.query import Query
from core.search.words import excerpt, variants
from core.tickets.lists import Row, rows_of

_INDEX = table("search_message", column("rowid", Integer), column("words", String))
_TEXTS = table("search_message_content", column("rowid", Integer), column("c0", String))
"""Where FTS5 keeps what it was given: an ordinary table, quicker to read by rowid (its documentation, 9.2)."""

MOST = 50
SCANNED = 150
"""So many messages are looked at for that many tickets: one ticket may hold the words many times."""
FEW = 300
"""Up to so many tickets left by the filters, their messages are looked through one by one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A ticket, and the words around the find: pieces of text and whether they were searched for."""

    row: Row
    excerpt: tuple[tuple[str, bool], ...]


def find(session: Session, query: Query, agent_id: int, now: datetime) -> list[Hit]:
    """At most ``MOST`` tickets."""
    if query.ticket_id is not None and session.get(Ticket, query.ticket_id) is not None:
        return [Hit(row, ()) for row in rows_of(session, [query.ticket_id], agent_id)]
    conditions = _conditions(query, agent_id, now)
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    wanted = expression(query.words, on_sqlite)
    if not wanted:
        newest = select(Ticket.id).where(*conditions).order_by(Ticket.updated_at.desc()).limit(MOST)
        return [Hit(row, ()) for row in rows_of(session, list(session.scalars(newest)), agent_id)]
    indexed, matches = _INDEX, _matches(wanted, on_sqlite)
    if conditions and on_sqlite:
        few = list(session.scalars(select(Ticket.id).where(*conditions).limit(FEW + 1)))
        if len(few) <= FEW:
            # SQLite would walk through every message with the word to find those few tickets.
            indexed, matches, conditions = _TEXTS, _contains(query.words), [Ticket.id.in_(few)]
    found = (
        select(Message.ticket_id, Message.text)
        .join(indexed, indexed.c.rowid == Message.id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(matches, *conditions)
        .order_by(Message.id.desc() if indexed is _TEXTS else indexed.c.rowid.desc())
        .limit(SCANNED)
    )
    texts: dict[int, str] = {}
    for ticket_id, said in session.execute(found):
        texts.setdefault(ticket_id, said)
    rows = rows_of(session, list(texts)[:MOST], agent_id)
    return [Hit(row, tuple(excerpt(texts[row.id], list(query.words)))) for row in rows]


def _matches(wanted: str, on_sqlite: bool) -> ColumnElement[bool]:
    if on_sqlite:
        return _INDEX.c.words.op("MATCH", is_comparison=True)(wanted)
    return _INDEX.c.words.op("@@", is_comparison=True)(func.to_tsquery("simple", wanted))


def _contains(words: tuple[str, ...]) -> ColumnElement[bool]:
    """The same without the index, on its folded text."""
    return and_(*(or_(*(func.instr(_TEXTS.c.c0, one) > 0 for one in variants(word))) for word in words))


def _conditions(query: Query, agent_id: int, now: datetime) -> list[ColumnElement[bool]]:
    found = [_filter(name, value, agent_id) for name, value in query.filters]
    if query.older is not None:
        found.append(Ticket.updated_at < now - query.older)
    if query.newer is not None:
        found.append(Ticket.updated_at > now - query.newer)
    return found


def _filter(name: str, value: str, agent_id: int) -> ColumnElement[bool]:
    pattern = f"%{value}%"
    match name:
        case "status":
            return Ticket.status == value
        case "kind":
            return Ticket.kind == value
        case "level":
            return Ticket.level == int(value)
        case "priority":
            return Ticket.priority == int(value)
        case "intent":
            return Ticket.intent == value
        case "team":
            teams = select(Team.id).where(or_(Team.key == value, func.lower(Team.name).like(pattern)))
            return Ticket.team_id.in_(teams)
        case "assignee":
            if value in ("me", "ich"):
                return Ticket.assignee_id == agent_id
            if value in ("nobody", "niemand"):
                return Ticket.assignee_id.is_(None)
            return Ticket.assignee_id.in_(select(Agent.id).where(func.lower(Agent.name).like(pattern)))
        case "org":
            named = or_(Organization.key == value, func.lower(Organization.name).like(pattern))
            return Ticket.organization_id.in_(select(Organization.id).where(named))
        case "from":
            address = exists().where(
                RequesterAddress.requester_id == Requester.id, func.lower(RequesterAddress.value).like(pattern)
            )
            return Ticket.requester_id.in_(
                select(Requester.id).where(or_(func.lower(Requester.name).like(pattern), address))
            )
        case _:
            return exists().where(
                Conversation.ticket_id == Ticket.id, Conversation.inbox_id == Inbox.id, Inbox.channel == value
            )
