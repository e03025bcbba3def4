"""The right to run an inbox of which only one process may: the same lease as on a promise (``core.promises``)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from core import rows
from core.models import Inbox, InboxState
from core.signals import Signal, Topic, emit

LEASE = timedelta(seconds=30)
"""How long a process that fell silent keeps the right; whoever holds it takes it again long before."""

_inbox = Inbox.__table__
_TAKE = (
    update(_inbox)  # type: ignore[arg-type]
    .where(
        _inbox.c.id == bindparam("inbox"),
        _inbox.c.state == InboxState.ACTIVE,
        _inbox.c.lease.is_(None) | (_inbox.c.lease == bindparam("token")) | (_inbox.c.leased_until <= bindparam("now")),
    )
    .values(lease=bindparam("token"), leased_until=bindparam("until"))
)
_LEAVE = (
    update(_inbox)  # type: ignore[arg-type]
    .where(_inbox.c.id == bindparam("inbox"), _inbox.c.lease == bindparam("token"))
    .values(lease=None, leased_until=None)
)


def take(session: Session, inbox_id: int, token: str, now: datetime) -> bool:
    """Take the lease, or take it for longer. False while somebody else has it."""
    return rows.execute(session, _TAKE, inbox=inbox_id, token=token, now=now, until=now + LEASE).rowcount == 1


def leave(session: Session, inbox_id: int, token: str) -> None:
    """Give the lease back, so that nobody need wait for its end."""
    if rows.execute(session, _LEAVE, inbox=inbox_id, token=token).rowcount:
        emit(session, Signal(Topic.INBOX, inbox_id))


def release_all(session: Session) -> None:
    """Drop every lease. Only for a database with one process, at its start: whoever held them is dead."""
    session.execute(update(Inbox).values(lease=None, leased_until=None))
