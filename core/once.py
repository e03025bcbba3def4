"""A form that is sent twice acts once: by a double click, a slow line, a browser that tries again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.models import SentForm

KEPT = timedelta(days=2)
"""How long after it was sent a form may come again."""


def is_first(session: Session, agent_id: int, key: str, now: datetime) -> bool:
    """Whether this agent sends the form of this key for the first time; from here on it was sent.

    To be asked in the transaction that does what the form says: if that fails, the form may be sent again. One that
    another transaction is at is waited for.
    """
    session.execute(delete(SentForm).where(SentForm.sent_at < now - KEPT))
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(SentForm).values(agent_id=agent_id, key=key, sent_at=now)
    return session.scalar(row.on_conflict_do_nothing().returning(SentForm.id)) is not None
