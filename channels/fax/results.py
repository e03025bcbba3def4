"""What became of the letters that a fax server took: asked for while any is under way, and noted at their messages."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from channels.base import Receive, Surroundings
from channels.fax import hylafax
from channels.fax.configuration import FaxConfiguration
from channels.fax.hylafax import Job
from channels.fax.parse import KIND
from core import intake, returns
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from core.returns import Awaited
from core.values import Address, DeliveryReport, Fate, InboundMessage

log = structlog.get_logger(__name__)

EVERY = 15.0
"""Seconds between questions."""
PATIENCE = timedelta(days=3)
"""How long a result is waited for: HylaFAX itself gives up after three hours, unless it is told otherwise."""
NOT_SENT = "The fax could not be delivered."
NOT_YET = "The fax could not be delivered yet; the fax server tries again."


class Results:
    def __init__(self, inbox: InboxSettings[FaxConfiguration], desk: Surroundings) -> None:
        self._inbox_id = inbox.id
        self._server = inbox.configuration.fax_server
        self._database = desk.database
        self._clock = desk.clock

    async def run(self, receive: Receive, every: float = EVERY) -> None:
        """Ask until cancelled. A server that does not answer is asked again."""
        while True:
            try:
                await self.ask(receive)
            except InboxProblem as problem:
                log.warning("fax_results_unknown", inbox=self._inbox_id, reason=str(problem))
            await asyncio.sleep(every)

    async def ask(self, receive: Receive) -> None:
        """Once: note what the server says of each letter that is under way. Raises ``InboxProblem``."""
        since = self._clock.now() - PATIENCE
        awaited = await self._database.read(returns.awaited, self._inbox_id, since)
        if not awaited:
            return
        jobs = {job.id: job for job in await hylafax.jobs(self._server)}
        for one in awaited:
            job = jobs.get(one.sent_as)
            if job is not None and (report := _report(one, job)) is not None:
                await self._note(one, job, report, receive)

    async def _note(self, one: Awaited, job: Job, report: DeliveryReport, receive: Receive) -> None:
        key = f"job:{one.external_id[:80]}:{job.id}:{report.fate}"
        if await self._database.read(intake.knows, self._inbox_id, key):
            return
        sender = Address(KIND, one.recipient)
        await receive(InboundMessage(self._inbox_id, key, sender, "", self._clock.now(), report=report))


def _report(one: Awaited, job: Job) -> DeliveryReport | None:
    """What to say of a job; None while there is nothing to be said."""
    ids = (one.external_id,)
    if job.is_done:
        return DeliveryReport(Fate.DELIVERED, ids, recipient=one.recipient)
    if job.has_failed:
        return DeliveryReport(Fate.FAILED, ids, NOT_SENT, job.status, one.recipient)
    if job.status:
        return DeliveryReport(Fate.DELAYED, ids, NOT_YET, job.status, one.recipient)
    return None
