"""The console's pages with 100,000 tickets and 500,000 messages on SQLite: the time a request takes, and its size.

    uv run python -m bench.console [TICKETS]

Beside it in the same run: a request that does nothing, so that what HTTP costs can be seen.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, create_engine, insert, select, text

from core.models import Base, Conversation, HistoryEntry, Inbox, Message, Requester, RequesterAddress, Team, Ticket
from core.search.words import fold
from core.values import ActorKind, Delivery, Status
from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

PASSWORD = "a long bench password"
MESSAGES = 5
GOAL_MS, GOAL_BYTES = 50.0, 100_000
TEXT = (
    "Drucker Etagendrucker Papierstau VPN Passwort Outlook Postfach Teams Bildschirm Laptop Maus Tastatur Netzwerk "
    "Laufwerk Anmeldung Zertifikat Update Neustart Fehlermeldung Besprechung Kamera Headset Telefon Rechnung Citrix "
    "langsam heute morgen seit gestern wieder nicht mehr bitte dringend danke Kollegin Homeoffice Zugriff Ordner Datei"
)
WORDS = TEXT.split()
STATUSES = [Status.CLOSED] * 90 + [Status.RESOLVED] * 6 + [Status.OPEN] * 2 + [Status.PENDING, Status.NEW]


def fill(url: str, tickets: int) -> None:
    """Tickets of 2,000 people over three years, most of them closed."""
    chance, start = random.Random(7), datetime.now(UTC) - timedelta(days=1000)
    engine = create_engine(url)
    with engine.begin() as connection:
        inbox = connection.scalar(select(Inbox.id).order_by(Inbox.id))
        teams = list(connection.scalars(select(Team.id)))
        people = [{"name": f"Person {number} Müller-{number % 97}", "created_at": start} for number in range(2000)]
        connection.execute(insert(Requester), people)
        connection.execute(
            insert(RequesterAddress),
            [{"requester_id": n, "kind": "email", "value": f"p{n}@kunde.example"} for n in range(1, 2001)],
        )
        for first in range(1, tickets + 1, 5000):
            _fill_batch(connection, range(first, min(first + 5000, tickets + 1)), inbox or 1, teams, chance, start)
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _fill_batch(
    connection: Connection, numbers: range, inbox: int, teams: list[int], chance: random.Random, start: datetime
) -> None:
    rows: dict[type[Base], list[dict[str, Any]]] = {Ticket: [], Conversation: [], Message: [], HistoryEntry: []}
    for number in numbers:
        at, status, person = start + timedelta(minutes=number * 14), chance.choice(STATUSES), chance.randrange(1, 2001)
        rows[Ticket].append(
            {
                "id": number,
                "requester_id": person,
                "subject": _say(chance, 5),
                "status": status,
                "level": chance.choice([0, 1, 1, 2]),
                "team_id": chance.choice(teams),
                "priority": chance.randrange(1, 5),
                "created_at": at,
                "updated_at": at + timedelta(hours=2),
                "waiting_since": at if status in (Status.OPEN, Status.NEW) else None,
            }
        )
        place = {"inbox_id": inbox, "thread_key": f"t{number}", "address_id": person, "ticket_id": number}
        rows[Conversation].append({"id": number, "last_seq": MESSAGES, "created_at": at, **place})
        rows[HistoryEntry].append(
            {"ticket_id": number, "at": at, "actor_kind": ActorKind.REQUESTER, "action": "created"}
        )
        for seq in range(1, MESSAGES + 1):
            outbound = seq % 2 == 0
            rows[Message].append(
                {
                    "id": (number - 1) * MESSAGES + seq,
                    "ticket_id": number,
                    "conversation_id": number,
                    "seq": seq,
                    "outbound": outbound,
                    "author_kind": ActorKind.BOT if outbound else ActorKind.REQUESTER,
                    "text": _say(chance, 25),
                    "delivery": Delivery.SENT if outbound else None,
                    "created_at": at + timedelta(minutes=seq),
                }
            )
    for model, values in rows.items():
        connection.execute(insert(model), values)
    index = [{"id": one["id"], "words": fold(one["text"])} for one in rows[Message]]
    connection.execute(text("INSERT INTO search_message (rowid, words) VALUES (:id, :words)"), index)


def _say(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count))


async def measure(base: str, tickets: int) -> list[tuple[str, float, float, int]]:
    """(page, median ms, p95 ms, bytes over the wire)."""
    pages: dict[str, Callable[[], str]] = {
        "nothing (/healthz)": lambda: "/healthz",
        "list: needs a person": lambda: "/console/views/person",
        "list: with the bot": lambda: "/console/views/bot",
        "list: resolved": lambda: "/console/views/resolved",
        "conversation": lambda: f"/console/tickets/{random.randrange(1, tickets)}",
        "conversation, guide open": lambda: f"/console/tickets/{random.randrange(1, tickets)}?guide=vpn_problem",
        "search: one common word": lambda: f"/console/search?q={random.choice(WORDS)}",
        "search: two words": lambda: f"/console/search?q={random.choice(WORDS)}+{random.choice(WORDS)}",
        "search: word and filters": lambda: f"/console/search?q={random.choice(WORDS)}+status:open+from:muller",
        "search: word and rare filter": lambda: f"/console/search?q={random.choice(WORDS)}+status:new+prio:1",
        "search: a rare word": lambda: "/console/search?q=Zwetschgenkuchen",
    }
    found = []
    async with httpx.AsyncClient(base_url=base, timeout=60) as client:
        await client.post("/console/login", data={"email": "lea@desk.example", "password": PASSWORD})
        for name, address in pages.items():
            times, size = [], 0
            for number in range(65):
                started = time.perf_counter()
                response = await client.get(address())
                if number >= 5:
                    times.append((time.perf_counter() - started) * 1000)
                assert response.status_code == 200, response.text[:200]
                size = max(size, len(response.content))
            found.append((name, statistics.median(times), statistics.quantiles(times, n=20)[18], size))
    return found


async def main() -> int:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name, MailServer() as outside:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        desk = DeskProcess(folder / "data", outside.port)
        await asyncio.to_thread(desk.start, False)
        desk.run(
            "user",
            "lea@desk.example",
            "--name",
            "Lea",
            "--team",
            "service-desk",
            "--password-file",
            str(folder / "password"),
        )
        desk.stop()
        started = time.perf_counter()
        fill(f"sqlite:///{desk.data / 'firstline.db'}", tickets)
        print(f"{tickets} tickets, {tickets * MESSAGES} messages, filled in {time.perf_counter() - started:.0f} s\n")
        await asyncio.to_thread(desk.start)
        found = await measure(desk.base, tickets)
        desk.kill()
    print(f"{'page':<30} {'p50 ms':>8} {'p95 ms':>8} {'kB':>8}   goal: p95 at most {GOAL_MS:.0f} ms, 100 kB")
    for page, middle, slow, size in found:
        verdict = "" if slow <= GOAL_MS and size <= GOAL_BYTES else "   NOT reached"
        print(f"{page:<30} {middle:>8.1f} {slow:>8.1f} {size / 1000:>8.1f}{verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
