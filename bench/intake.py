"""Mails a second, from SMTP to committed tickets, beside an SMTP server that forgets everything and raw group commits.

    uv run python -m bench.intake [MAILS]

All run in this one run on this one machine, the sink and the desk in turns, and the middle one of ``ROUNDS`` counts;
figures of different runs or machines say nothing to each other. The desk has taken mails before: what is measured is a
Monday morning, not a start.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from statistics import median

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import create_engine, text

from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

CONNECTIONS = 20
"""What Postfix opens to one destination at most (its default_destination_concurrency_limit)."""
GOAL = 4.0
ROUNDS = 5
WARM_UP = 200
"""Mails before the first round."""
QUIET = 2.0
"""Seconds between two rounds, in which the desk's bot does not finish what the round has left it."""


def mails(count: int, first: int = 0) -> list[bytes]:
    """German mails of about 2 kB, numbered from ``first`` on, each from one of 200 people."""
    found = []
    for number in range(first, first + count):
        message = EmailMessage()
        message["From"] = f"Kunde {number % 200} <kunde{number % 200}@kunde.example>"
        message["To"] = "desk@desk.example"
        message["Subject"] = f"Störung {number}"
        message["Message-ID"] = f"<bench-{number}@kunde.example>"
        message.set_content("Guten Tag,\n\nseit heute Morgen funktioniert unser Drucker nicht mehr.\n" * 25)
        found.append(message.as_bytes())
    return found


async def send_all(port: int, raw: list[bytes]) -> float:
    """Mails a second over ``CONNECTIONS`` connections; every one must be answered 250."""
    waiting = list(reversed(raw))

    async def connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=60) as client:
            while waiting:
                await client.sendmail("kunde@kunde.example", ["desk@desk.example"], waiting.pop())

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return len(raw) / (time.perf_counter() - started)


class Null:
    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return "250 OK"


@asynccontextmanager
async def null_sink() -> AsyncIterator[int]:
    """The port of a server of the same library that throws everything away, in a process of its own like the desk."""
    program = (
        "import asyncio, sys; from bench.intake import Null; from aiosmtpd.smtp import SMTP\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    server = await loop.create_server(lambda: SMTP(Null(), hostname='x'), '127.0.0.1', 0)\n"
        "    print(server.sockets[0].getsockname()[1], flush=True)\n"
        "    await server.serve_forever()\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


def group_commits(folder: Path, rows: int, batch: int) -> float:
    """Rows a second that SQLite takes with ``batch`` rows a commit, synchronous FULL."""
    connection = sqlite3.connect(folder / f"raw-{batch}.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, raw BLOB)")
    started = time.perf_counter()
    for _ in range(rows // batch):
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO mail (raw) VALUES (?)", [(b"x" * 2000,)] * batch)
        connection.execute("COMMIT")
    rate = rows / (time.perf_counter() - started)
    connection.close()
    return rate


def tickets_in(data: Path) -> int:
    engine = create_engine(f"sqlite:///{data / 'firstline.db'}")
    with engine.connect() as connection:
        tickets = int(connection.scalar(text("SELECT count(*) FROM ticket")) or 0)
    engine.dispose()
    return tickets


async def rates(folder: Path, count: int) -> tuple[list[float], list[float]]:
    """Mails a second of the sink and of the desk, a pair for each round. Raises if a mail has become no ticket."""
    sink_rates, desk_rates = [], []
    with MailServer() as outside:
        desk = DeskProcess(folder / "data", outside.port)
        await asyncio.to_thread(desk.start)
        try:
            async with null_sink() as sink:
                for number in range(ROUNDS + 1):
                    raw = mails(count if number else WARM_UP, number * count)
                    sink_rates.append(await send_all(sink, raw))
                    desk_rates.append(await send_all(desk.smtp_port, raw))
                    await asyncio.sleep(QUIET)
            tickets = await asyncio.to_thread(tickets_in, desk.data)
        finally:
            desk.kill()
    assert tickets == WARM_UP + ROUNDS * count, f"{tickets} tickets"
    return sink_rates[1:], desk_rates[1:]


async def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        single = group_commits(folder, 200, 1)
        grouped = group_commits(folder, 2000, CONNECTIONS)
        sink_rates, desk_rates = await rates(folder, count)
    sink, desk = median(sink_rates), median(desk_rates)
    ratio = median(one / other for one, other in zip(sink_rates, desk_rates, strict=True))
    print(f"{ROUNDS} rounds of {count} mails of {len(mails(1)[0])} bytes, {CONNECTIONS} connections,", end=" ")
    print(f"{os.cpu_count()} cores\n")
    print(f"{'aiosmtpd, thrown away':<44} {sink:8.0f} /s   ({min(sink_rates):.0f} to {max(sink_rates):.0f})")
    print(f"{'SQLite, 1 row a commit (FULL)':<44} {single:8.0f} /s")
    print(f"{f'SQLite, {CONNECTIONS} rows a commit (FULL)':<44} {grouped:8.0f} /s")
    print(f"{'Firstline, committed tickets':<44} {desk:8.0f} /s   ({min(desk_rates):.0f} to {max(desk_rates):.0f})")
    verdict = "reached" if ratio <= GOAL else "NOT reached"
    print(f"\n{ratio:.1f} times below the null sink; goal at most {GOAL:.0f}: {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
