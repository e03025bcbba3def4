"""How far an inbox has read a source that numbers what it holds and does not remember for us what we took.

The position moves only after the commit of what lies before it. If it is lost or does not hold any more, everything is
read again, and the ledger knows what it has.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import InboxPosition


@dataclass(frozen=True, slots=True)
class Position:
    """The numbers hold within a ``source`` and its ``generation``; with another of either, reading begins anew.

    ``read_to`` is the last number that is documented, ``tidied_to`` the last that was dealt with in the source as well
    (marked, moved). The inbox began at ``begun_at``; up to ``reread_to`` it is being read again.
    """

    source: str
    generation: int
    read_to: int
    tidied_to: int
    begun_at: datetime
    reread_to: int = 0


def read(session: Session, inbox_id: int) -> Position | None:
    """None if the inbox has not begun yet."""
    row = session.scalar(select(InboxPosition).where(InboxPosition.inbox_id == inbox_id))
    if row is None:
        return None
    return Position(row.source, row.generation, row.read_to, row.tidied_to, row.begun_at, row.reread_to)


def save(session: Session, inbox_id: int, position: Position) -> None:
    row = session.scalar(select(InboxPosition).where(InboxPosition.inbox_id == inbox_id))
    if row is None:
        session.add(InboxPosition(inbox_id=inbox_id, **asdict(position)))
        return
    for name, value in asdict(position).items():
        setattr(row, name, value)
