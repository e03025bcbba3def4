"""What the desk owes and holds, as Prometheus reads it; counted in the database, so that all processes agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import Database
from core.models import InboundReceipt, OutboxRow, PromiseState, RereadRow, Ticket, WorkRow

PROMISES = (("message", OutboxRow), ("work", WorkRow), ("reread", RereadRow))


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
