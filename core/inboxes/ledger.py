"""What became of all that an inbox received: *fetched = ticketed + duplicate + quarantined + ignored*."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import InboundReceipt
from core.values import Outcome

SPAN = timedelta(days=30)
REASONS = 8
"""So many reasons for ignoring something are named, the commonest first."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """``reasons`` say why something was ignored and how often; ``discarded`` counts what people decided about."""

    ticketed: int = 0
    duplicate: int = 0
    quarantined: int = 0
    ignored: int = 0
    discarded: int = 0
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def fetched(self) -> int:
        return self.ticketed + self.duplicate + self.quarantined + self.ignored


def read(session: Session, inbox_id: int, now: datetime) -> Ledger:
    """Of the last 30 days."""
    in_time = InboundReceipt.inbox_id == inbox_id, InboundReceipt.received_at > now - SPAN
    counts = dict[str, int]()
    for outcome in Outcome:
        query = select(func.count()).where(*in_time, InboundReceipt.outcome == outcome)
        counts[outcome.value] = session.scalar(query) or 0
    is_discarded = InboundReceipt.discarded_at.is_not(None)
    why = (
        select(InboundReceipt.reason, is_discarded, func.count())
        .where(*in_time, InboundReceipt.outcome == Outcome.IGNORED)
        .group_by(InboundReceipt.reason, is_discarded)
    )
    reasons, discarded = Counter[str](), 0
    for reason, by_people, count in session.execute(why):
        if by_people:
            discarded += count
        else:
            reasons[reason] += count
    return Ledger(**counts, discarded=discarded, reasons=tuple(reasons.most_common(REASONS)))
