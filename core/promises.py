"""Leases on promise rows: claim, done, again, failed; the same code on SQLite and PostgreSQL.

A claim is a conditional UPDATE that writes a token and an end; finishing is conditional on the token, so a worker that
lost its lease changes nothing. Order holds within a lane, and a lane whose first row is not due yet waits.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, exists, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from core.models import OutboxRow, PromiseState, WorkRow

Row = TypeVar("Row", OutboxRow, WorkRow)

_EARLIER: dict[Any, Any] = {model: aliased(model) for model in (OutboxRow, WorkRow)}
"""Made once: an alias a claim would be a new statement to compile each time."""

LEASE = timedelta(seconds=60)
"""How long a claimed row may take before another worker takes it over."""
ATTEMPTS = 12
"""With the backoff below, about a day and a half of trying."""


def backoff(attempts: int, jitter: random.Random) -> timedelta:
    """How long to wait after the n-th failed attempt: 2, 4, 8 … s up to four hours, varied by a quarter either way."""
    seconds = min(2.0 ** min(attempts, 14), 4 * 3600.0)
    return timedelta(seconds=seconds * jitter.uniform(0.75, 1.25))


def claim(
    session: Session, model: type[Row], now: datetime, *conditions: ColumnElement[bool], limit: int = 50
) -> list[Row]:
    """Lease up to ``limit`` due rows that meet the conditions, at most one a lane, oldest first."""
    earlier = _EARLIER[model]
    free = or_(model.leased_until.is_(None), model.leased_until <= now)
    blocked = exists().where(
        and_(
            earlier.lane == model.lane,
            earlier.id < model.id,
            earlier.state == PromiseState.PENDING,
            _holds(model, earlier),
        )
    )
    query = (
        select(model)
        .where(model.state == PromiseState.PENDING, model.due_at <= now, free, ~blocked, *conditions)
        .order_by(model.due_at, model.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(session.scalars(query))
    for row in rows:
        row.lease = str(uuid.uuid4())
        row.leased_until = now + LEASE
        row.attempts += 1
    session.flush()
    return rows


def _holds(model: Any, earlier: Any) -> ColumnElement[bool]:
    """Which earlier rows keep a later one waiting: every message, but only work of the same kind."""
    same: ColumnElement[bool] = earlier.kind == model.kind if model is WorkRow else true()
    return same


def held(session: Session, model: type[Row], row_id: int, lease: str) -> Row | None:
    """The row, locked, if this lease still holds it; None if somebody else took over or it was cancelled."""
    row = session.scalar(select(model).where(model.id == row_id).with_for_update())
    if row is None or row.state is not PromiseState.PENDING or row.lease != lease:
        return None
    return row


def finish(row: OutboxRow | WorkRow, now: datetime) -> None:
    row.state, row.finished_at, row.lease, row.leased_until = PromiseState.DONE, now, None, None


def give_up(row: OutboxRow | WorkRow, now: datetime, error: str) -> None:
    row.state, row.finished_at, row.lease, row.leased_until = PromiseState.FAILED, now, None, None
    row.last_error = error


def put_back(row: OutboxRow | WorkRow, due_at: datetime, error: str) -> None:
    """Try again later."""
    row.lease, row.leased_until, row.due_at, row.last_error = None, None, due_at, error


def release_all(session: Session, model: type[Row]) -> int:
    """Drop every lease. Only for a database with one process, at its start: whoever held them is dead."""
    result = session.execute(
        update(model)
        .where(model.state == PromiseState.PENDING, model.lease.is_not(None))
        .values(lease=None, leased_until=None)
    )
    return result.rowcount  # type: ignore[attr-defined,no-any-return]
