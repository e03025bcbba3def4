"""Inboxes on the command line, for scripts and containers; people set them up in the console."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from channels import registry
from config.settings import Settings
from core import schema
from core.clock import SystemClock
from core.database import Database
from core.errors import Conflict, InvalidInput, Mistakes, NotFound
from core.inboxes import configuring, editing, health
from core.inboxes.health import Health
from core.inboxes.kinds import Kinds, entries
from core.inboxes.reading import Configured, configured
from core.models import Inbox, InboxState, Organization, Team
from core.sealing import Seal
from desk.data import open_database, seal_of, with_secret
from desk.findings import Finding


def command(settings: Settings, options: argparse.Namespace) -> int:
    if options.action == "kinds":
        print("\n".join(_describe(options.kind)))
        return 0
    settings = with_secret(settings)
    database = open_database(settings)
    try:
        if not schema.is_current(database.engine):
            raise Conflict("The desk is not there yet, or older than this version: run firstline init first.")
        return _run(database, seal_of(settings), options)
    except Mistakes as mistakes:
        lines = [f"  {name.removeprefix(editing.OWN)}: {mistake}" for name, mistake in mistakes.fields.items()]
        raise InvalidInput("The inbox cannot be saved:\n{lines}", lines="\n".join(lines)) from None
    finally:
        database.close()


def _run(database: Database, seal: Seal, options: argparse.Namespace) -> int:
    now = SystemClock().now()
    match options.action:
        case "list":
            for inbox, found in database.read_now(_all, now):
                print(f"{inbox.id:>4}  {inbox.channel:<10} {found.verdict:<9} {inbox.address:<40} {inbox.name}")
        case "add":
            inbox_id = database.write_now(_add, options, seal, now)
            print(f"Inbox {inbox_id} is set up; a desk that runs begins with it within seconds.")
        case "set":
            database.write_now(_change, options, seal, now)
        case "pause" | "resume":
            state = InboxState.PAUSED if options.action == "pause" else InboxState.ACTIVE
            database.write_now(editing.set_state, options.id, state)
    return 0


def _describe(key: str | None) -> Iterator[str]:
    known = registry.kinds()
    if key is None:
        yield from (f"{kind.key:<10} {kind.description}" for kind in known.values())
        return
    for entry in entries(_kind(known, key).configuration):
        allowed = f" ({' | '.join(entry.shown.options)})" if entry.shown.options else ""
        default = "required" if entry.is_required else f"default: {entry.default or 'empty'}".replace("\n", ",")
        yield f"{entry.name:<26} {entry.shown.label}{allowed}; {default}"


def _kind(known: Kinds, key: str) -> Any:
    if key not in known:
        raise InvalidInput("There is no channel {key}; there are {known}.", key=key, known=", ".join(known))
    return known[key]


def _all(session: Session, now: datetime) -> list[tuple[Inbox, Health]]:
    found = health.read(session, now)
    return [(inbox, found[inbox.id]) for inbox in session.scalars(select(Inbox).order_by(Inbox.id))]


def _add(session: Session, options: argparse.Namespace, seal: Seal, now: datetime) -> int:
    form = editing.Form(
        name=options.name,
        typed=_values(options.values),
        language=options.language,
        organization_id=_id_of(session, Organization, options.organization),
        team_id=_id_of(session, Team, options.team),
    )
    return editing.save(session, _kind(registry.kinds(), options.kind), None, form, seal, now)


def _change(session: Session, options: argparse.Namespace, seal: Seal, now: datetime) -> None:
    inbox = editing.find(session, options.id)
    kind = _kind(registry.kinds(), inbox.channel)
    form = editing.Form(
        name=inbox.name,
        typed={**configuring.typed(kind, inbox), **_values(options.values)},
        sender_name=inbox.sender_name,
        language=inbox.language,
        organization_id=inbox.organization_id,
        team_id=inbox.team_id,
        calendar_id=inbox.calendar_id,
    )
    editing.save(session, kind, inbox.id, form, seal, now)


def _values(texts: Sequence[str]) -> dict[str, str]:
    """``name=value``, or ``name=@file`` for what must not stand on a command line."""
    values = {}
    for text in texts:
        name, is_one, value = text.partition("=")
        if not is_one:
            raise InvalidInput("“{text}” is no setting; write name=value.", text=text)
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text("utf-8").strip()
            except OSError as error:
                raise InvalidInput("{path} cannot be read: {reason}.", path=value[1:], reason=error.strerror) from None
        values[name.strip()] = value
    return values


def _id_of(session: Session, model: type[Team | Organization], key: str | None) -> int | None:
    if key is None:
        return None
    found = session.scalar(select(model.id).where(model.key == key))
    if found is None:
        raise NotFound("There is no team or customer “{key}”.", key=key)
    return found


def findings(settings: Settings, database: Database) -> Iterator[Finding]:
    """What the doctor says of the inboxes."""
    found, seen = database.read_now(_read, seal_of(settings), SystemClock().now())
    if not found:
        yield Finding(False, "There is no inbox: nobody can write.", "Add one in the console, or with firstline inbox.")
    for one, name in found:
        health_now = seen[one.id]
        problem = one.problem or health_now.current_problem
        if problem is not None:
            yield Finding(False, f"Inbox “{name}”: {problem}", problem.mend.format(**problem.values))
        elif not one.is_active:
            yield Finding(True, f"Inbox “{name}” is paused.")
        else:
            yield Finding(True, f"Inbox “{name}” ({health_now.verdict}), {health_now.backlog} messages wait.")


def _read(session: Session, seal: Seal, now: datetime) -> tuple[list[tuple[Configured, str]], dict[int, Health]]:
    names = {inbox.id: inbox.name for inbox in session.scalars(select(Inbox))}
    return [(one, names[one.id]) for one in configured(session, registry.kinds(), seal)], health.read(session, now)
