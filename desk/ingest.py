"""``firstline mail ingest``: mail that lies in files comes in as if a server had just handed it over."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import content as contents
from channels import registry
from channels.mail import mime, parse, stored
from channels.mail.adapter import KIND as MAIL
from channels.mail.channel import Mail
from channels.mail.configuration import MEGABYTE, MailConfiguration
from channels.mail.listener import Listeners
from channels.mail.stored import StoredMail
from config.settings import Settings
from core import intake
from core.clock import Clock, SystemClock
from core.database import Database
from core.errors import InvalidInput
from core.inboxes import editing
from core.inboxes.kinds import InboxSettings, Kinds
from core.inboxes.reading import Configured, configured
from core.models import Inbox, InboxState
from core.sealing import Seal
from core.values import Automation, InboundMessage, Outcome, Receipt
from desk import setup, wiring
from desk.data import open_database, seal_of, with_secret

AT_ONCE = 64
"""So many mails wait for one commit."""
NOWHERE = "mail@localhost"
"""The address of a mailbox that nobody has set up."""
NAMED = 20
"""So many mails are named that did not become messages; all of them stand in the console."""


@dataclass
class Ledger:
    """What became of the mails: *fetched = ticketed + duplicate + quarantined + ignored*."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """Where those lie that did not become messages, and why."""
    unopened: list[str] = field(default_factory=list)
    """What could not be opened, and so was not fetched."""

    def add(self, origin: str, receipt: Receipt) -> None:
        self.outcomes[receipt.outcome] += 1
        if receipt.outcome in (Outcome.QUARANTINED, Outcome.IGNORED):
            self.notes.append(f"{receipt.outcome}: {origin}: {receipt.reason}")

    def as_json(self) -> dict[str, int]:
        return {"fetched": self.outcomes.total(), **{str(one): self.outcomes[one] for one in Outcome}}

    def as_text(self) -> str:
        parts = " + ".join(f"{self.outcomes[one]} {one}" for one in Outcome)
        lines = [f"{self.outcomes.total()} fetched = {parts}", *self.notes[:NAMED]]
        if len(self.notes) > NAMED:
            lines.append(f"… and {len(self.notes) - NAMED} more; those in quarantine stand in the console.")
        return "\n".join(lines)


def command(settings: Settings, options: argparse.Namespace) -> int:
    """Print what became of the mails; exit code 1 if some file could not be opened."""
    for path in options.paths:
        stored.mails(path, 0)
    settings, clock = with_secret(settings), SystemClock()
    database = open_database(settings)
    try:
        setup.prepare(settings, database, contents.load(settings.content.folder), clock.now())
        mailbox = mailbox_of(settings, database, clock, options.inbox)
        ledger = asyncio.run(ingest(mailbox, database, clock, options.paths, options.unanswered))
    finally:
        database.close()
    print(json.dumps(ledger.as_json()) if options.json else ledger.as_text())
    for line in ledger.unopened:
        print(f"firstline: {line}", file=sys.stderr)
    return 1 if ledger.unopened else 0


# -- the mailbox -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """A mailbox, and every address of the desk."""

    settings: InboxSettings[MailConfiguration]
    own_addresses: frozenset[str]


def mailbox_of(settings: Settings, database: Database, clock: Clock, wanted: str | None) -> Mail:
    chosen = database.write_now(_choose, registry.kinds(), seal_of(settings), wanted, clock.now())
    surroundings = wiring.surroundings_of(settings, clock, database)
    surroundings.own_addresses["email"] = chosen.own_addresses
    # Without a resolver: domains change their keys, so that today's say nothing of what was signed long ago.
    return Mail(chosen.settings, surroundings, Listeners())


def _choose(session: Session, kinds: Kinds, seal: Seal, wanted: str | None, now: datetime) -> Chosen:
    """The mailbox of that number or address, or the only one; a desk without any gets one that rests."""
    found = _mailboxes(session, kinds, seal)
    if not found and wanted is None:
        _add_resting(session, kinds, seal, now)
        found = _mailboxes(session, kinds, seal)
    own = frozenset(address for one in found for address in one.own_addresses)
    fitting = [one for one in found if wanted is None or wanted == str(one.id) or wanted.lower() in one.own_addresses]
    if len(fitting) != 1:
        known = "".join(f"\n  {one.id}  {', '.join(sorted(one.own_addresses))}" for one in found)
        raise InvalidInput("Please name one of the mailboxes with --inbox:{known}", known=known or " there is none.")
    if fitting[0].problem is not None:
        raise fitting[0].problem
    assert fitting[0].settings is not None
    return Chosen(fitting[0].settings, own)


def _mailboxes(session: Session, kinds: Kinds, seal: Seal) -> list[Configured]:
    ids = set(session.scalars(select(Inbox.id).where(Inbox.channel == MAIL.key)))
    return [one for one in configured(session, kinds, seal) if one.id in ids]


def _add_resting(session: Session, kinds: Kinds, seal: Seal, now: datetime) -> None:
    form = editing.Form(name="Mail", typed={"address": NOWHERE})
    editing.set_state(session, editing.save(session, kinds[MAIL.key], None, form, seal, now), InboxState.PAUSED)
    print(f"There was no mailbox; one that rests was added ({NOWHERE}). Set it up in the console.", file=sys.stderr)


# -- taking in -------------------------------------------------------------------------------------------------------


async def ingest(mailbox: Mail, database: Database, clock: Clock, paths: Sequence[Path], is_old: bool) -> Ledger:
    """Many at once, for one commit; what answers a mail that is under way waits for it."""

    async def receive(message: InboundMessage) -> Receipt:
        if is_old and message.automation is None:
            message = replace(message, automation=Automation.FROM_FILE)
        return await database.write(intake.receive, message, clock.now())

    mailbox.reader.receive = receive
    ledger = Ledger()
    under_way: dict[str, asyncio.Task[Receipt]] = {}
    ids: list[str] = []
    for mail in chain.from_iterable(stored.mails(path, mailbox.max_megabytes * MEGABYTE) for path in paths):
        if mail.failure:
            ledger.unopened.append(f"{mail.origin} cannot be opened: {mail.failure}.")
            continue
        head = mime.read_headers((mail.raw or b"")[: stored.HEAD])
        answered = head.raw("references") + head.raw("in-reply-to")
        if len(under_way) >= AT_ONCE or any(one in answered for one in ids):
            await _settle(under_way, ledger)
            ids = []
            _progress(f"{ledger.outcomes.total()} …")
        if message_id := head.raw("message-id"):
            ids.append(message_id)
        under_way[mail.origin] = asyncio.create_task(_take_in(mailbox, database, clock, mail))
    await _settle(under_way, ledger)
    _progress("")
    return ledger


def _progress(text: str) -> None:
    """For a person who waits; in the place of what stood there."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


async def _take_in(mailbox: Mail, database: Database, clock: Clock, mail: StoredMail) -> Receipt:
    if mail.raw is not None:
        return await mailbox.take_in(mail.raw, mail.envelope_sender)
    key, reason = parse.raw_key(mail.origin.encode()), f"larger than {mailbox.max_megabytes} MB"
    return await database.write(intake.ignore, mailbox.inbox_id, key, reason, clock.now())


async def _settle(under_way: dict[str, asyncio.Task[Receipt]], ledger: Ledger) -> None:
    for origin, task in under_way.items():
        ledger.add(origin, await task)
    under_way.clear()
