"""``@Name`` in a note asks a colleague to look. Anything else after an @ is text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from core import rows
from core.models import Agent, Mention, Message, Reading, Ticket

MOST = 50
"""More names in one note than this are a list, not a request; the first ones are told."""


def parts(text: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """The text in pieces, each with the name it mentions, or without: ``[("an ", ""), ("@Lea Brandt", "Lea Brandt")]``.

    Names are found whole, in any case, however their spaces are written; of several that fit, the longest.
    """
    known = {_plain(name): name for name in names if name.strip()}
    if not known or "@" not in text:
        return [(text, "")]
    found: list[tuple[str, str]] = []
    end = 0
    for match in _pattern(known.values()).finditer(text):
        if match.start() > end:
            found.append((text[end : match.start()], ""))
        found.append((match.group(), known.get(_plain(match.group(1)), "")))
        end = match.end()
    if end < len(text):
        found.append((text[end:], ""))
    return found


def remember(session: Session, message_id: int, author_id: int, text: str) -> None:
    """Keep whom a note mentions: everybody of that name who works here, except its author."""
    if "@" not in text:
        return
    agents = session.execute(select(Agent.id, Agent.name).where(Agent.active, Agent.id != author_id)).all()
    named = {_plain(name) for _, name in parts(text, [name for _, name in agents]) if name}
    for agent_id in [id_ for id_, name in agents if _plain(name) in named][:MOST]:
        rows.insert(session, Mention, agent_id=agent_id, message_id=message_id)


def of_ticket(session: Session, ticket_id: int) -> Mapping[int, Mapping[int, str]]:
    """Whom each note of a ticket mentions: note → agent → name."""
    query = (
        select(Mention.message_id, Agent.id, Agent.name)
        .join(Agent, Agent.id == Mention.agent_id)
        .join(Message, Message.id == Mention.message_id)
        .where(Message.ticket_id == ticket_id)
    )
    found: dict[int, dict[int, str]] = {}
    for message_id, agent_id, name in session.execute(query):
        found.setdefault(message_id, {})[agent_id] = name
    return found


def mentioned(agent_id: int) -> ColumnElement[bool]:
    """Tickets with a note that mentions this agent."""
    return Ticket.id.in_(_notes(agent_id).with_only_columns(Message.ticket_id))


def unseen(agent_id: int) -> ColumnElement[bool]:
    """Of those, the ones where the agent has not read that far yet."""
    return Ticket.id.in_(_unseen(agent_id).with_only_columns(Message.ticket_id))


def count(session: Session, agent_id: int) -> int:
    """On how many tickets a mention waits to be seen."""
    return session.scalar(_unseen(agent_id).with_only_columns(func.count(Message.ticket_id.distinct()))) or 0


def _notes(agent_id: int) -> Select[int]:
    return select(Message.id).join(Mention, Mention.message_id == Message.id).where(Mention.agent_id == agent_id)


def _unseen(agent_id: int) -> Select[int]:
    mine = and_(Reading.ticket_id == Message.ticket_id, Reading.agent_id == agent_id)
    return (
        _notes(agent_id)
        .outerjoin(Reading, mine)
        .where(or_(Reading.message_id.is_(None), Reading.message_id < Message.id))
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).lower()


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """An @ that is no part of an address, and one of the names as a whole word."""
    longest = sorted(names, key=len, reverse=True)
    any_of = "|".join(r"\s+".join(re.escape(word) for word in name.split()) for name in longest)
    return re.compile(rf"(?<![\w.+-])@({any_of})(?!\w)", re.IGNORECASE)
