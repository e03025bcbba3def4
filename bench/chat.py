"""Turns a second in the chat, and the time from sending to the bot's answer, with 1, 8 and 64 clients.

    uv run python -m bench.chat [TURNS]

A client works as the widget does: it posts, its socket says "look", it fetches. Beside it in the same run: how long the
same server takes for a request that does nothing, and one commit of SQLite.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

import httpx
from websockets.asyncio.client import connect

from bench.intake import group_commits
from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

WORDS = ("Bist du ein Mensch?", "Wann habt ihr geöffnet?", "Hallo", "Danke")


class Client:
    """One visitor."""

    def __init__(self, base: str) -> None:
        self._base = f"{base}/chat/main"
        self._http = httpx.AsyncClient(timeout=30)
        self._cursor = 0

    async def open(self) -> None:
        token = (await self._http.post(f"{self._base}/session")).json()["token"]
        self._http.headers["authorization"] = f"Bearer {token}"
        self._socket = await connect(f"{self._base.replace('http', 'ws')}/live?token={token}")
        await self._socket.recv()

    async def turn(self, text: str) -> float:
        """Seconds from sending to having the bot's answer."""
        started = time.perf_counter()
        await self._http.post(f"{self._base}/messages", json={"id": str(uuid.uuid4()), "text": text})
        while True:
            found = (await self._http.get(f"{self._base}/messages", params={"after": self._cursor})).json()
            self._cursor = max(self._cursor, found["cursor"])
            if any(not message["mine"] for message in found["messages"]):
                return time.perf_counter() - started
            while json.loads(await self._socket.recv())["cursor"] <= self._cursor:
                pass

    async def close(self) -> None:
        await self._socket.close()
        await self._http.aclose()


async def measure(base: str, clients: int, turns: int) -> tuple[float, list[float]]:
    """Turns a second over all clients, and each turn's seconds."""
    visitors = [Client(base) for _ in range(clients)]
    for visitor in visitors:
        await visitor.open()

    async def talk(visitor: Client) -> list[float]:
        return [await visitor.turn(WORDS[number % len(WORDS)]) for number in range(max(4, turns // clients))]

    started = time.perf_counter()
    times = [one for talked in await asyncio.gather(*(talk(visitor) for visitor in visitors)) for one in talked]
    rate = len(times) / (time.perf_counter() - started)
    for visitor in visitors:
        await visitor.close()
    return rate, times


async def nothing(base: str) -> float:
    """The median seconds of a request that does nothing."""
    async with httpx.AsyncClient() as client:
        times = []
        for _ in range(100):
            started = time.perf_counter()
            await client.get(f"{base}/healthz")
            times.append(time.perf_counter() - started)
    return statistics.median(times)


async def main() -> int:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory() as name, MailServer() as outside:
        desk = DeskProcess(Path(name) / "data", outside.port)
        await asyncio.to_thread(desk.start)
        print(f"a request that does nothing: {await nothing(desk.base) * 1000:.1f} ms")
        print(f"one commit of SQLite (FULL): {1000 / group_commits(Path(name), 200, 1):.1f} ms\n")
        print(f"{'clients':>8} {'turns/s':>9} {'p50 ms':>8} {'p99 ms':>8}")
        for clients in (1, 8, 64):
            rate, times = await measure(desk.base, clients, turns)
            p50, p99 = statistics.median(times) * 1000, statistics.quantiles(times, n=100)[98] * 1000
            print(f"{clients:>8} {rate:>9.0f} {p50:>8.1f} {p99:>8.1f}")
        desk.kill()
    print("\ngoals: p50 at most 25 ms with 1 client, at least 100 turns/s with 8")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
