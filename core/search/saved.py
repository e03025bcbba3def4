"""Searches kept under a name: one's own, and those that everybody sees."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import rights
from core.errors import InvalidInput
from core.models import SavedView
from core.rights import Right
from core.search import query as queries

LONGEST_NAME, LONGEST_QUERY = 80, 500


def seen_by(session: Session, agent_id: int) -> list[SavedView]:
    """Everybody's searches and the agent's own, by name."""
    seen = or_(SavedView.agent_id.is_(None), SavedView.agent_id == agent_id)
    return list(session.scalars(select(SavedView).where(seen).order_by(SavedView.name)))


def keep(session: Session, name: str, query: str, agent_id: int, shared: bool) -> None:
    """Keep a search, for oneself or for everybody. Raises ``InvalidInput`` for one that cannot be read."""
    name, query = name.strip()[:LONGEST_NAME], query[:LONGEST_QUERY]
    if not name:
        raise InvalidInput("Give the view a name.", "name")
    queries.read(query)
    if shared:
        rights.require_of(session, agent_id, Right.SHARE)
    session.add(SavedView(name=name, query=query, agent_id=None if shared else agent_id))


def forget(session: Session, saved_id: int, agent_id: int) -> None:
    saved = session.get(SavedView, saved_id)
    if saved is None or saved.agent_id not in (None, agent_id):
        return
    if saved.agent_id is None:
        rights.require_of(session, agent_id, Right.SHARE)
    session.delete(saved)
