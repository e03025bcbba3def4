"""What came and is not read yet: kept within milliseconds, so that the source can be acknowledged, and read afterwards.

For sources that want their answer at once, while reading takes the network (a profile, a file). Reading is idempotent,
tried again until it works, and what never does lies in quarantine.
"""

from __future__ import annotations

import json
import random
import zlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core import conversations, rows
from core.intake import quarantine
from core.models import ArrivalRow, InboundReceipt, PromiseState
from core.promises import ARRIVALS, Arrived
from core.values import Outcome

AT_ONCE = 8
"""How many a process reads at the same time."""

_row = ArrivalRow.__table__
_DUE = ARRIVALS.due(ArrivalRow.inbox_id == bindparam("inbox"), limit=AT_ONCE)
_DUE_THIS = ARRIVALS.due(ArrivalRow.id == bindparam("this"))
_SEEN = select(ArrivalRow.id).where(ArrivalRow.inbox_id == bindparam("inbox"), ArrivalRow.key == bindparam("key"))
_COMING = (
    select(ArrivalRow.id)
    .where(
        ArrivalRow.inbox_id == bindparam("inbox"),
        ArrivalRow.lane == bindparam("lane"),
        ArrivalRow.state == PromiseState.PENDING,
    )
    .limit(1)
)
_EMPTY = update(_row).where(_row.c.id == bindparam("row")).values(payload={})  # type: ignore[arg-type]


def keep(
    session: Session,
    inbox_id: int,
    key: str,
    thread_key: str,
    payload: dict[str, Any],
    now: datetime,
    only_known: bool = False,
) -> list[Arrived]:
    """Keep a delivery and lease it to the caller, who reads it at once. Empty if there is nothing to read now.

    That is: it was delivered before, an earlier one of its thread comes first, or it is ``only_known`` and its thread
    is not one that is, or is about to become, a conversation of this inbox.
    """
    lane = _lane(thread_key)
    if rows.first(session, _SEEN, inbox=inbox_id, key=key) is not None:
        rows.insert(
            session,
            InboundReceipt,
            inbox_id=inbox_id,
            outcome=Outcome.DUPLICATE,
            reason=f"delivered again: {key}",
            received_at=now,
        )
        return []
    if only_known and not _is_ours(session, inbox_id, thread_key, lane):
        return []
    row_id = rows.insert(
        session, ArrivalRow, inbox_id=inbox_id, key=key, payload=payload, received_at=now, lane=lane, due_at=now
    )
    return ARRIVALS.claim(session, _DUE_THIS, now, this=row_id)


def claim(session: Session, now: datetime, inbox_id: int) -> list[Arrived]:
    """Lease what is due of this inbox."""
    return ARRIVALS.claim(session, _DUE, now, inbox=inbox_id)


def done(session: Session, arrived: Arrived, now: datetime) -> None:
    """It has been read; what it said stands elsewhere now."""
    if ARRIVALS.finish(session, arrived.id, arrived.lease, now) is not None:
        rows.execute(session, _EMPTY, row=arrived.id)


def failed(
    session: Session,
    arrived: Arrived,
    now: datetime,
    reason: str,
    permanent: bool,
    retry_after: timedelta | None,
    jitter: random.Random,
) -> None:
    """It could not be read: try again later, or put it into quarantine for good."""
    if ARRIVALS.fail(session, arrived.id, arrived.lease, now, reason, permanent, retry_after, jitter):
        quarantine(session, arrived.inbox_id, arrived.key, reason, now, json.dumps(arrived.payload).encode())


def _is_ours(session: Session, inbox_id: int, thread_key: str, lane: int) -> bool:
    if conversations.find(session, inbox_id, thread_key) is not None:
        return True
    return rows.first(session, _COMING, inbox=inbox_id, lane=lane) is not None


def _lane(thread_key: str) -> int:
    """A number for a thread. Two that share one wait for each other, and nothing worse."""
    return zlib.crc32(thread_key.encode()) & 0x7FFFFFFF
