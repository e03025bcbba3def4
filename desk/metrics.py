"""What the desk owes and holds, as Prometheus reads it; counted in the database, so that all processes agree."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request

from core.database import Database
from core.models import InboundReceipt, OutboxRow, PromiseState, RereadRow, Ticket, WorkRow

PROMISES = (("message", OutboxRow), ("work", WorkRow), ("reread", RereadRow))


_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""What a proxy adds: behind one, everybody seems to be on this machine."""


def may_read_metrics(request: Request, token: str) -> bool:
    """Whether somebody sends the token, or asks from this machine itself."""
    given = request.headers.get("authorization", "").encode()
    if token and hmac.compare_digest(given, f"Bearer {token}".encode()):
        return True
    host = request.client.host if request.client is not None else ""
    is_here = host == "::1" or host.startswith("127.")
    return is_here and not any(name in request.headers for name in _FORWARDED)


class DeskCollector(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        yield from self._database.read_now(_metrics)


def _metrics(session: Session) -> list[Metric]:
    tickets = GaugeMetricFamily("firstline_tickets", "Tickets by status and level", labels=["status", "level"])
    for status, level, count in session.execute(
        select(Ticket.status, Ticket.level, func.count()).group_by(Ticket.status, Ticket.level)
    ):
        tickets.add_metric([status, str(level)], count)
    received = GaugeMetricFamily("firstline_received", "What inboxes received, by outcome", labels=["inbox", "outcome"])
    for inbox, outcome, count in session.execute(
        select(InboundReceipt.inbox_id, InboundReceipt.outcome, func.count()).group_by(
            InboundReceipt.inbox_id, InboundReceipt.outcome
        )
    ):
        received.add_metric([str(inbox), outcome], count)
    promises = GaugeMetricFamily("firstline_promises", "Promises by kind and state", labels=["kind", "state"])
    for kind, model in PROMISES:
        for state, count in session.execute(select(model.state, func.count()).group_by(model.state)):
            promises.add_metric([kind, state], count)
    oldest = GaugeMetricFamily("firstline_oldest_due_seconds", "Age of the oldest promise that is due", labels=["kind"])
    now = datetime.now(UTC)
    for kind, model in PROMISES:
        due = session.scalar(
            select(func.min(model.due_at)).where(model.state == PromiseState.PENDING, model.due_at <= now)
        )
        oldest.add_metric([kind], (now - due).total_seconds() if due is not None else 0.0)
    return [tickets, received, promises, oldest]
