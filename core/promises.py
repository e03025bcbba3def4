"""Leases on promise rows: claim, done, again, failed; the same code on SQLite and PostgreSQL.

A claim is a conditional UPDATE that writes a token and an end; finishing is conditional on the token, so a worker that
lost its lease changes nothing. Order holds within a lane, and a lane whose first row is not due yet waits.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Executable, Table, Update, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from core import rows
from core.models import ArrivalRow, CardRow, OutboxRow, PictureRow, PromiseState, RereadRow, WorkKind, WorkRow
from core.signals import Signal, Topic, emit

LEASE = timedelta(seconds=60)
"""How long a claimed row may take before another worker takes it over."""
ATTEMPTS = 12
"""With the backoff below, about a day and a half of trying."""


class Work(NamedTuple):
    """Work owed on a ticket, as its holder sees it."""

    id: int
    lease: str
    attempts: int
    kind: WorkKind
    ticket_id: int
    message_id: int | None


class Sending(NamedTuple):
    """A message owed to a person, as its holder sees it; ``lane`` is the conversation."""

    id: int
    lease: str
    attempts: int
    inbox_id: int
    lane: int
    message_id: int


class Reread(NamedTuple):
    """Something set aside and owed another reading, as its holder sees it."""

    id: int
    lease: str
    attempts: int
    receipt_id: int


class Arrived(NamedTuple):
    """Something still to be read, as its holder sees it; ``lane`` stands for the thread it came from."""

    id: int
    lease: str
    attempts: int
    inbox_id: int
    lane: int
    key: str
    payload: dict[str, Any]
    received_at: datetime


class Showing(NamedTuple):
    """A card that must show its ticket anew, as its holder sees it; ``asked`` counts the reasons for it so far."""

    id: int
    lease: str
    attempts: int
    inbox_id: int
    ticket_id: int
    room: str
    external_id: str | None
    asked: int


class Looking(NamedTuple):
    """A picture to be read, as its holder sees it."""

    id: int
    lease: str
    attempts: int
    sha256: str


Held = TypeVar("Held", Work, Sending, Reread, Arrived, Showing, Looking)


def backoff(attempts: int, jitter: random.Random) -> timedelta:
    """How long to wait after the n-th failed attempt: 2, 4, 8 … s up to four hours, varied by a quarter either way."""
    seconds = min(2.0 ** min(attempts, 14), 4 * 3600.0)
    return timedelta(seconds=seconds * jitter.uniform(0.75, 1.25))


class Promises(Generic[Held]):
    """One table of promises; its statements are made once. A row waits for the earlier ones that agree in ``order``."""

    def __init__(self, table: Any, held: type[Held], *order: str) -> None:
        assert isinstance(table, Table)
        self._held: type[Held] = held
        self._table = table
        self._columns = [table.c[name] for name in held._fields]
        self._order = order
        mine = and_(table.c.id == bindparam("row"), table.c.state == PromiseState.PENDING)
        self._lease = (
            update(table)
            .where(table.c.id == bindparam("row"))
            .values(lease=bindparam("token"), leased_until=bindparam("until"), attempts=table.c.attempts + 1)
        )
        self._mine = select(*self._columns).where(mine, table.c.lease == bindparam("token")).with_for_update()
        self._end = (
            update(table)
            .where(mine, table.c.lease == bindparam("token"))
            .values(
                state=bindparam("new_state"),
                finished_at=bindparam("at"),
                last_error=bindparam("error"),
                lease=None,
                leased_until=None,
            )
            .returning(*self._columns)
        )
        self._again = (
            update(table)
            .where(table.c.id == bindparam("row"))
            .values(lease=None, leased_until=None, due_at=bindparam("due"), last_error=bindparam("error"))
        )

    def due(self, *conditions: ColumnElement[bool], limit: int = 50) -> Executable:
        """What ``claim`` runs: up to ``limit`` due and free rows that meet the conditions, at most one a lane."""
        table, earlier = self._table, self._table.alias()
        blocked = exists().where(
            *(earlier.c[name] == table.c[name] for name in self._order),
            earlier.c.id < table.c.id,
            earlier.c.state == PromiseState.PENDING,
        )
        free = or_(table.c.leased_until.is_(None), table.c.leased_until <= bindparam("now"))
        return (
            select(*self._columns)
            .where(
                table.c.state == PromiseState.PENDING, table.c.due_at <= bindparam("now"), free, ~blocked, *conditions
            )
            .order_by(table.c.due_at, table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=table)
        )

    def claim(self, session: Session, due: Executable, now: datetime, **parameters: Any) -> list[Held]:
        """Lease what a statement of ``due`` finds, oldest first."""
        found = [self._held(*row) for row in rows.execute(session, due, now=now, **parameters)]
        held = [one._replace(lease=str(uuid.uuid4()), attempts=one.attempts + 1) for one in found]
        for one in held:
            rows.execute(session, self._lease, row=one.id, token=one.lease, until=now + LEASE)
        return held

    def held(self, session: Session, row_id: int, lease: str) -> Held | None:
        """The row, locked, if this lease still holds it; None if somebody else took over or it was cancelled."""
        found = rows.first(session, self._mine, row=row_id, token=lease)
        return self._held(*found) if found is not None else None

    def finish(self, session: Session, row_id: int, lease: str, now: datetime) -> Held | None:
        """Done: the row, locked, if this lease still held it."""
        return self._over(session, row_id, lease, PromiseState.DONE, now, None)

    def fail(
        self,
        session: Session,
        row_id: int,
        lease: str,
        now: datetime,
        error: str,
        permanent: bool,
        retry_after: timedelta | None,
        jitter: random.Random,
    ) -> bool | None:
        """It did not work: False if it is tried again later, True if that was the last time, None if the lease is lost.

        Without ``retry_after`` the pauses grow (``backoff``); ``permanent`` says that trying again is of no use.
        """
        held = self.held(session, row_id, lease)
        if held is None:
            return None
        if permanent or held.attempts >= ATTEMPTS:
            self._over(session, row_id, lease, PromiseState.FAILED, now, error)
            return True
        self.put_back(session, row_id, now + (retry_after or backoff(held.attempts, jitter)), error)
        return False

    def _over(
        self, session: Session, row_id: int, lease: str, state: PromiseState, now: datetime, error: str | None
    ) -> Held | None:
        found = rows.first(session, self._end, row=row_id, token=lease, new_state=state, at=now, error=error)
        return self._held(*found) if found is not None else None

    def put_back(self, session: Session, row_id: int, due_at: datetime, error: str) -> None:
        """Try again later."""
        rows.execute(session, self._again, row=row_id, due=due_at, error=error)

    def cancelling(self, *conditions: ColumnElement[bool]) -> Update:
        """A statement that takes back what meets the conditions; it wants ``at``, the moment."""
        pending = self._table.c.state == PromiseState.PENDING
        changed = {"state": PromiseState.CANCELLED, "finished_at": bindparam("at")}
        return update(self._table).where(pending, *conditions).values(changed)

    def release_all(self, session: Session) -> None:
        """Drop every lease. Only for a database with one process, at its start: whoever held them is dead."""
        leased = and_(self._table.c.state == PromiseState.PENDING, self._table.c.lease.is_not(None))
        session.execute(update(self._table).where(leased).values(lease=None, leased_until=None))


WORK = Promises(WorkRow.__table__, Work, "lane", "kind")
"""Order holds among work of one kind on a ticket."""
OUTBOX = Promises(OutboxRow.__table__, Sending, "lane")
"""Order holds within a conversation."""
ARRIVALS = Promises(ArrivalRow.__table__, Arrived, "inbox_id", "lane")
"""Order holds within a thread."""
CARDS = Promises(CardRow.__table__, Showing, "id")
"""No card waits for another."""
PICTURES = Promises(PictureRow.__table__, Looking, "id")
"""No picture waits for another."""
REREAD = Promises(RereadRow.__table__, Reread, "lane")


def owe(session: Session, kind: WorkKind, ticket_id: int, due_at: datetime, message_id: int | None = None) -> int:
    """Promise work on a ticket; the id of the promise."""
    emit(session, Signal(Topic.WORK))
    return rows.insert(
        session, WorkRow, kind=kind, ticket_id=ticket_id, lane=ticket_id, message_id=message_id, due_at=due_at
    )
