"""The same mails through us and through others: a help desk, two readers, three that look for quotes.

    uv run python -m bench.mail_peers [MAILS]

The peers run in an environment of their own, which is made in the temporary folder when it is not there (with uv, from
the package index). All figures are of this one run on this one machine; what stores nothing is counted in the
processor's time. *umlauts* counts the mails whose own sentence came out right. The goal is eight times the rate of
django-helpdesk with every umlaut intact; the exit code is 1 if it is missed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.peers.letters import Letter, letters
from bot import content as contents
from channels.mail.parse import UnreadableMail, parse
from channels.mail.quotes import new_text
from config import settings as configuration
from core.clock import SystemClock
from core.models import Message
from core.values import Outcome
from desk import ingest as ingesting
from desk import setup
from desk.data import open_database
from tests.channels.corpora import MAIL, REPLIES
from tests.channels.replies import Reply, corpus, lost, own, tidy

ROOT = Path(__file__).parents[1]
PEERS = (
    "django-helpdesk==2.6.1",
    "mail-parser==4.8.0",
    "mail-parser-reply==1.36",
    "email-reply-parser==0.5.12",
    "quotequail==0.5.4",
)
ENVIRONMENT = Path(tempfile.gettempdir()) / "firstline-peers"
GOAL = 8.0


def main(count: int = 500) -> int:
    python = environment()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = list(letters(count))
        write(folder / "mails", [letter.raw for letter in made])
        print(f"{count} mails as tickets in SQLite, committed\n")
        (ours, right), (theirs, _) = desk(folder, made), helpdesk(python, folder, made)
        print(f"\n{ours / theirs:.1f} times as many a second; the goal is {GOAL:.0f}\n")
        print(f"{count} mails read, nothing stored\n")
        readers(python, folder / "mails", made)
        if MAIL.is_dir():
            print("\nthe corpus of nasty mails, read\n")
            readers(python, MAIL, [])
        print("\nanswers split\n")
        splitters(python, folder)
    return 0 if ours >= GOAL * theirs and right == count else 1


def environment() -> Path:
    """The interpreter of the peers."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "complete").exists():
        subprocess.run(["uv", "venv", "--quiet", "--clear", str(ENVIRONMENT)], check=True)
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", str(python), *PEERS], check=True)
        (ENVIRONMENT / "complete").touch()
    return python


def write(folder: Path, raw: Sequence[bytes]) -> None:
    folder.mkdir()
    for number, one in enumerate(raw):
        (folder / f"{number:05d}.eml").write_bytes(one)


def run(python: Path, *arguments: str | Path) -> Any:
    done = subprocess.run([python, "-m", *map(str, arguments)], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def intact(made: Sequence[Letter], texts: Sequence[str | None]) -> int:
    """How many mails' own words are somewhere in what was made of them."""
    everything = "\n".join(text for text in texts if text is not None)
    return sum(letter.words in everything for letter in made)


# -- help desks ------------------------------------------------------------------------------------------------------


def desk(folder: Path, made: Sequence[Letter]) -> tuple[float, int]:
    """Mails a second as ``firstline mail ingest`` takes them in, reading the files included."""
    settings = configuration.load({"FIRSTLINE_DATA": str(folder / "desk"), "FIRSTLINE_SECRET": "bench"})
    clock, database = SystemClock(), open_database(settings)
    setup.prepare(settings, database, contents.load(settings.content.folder), clock.now())
    mailbox = ingesting.mailbox_of(settings, database, clock, None)
    started = time.perf_counter()
    ledger = asyncio.run(ingesting.ingest(mailbox, database, clock, [folder / "mails"], is_old=False))
    seconds = time.perf_counter() - started
    texts = database.read_now(lambda session: list(session.scalars(select(Message.text))))
    database.close()
    failed = len(made) - ledger.outcomes[Outcome.TICKETED]
    return said("Firstline", len(made), seconds, intact(made, texts), failed)


def helpdesk(python: Path, folder: Path, made: Sequence[Letter]) -> tuple[float, int]:
    (folder / "helpdesk").mkdir()
    found = run(python, "bench.peers.django_helpdesk", folder / "mails", folder / "helpdesk")
    return said("django-helpdesk", len(made), found["seconds"], intact(made, found["texts"]), len(found["failed"]))


def said(name: str, count: int, seconds: float, right: int, failed: int) -> tuple[float, int]:
    print(f"{name:<24} {count / seconds:8.0f} a second   umlauts {right:>4} of {count}   {failed} failed")
    return count / seconds, right


# -- readers and splitters -------------------------------------------------------------------------------------------


def readers(python: Path, place: Path, made: Sequence[Letter]) -> None:
    raw = [file.read_bytes() for file in sorted(place.glob("*.eml"))]
    found = {"Firstline": timed(_read, raw), **run(python, "bench.peers.readers", "mails", place)}
    for name, one in found.items():
        failed = sum(text is None for text in one["texts"])
        right = f"umlauts {intact(made, one['texts']):>4} of {len(made)}   " if made else ""
        print(f"{name:<24} {one['seconds'] / len(raw) * 1e3:8.2f} ms a mail   {right}{failed} failed")


def _read(raw: bytes) -> str:
    try:
        return parse(raw, None, frozenset({"desk@desk.example"})).text
    except UnreadableMail:
        return ""


def timed(library: Callable[[Any], str], values: Sequence[Any]) -> dict[str, Any]:
    started = time.process_time()
    texts = [library(value) for value in values]
    return {"seconds": time.process_time() - started, "texts": texts}


def splitters(python: Path, folder: Path) -> None:
    sets: dict[str, list[Reply]] = {"own cases": list(own())}
    if REPLIES.is_dir():
        sets["corpus"] = list(corpus())
    for title, replies in sets.items():
        file = folder / "replies.json"
        file.write_text(json.dumps([reply.text for reply in replies]), "utf-8")
        ours = timed(lambda reply: new_text(reply.text, reply.subject), replies)
        for name, one in {"Firstline": ours, **run(python, "bench.peers.readers", "replies", file)}.items():
            pairs = [(reply, text or "") for reply, text in zip(replies, one["texts"], strict=True)]
            exact = sum(tidy(text) == reply.new for reply, text in pairs) / len(pairs)
            lossy = sum(bool(lost(reply, text)) for reply, text in pairs)
            each = one["seconds"] / len(pairs) * 1e6
            print(
                f"{name:<24} {exact:7.1%} of {len(pairs)} {title} exact   {lossy:>3} lose words   {each:6.0f} µs each"
            )


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
