"""What the commands do, apart from the demo."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from bot import content as contents
from config.settings import Settings
from core import schema, staff
from core.clock import SystemClock
from core.errors import InvalidInput
from core.models import Role
from core.values import FormOfAddress
from desk import archive, checks, rehearsal, setup, wiring
from desk import serve as serving
from nlu.engine import Parse


def init(settings: Settings, options: argparse.Namespace) -> int:
    settings = setup.with_secret(settings)
    database = wiring.open_database(settings)
    try:
        content, now = contents.load(settings.content.folder), SystemClock().now()
        beginning = setup.Beginning(options.name, options.language, FormOfAddress(options.address))
        setup.prepare(settings, database, content, now, beginning)
    finally:
        database.close()
    print(f"The desk is ready in {settings.data}. Next: firstline user you@example.com --name 'Your Name' --role admin")
    print("A web chat is set up. Add a mailbox in the console, under Administration, or with firstline inbox add.")
    return 0


def serve(settings: Settings, options: argparse.Namespace) -> int:
    settings = setup.with_secret(settings)
    clock = SystemClock()
    database = wiring.open_database(settings)
    try:
        setup.prepare(settings, database, contents.load(settings.content.folder), clock.now())
        asyncio.run(_serve(wiring.build(settings, clock, database)))
    finally:
        database.close()
    return 0


async def _serve(desk: wiring.Desk) -> None:
    await serving.serve(desk)


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Print every finding; the exit code is 1 if something keeps the desk from running."""
    findings = checks.examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.good else 'FIX '} {finding.what}")
        if not finding.good:
            print(f"      {finding.mend}")
    return 0 if all(finding.good for finding in findings) else 1


def user(settings: Settings, options: argparse.Namespace) -> int:
    if options.password_file is not None:
        password = options.password_file.read_text("utf-8").strip()
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise InvalidInput("The two passwords differ.")
    database = wiring.open_database(settings)
    try:
        schema.upgrade(database.engine)
        database.write_now(
            staff.add_agent,
            options.email,
            options.name,
            staff.hash_password(password),
            Role(options.role),
            tuple(options.team),
            SystemClock().now(),
            options.language,
        )
    finally:
        database.close()
    print(f"{options.email} can sign in.")
    return 0


def db(settings: Settings, options: argparse.Namespace) -> int:
    database = wiring.open_database(settings)
    try:
        if options.action == "upgrade":
            schema.upgrade(database.engine)
        current = schema.is_current(database.engine)
    finally:
        database.close()
    print("The schema is current." if current else "The schema is behind: run firstline db upgrade.")
    return 0 if current else 1


def backup(settings: Settings, options: argparse.Namespace) -> int:
    size = archive.backup(settings, options.archive)
    print(f"{options.archive}: {size / 1024 / 1024:.1f} MB")
    return 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    archive.restore(settings, options.archive)
    print(f"Restored into {settings.data}.")
    return 0


def nlu_parse(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON line for each line read; a line that is a JSON object is read for its ``text``."""
    content = contents.load(settings.content.folder)
    model = serving.load_model(content.nlu_folder, settings.data)
    stream = sys.stdin if options.file == "-" else open(options.file, encoding="utf-8")  # noqa: PTH123, SIM115
    with stream:
        for texts in _batches(stream):
            for parse in model.parse(texts):
                print(json.dumps(_as_json(parse), ensure_ascii=False))
            sys.stdout.flush()
    return 0


def _batches(stream: Iterator[str]) -> Iterator[list[str]]:
    """Lines in batches of up to 64; a terminal is answered line by line."""
    size = 1 if getattr(stream, "isatty", lambda: False)() else 64
    batch: list[str] = []
    for line in stream:
        batch.append(_text(line.rstrip("\r\n")))
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _text(line: str) -> str:
    if line.lstrip().startswith("{"):
        try:
            value = json.loads(line)
        except ValueError:
            return line
        if isinstance(value, dict) and isinstance(value.get("text"), str):
            return str(value["text"])
    return line


def _as_json(parse: Parse) -> dict[str, object]:
    return {
        "text": parse.text,
        "intent": parse.intent,
        "confidence": round(parse.confidence, 4),
        "fallback": parse.fallback,
        "ambiguous": parse.ambiguous,
        "ranking": [{"intent": intent, "confidence": round(confidence, 4)} for intent, confidence in parse.ranking],
        "entities": [asdict(entity) for entity in parse.entities],
        "language": parse.language,
    }


def bot_rehearse(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 1 if a conversation did not end as expected."""
    report = rehearsal.rehearse(settings, options.file)
    if options.json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        print(report.as_table())
    return 0 if report.passed == report.total else 1
