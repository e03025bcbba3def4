"""The bot at work: claims what is owed, understands and decides off the loop, and posts only if it still may."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from bot.content import Content
from bot.draft import Composer
from bot.turn import decide, give_up
from bot.understanding import Understanding
from bot.values import Search, Turn
from core import desk_settings, promises
from core.clock import Clock
from core.database import Database
from core.desk_settings import Standing
from core.flood import Flood
from core.models import WorkKind, WorkRow
from core.outbox import Claimed
from core.promises import WORK, Work
from core.signals import Topic
from core.tickets import decisions, facts, reminders
from core.tickets.facts import Facts
from core.values import Decision, Draft
from nlu.engine import Model, NluUnavailable, Parse
from nlu.language import evident

log = structlog.get_logger(__name__)

POLL = 2.0
"""Seconds between looks when nobody called."""
AT_ONCE = 8
"""Turns under way at the same time."""
PATIENCE = 3
"""After so many failed attempts at one message it goes to people: never silence."""


_DUE = WORK.due(limit=AT_ONCE)
_DUE_WITHOUT_READING = WORK.due(WorkRow.kind != WorkKind.UNDERSTAND, limit=AT_ONCE)
_DUE_THIS = WORK.due(WorkRow.id == bindparam("this"))


def claim(session: Session, now: datetime, understands: bool) -> list[Work]:
    """Lease due work; messages only for a worker that can read."""
    return WORK.claim(session, _DUE if understands else _DUE_WITHOUT_READING, now)


def claim_one(session: Session, now: datetime, work_id: int) -> list[Work]:
    """Lease this piece of work, unless an earlier one comes first."""
    return WORK.claim(session, _DUE_THIS, now, this=work_id)


def _read(session: Session, job: Work, now: datetime) -> tuple[Facts, Standing]:
    """What a turn rests on: what is known of the ticket, and what is set for it at this moment."""
    return facts.read(session, job.id, now), desk_settings.of_ticket(session, job.ticket_id)


class Worker:
    """Runs until cancelled. Before ``ready`` it keeps promises that need no understanding, and messages wait."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        content: Content,
        deliver: Callable[[list[Claimed]], None],
        flood: Flood,
    ) -> None:
        self._database = database
        self._clock = clock
        self._content = content
        self._deliver = deliver
        self._flood = flood
        self.understanding = Understanding(database)
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    @property
    def understands(self) -> bool:
        """Messages can be read now, or it is known that they never will and people must take them."""
        return self.understanding.is_ready or self.understanding.has_failed

    def ready(self, model: Model) -> None:
        """From now on messages are understood with this model."""
        self.understanding.ready(model)
        self._wake.set()

    def unavailable(self) -> None:
        """There will be no model: every message goes to people."""
        self.understanding.unavailable()
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; what is under way is finished."""
        with self._database.signals.subscribe(Topic.WORK) as calls:
            try:
                while True:
                    self._wake.clear()
                    # In a flood the bot works on, but slowly: nobody's mail server waits for an answer to somebody.
                    await self._flood.let_pass()
                    if len(self._running) >= AT_ONCE:
                        await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                    elif not await self._round():
                        await self._pause(calls.wait(POLL))
            finally:
                await self.drain()

    async def drain(self) -> None:
        """Wait for what is under way."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    def start(self, jobs: list[Work]) -> None:
        """Begin work that this process has already claimed."""
        for job in jobs:
            task = asyncio.create_task(self._do(job))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _pause(self, call: Coroutine[Any, Any, object]) -> None:
        waiting: list[asyncio.Task[object]] = [asyncio.create_task(call), asyncio.create_task(self._wake.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _round(self) -> bool:
        jobs = await self._database.write(claim, self._clock.now(), self.understands)
        self.start(jobs)
        return bool(jobs)

    async def _do(self, job: Work) -> None:
        try:
            match job.kind:
                case WorkKind.UNDERSTAND:
                    await self._understand(job)
                case WorkKind.ACKNOWLEDGE:
                    await self._acknowledge(job)
                case WorkKind.CONTINUE_BY_MAIL:
                    await self._database.write(reminders.continue_by_mail, job.id, job.lease, self._clock.now())
                case WorkKind.REMIND:
                    await self._database.write(reminders.remind, job.id, job.lease, self._clock.now())
                case WorkKind.CONFIRM_SILENCE:
                    await self._database.write(reminders.confirm_silence, job.id, job.lease, self._clock.now())
        except Exception as error:  # one broken turn must not stop the bot
            log.exception("work_failed", work=job.id, kind=str(job.kind), attempt=job.attempts)
            await self._again(job, type(error).__name__)

    async def _again(self, job: Work, error: str) -> None:
        def put_back(session: Session, now: datetime) -> None:
            if WORK.held(session, job.id, job.lease) is not None:
                wait = promises.backoff(job.attempts, random.Random())  # noqa: S311 - spreads retries
                WORK.put_back(session, job.id, now + wait, error)

        await self._database.write(put_back, self._clock.now())

    # -- one turn ---------------------------------------------------------------------------------------------------

    async def _understand(self, job: Work) -> None:
        known, standing = await self._database.read(_read, job, self._clock.now())
        if not self.understanding.is_ready or job.attempts > PATIENCE:
            decision = self._give_up(known, standing)
        else:
            try:
                decision = await self._decide(known, standing)
            except NluUnavailable as error:
                log.warning("understanding_unavailable", ticket=known.ticket_id, reason=str(error))
                decision = self._give_up(known, standing)
        now = self._clock.now()
        claimed = await self._database.write(decisions.apply_decision, job.id, job.lease, decision, now)
        if claimed:
            self._deliver(claimed)
        log.info("decided", ticket=known.ticket_id, reason=decision.reason, applied=claimed is not None)

    async def _decide(self, known: Facts, standing: Standing) -> Decision:
        parses: tuple[Parse, ...] = ()
        if known.text is not None:
            is_first = known.subject and not known.said_anything
            said = f"{known.subject}\n{known.text}" if is_first else known.text
            language = known.language if known.said_anything else evident(said) or known.language
            parses = await self.understanding.parse(said, language, known.shown)
        turn = self._turn(known, standing, parses)
        decision = decide(turn)
        if isinstance(decision, Search):
            hits = await self.understanding.search(known.organization_id, decision.question, decision.language)
            decision = decide(replace(turn, hits=tuple(hits)))
        if isinstance(decision, Search):
            raise RuntimeError("a turn asked to search again")
        return decision

    def _turn(self, known: Facts, standing: Standing, parses: tuple[Parse, ...]) -> Turn:
        return Turn(
            facts=known,
            parses=parses,
            view=self._content.of(known.organization),
            calendar=standing.calendar,
            now=self._clock.now(),
            desk_name=standing.name,
            threshold=standing.threshold,
            form_of_address=known.form_of_address or standing.form_of_address,
        )

    def _give_up(self, known: Facts, standing: Standing) -> Decision:
        """Without understanding, people take over and the person hears so."""
        nothing = Parse(known.text or "", None, 0.0, True, False, (), (), known.language)
        return give_up(self._turn(known, standing, (nothing,)))

    async def _acknowledge(self, job: Work) -> None:
        known, standing = await self._database.read(_read, job, self._clock.now())
        composer = Composer(self._turn(known, standing, ()))
        name = "utter_letter_greeting_name" if known.requester_name else "utter_letter_greeting"
        parts = [name, "utter_letter_received", "utter_letter_confirmation", "utter_letter_closing"]
        draft = Draft("\n\n".join(composer.voice.text(part) for part in parts))
        await self._database.write(reminders.acknowledge, job.id, job.lease, draft, self._clock.now())
