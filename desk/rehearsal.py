"""Rehearsals: scripted conversations against a scratch desk, with the real intake, the real bot and the real model."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import content as contents
from bot.worker import Worker
from channels.base import Receive
from channels.mail.adapter import KIND
from config.settings import Settings
from core.clock import SystemClock
from core.database import Database
from core.errors import InvalidInput
from core.flood import Flood
from core.inboxes import editing
from core.models import Conversation, Inbox, Message, Ticket
from core.outbox import Claimed
from core.sealing import Seal
from core.values import Address, InboundMessage, InboxStyle, Status
from desk import setup, wiring
from desk.data import open_database, seal_of, with_secret
from desk.understanding import load_model

CHANNELS = {"chat": InboxStyle.DIALOGUE, "webchat": InboxStyle.DIALOGUE, "mail": InboxStyle.LETTER}
OUTCOMES = ("bot_resolved", "handoff")


@dataclass(frozen=True, slots=True)
class Script:
    """One scripted conversation. A turn that starts with ``/`` is a pressed button."""

    id: str
    lang: str
    channel: str
    turns: tuple[str, ...]
    expect: str
    expect_intent: str | None


@dataclass(frozen=True, slots=True)
class Result:
    id: str
    expect: str
    outcome: str
    intent: str | None
    expect_intent: str | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Report:
    results: tuple[Result, ...]

    @property
    def total(self) -> int:
        return len(self.results)

    @property
    def passed(self) -> int:
        return sum(result.passed for result in self.results)

    def as_json(self) -> dict[str, Any]:
        return {
            "results": [asdict(result) for result in self.results],
            "total": self.total,
            "passed": self.passed,
            "failed": self.total - self.passed,
            "outcomes": dict(Counter(result.outcome for result in self.results)),
        }

    def as_table(self) -> str:
        lines = [f"{'':4} {'id':<28} {'expected':<14} {'outcome':<14} intent"]
        for one in self.results:
            wanted = f" (expected {one.expect_intent})" if one.expect_intent not in (None, one.intent) else ""
            mark = "ok" if one.passed else "FAIL"
            lines.append(f"{mark:4} {one.id:<28} {one.expect:<14} {one.outcome:<14} {one.intent or '-'}{wanted}")
        lines.append(f"{self.passed} of {self.total} passed")
        return "\n".join(lines)


def read(path: Path) -> list[Script]:
    """The scripts of a JSON lines file. Raises ``InvalidInput`` that names the line."""
    scripts: list[Script] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            source = json.loads(line)
            scripts.append(_script(source))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(
                "{place}: this is no rehearsal: {error}", place=f"{path}:{number}", error=error
            ) from None
    return scripts


def _script(source: dict[str, Any]) -> Script:
    if source["channel"] not in CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(CHANNELS)}")
    if source["expect"] not in OUTCOMES:
        raise ValueError(f"expect must be one of {', '.join(OUTCOMES)}")
    turns = tuple(str(turn) for turn in source["turns"])
    if not turns:
        raise ValueError("turns is empty")
    return Script(
        str(source["id"]), str(source["lang"]), source["channel"], turns, source["expect"], source.get("expect_intent")
    )


def command(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 1 if a conversation did not end as expected."""
    report = rehearse(settings, options.file)
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print(report.as_table())
    return 0 if report.passed == report.total else 1


def rehearse(settings: Settings, path: Path) -> Report:
    """Run all scripts of a file. The scratch desk is thrown away; only the trained model is kept."""
    scripts = read(path)
    with tempfile.TemporaryDirectory(prefix="firstline-rehearsal-") as folder:
        changes = {"data": Path(folder), "database_url": ""}
        scratch = with_secret(settings.model_copy(update=changes))
        content = contents.load(settings.content.folder)
        model = load_model(content.nlu_folder, settings.data)
        database = open_database(scratch)
        try:
            clock = SystemClock()
            setup.prepare(scratch, database, content, clock.now())
            database.write_now(_add_mailbox, seal_of(scratch), clock)

            async def run() -> Report:
                flood = Flood()
                worker = Worker(database, clock, content, _keep_to_itself, flood)
                worker.ready(model)
                receive = wiring.receiver(database, clock, worker, flood, lambda inbox: True)
                return await _Rehearsal(database, worker, receive, clock).run(scripts)

            return asyncio.run(run())
        finally:
            database.close()


def _add_mailbox(session: Session, seal: Seal, clock: SystemClock) -> None:
    form = editing.Form("Mail", {"address": "desk@rehearsal.example"})
    editing.save(session, KIND, None, form, seal, clock.now())


def _keep_to_itself(claimed: list[Claimed]) -> None:
    """A scratch desk sends nothing to anybody."""


class _Rehearsal:
    def __init__(self, database: Database, worker: Worker, receive: Receive, clock: SystemClock) -> None:
        self._database = database
        self._worker = worker
        self._receive = receive
        self._clock = clock

    async def run(self, scripts: Sequence[Script]) -> Report:
        inboxes = await self._database.read(_inboxes)
        return Report(tuple([await self._one(script, inboxes, place) for place, script in enumerate(scripts)]))

    async def _one(self, script: Script, inboxes: dict[InboxStyle, int], place: int) -> Result:
        style = CHANNELS[script.channel]
        letter = style is InboxStyle.LETTER
        who = f"person-{place}@rehearsal.example" if letter else f"visitor-{place}"
        for number, turn in enumerate(script.turns):
            subject, _, text = turn.partition("\n") if letter and turn.startswith("Subject:") else ("", "", turn)
            await self._receive(
                InboundMessage(
                    inbox_id=inboxes[style],
                    dedupe_key=f"{place}-{number}",
                    sender=Address("email" if letter else "webchat", who),
                    subject=subject.removeprefix("Subject:").strip(),
                    text=text.strip(),
                    received_at=self._clock.now(),
                    thread_key=f"rehearsal-{place}",
                    language=script.lang,
                    payload=turn if turn.startswith("/") else None,
                )
            )
            await self._worker.drain()
        outcome, intents = await self._database.read(_outcome, inboxes[style], f"rehearsal-{place}")
        wanted = script.expect_intent
        intent = wanted if wanted in intents else (intents[-1] if intents else None)
        passed = outcome == script.expect and wanted in (None, intent)
        return Result(script.id, script.expect, outcome, intent, wanted, passed)


def _inboxes(session: Session) -> dict[InboxStyle, int]:
    return {inbox.style: inbox.id for inbox in session.scalars(select(Inbox))}


def _outcome(session: Session, inbox_id: int, thread_key: str) -> tuple[str, list[str]]:
    """How the conversation ended, and the intents of its tickets."""
    conversation = session.scalars(
        select(Conversation).where(Conversation.inbox_id == inbox_id, Conversation.thread_key == thread_key)
    ).one()
    talked = select(Message.ticket_id).where(Message.conversation_id == conversation.id)
    tickets = session.scalars(select(Ticket).where(Ticket.id.in_(talked)).order_by(Ticket.id)).all()
    last = session.get_one(Ticket, conversation.ticket_id)
    by_bot = "bot_resolved" if last.status is Status.RESOLVED else "open"
    return "handoff" if last.level > 0 else by_bot, [ticket.intent for ticket in tickets if ticket.intent]
