"""What a commit tells the rest of the house: "this moved, look again". Never content, only a topic and a cursor.

A use case calls ``emit(session, …)``; the database publishes after the commit, in this process directly and, on
PostgreSQL, in every other one through ``NOTIFY``. A lost signal costs time, never correctness: everything also polls.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session


class Topic(StrEnum):
    TICKET = "ticket"
    """A ticket changed; the cursor is its version."""
    CONVERSATION = "conversation"
    """A conversation has something new for its channel; the cursor is its last seq."""
    OUTBOX = "outbox"
    """A message is owed."""
    WORK = "work"
    """Work is owed."""
    CARD = "card"
    """What a team's room shows is owed; the id is the inbox, or 0 for any."""
    CALL = "call"
    """Something happened on the telephone; the id is the call's."""
    PICTURE = "picture"
    """A picture is to be read."""
    INBOX = "inbox"
    """An inbox, or something that every inbox shows, was changed; the processes that run them look again."""
    QUARANTINE = "quarantine"
    """Something was set aside, is owed another reading, or has had it."""


@dataclass(frozen=True, slots=True)
class Signal:
    topic: Topic
    id: int = 0
    cursor: int = 0


Wanted = Callable[[Signal], bool]


def emit(session: Session, signal: Signal) -> None:
    """Note a signal to be published if and when this session's transaction commits."""
    session.info.setdefault("signals", []).append(signal)


def retract(session: Session, topic: Topic) -> None:
    """Nobody need be woken for this topic after all: what was owed has been claimed in the same transaction."""
    session.info["signals"] = [one for one in session.info.get("signals", ()) if one.topic is not topic]


class Signals:
    """The hub of one process. Subscribers get every signal of their topics; a slow one loses the oldest, and polls."""

    def __init__(self, backlog: int = 1000) -> None:
        self._backlog = backlog
        self._subscribers: list[tuple[Wanted, asyncio.Queue[Signal], asyncio.AbstractEventLoop]] = []

    def publish(self, signals: Iterable[Signal]) -> None:
        """Hand signals to all subscribers. Callable from any thread."""
        batch = list(dict.fromkeys(signals))
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Queue[Signal], list[Signal]]]] = {}
        for wants, queue, loop in tuple(self._subscribers):
            if wanted := [signal for signal in batch if wants(signal)]:
                by_loop.setdefault(loop, []).append((queue, wanted))
        for loop, news in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_put, news)

    @contextmanager
    def subscribe(self, *topics: Topic) -> Iterator[Subscription]:
        """A subscription of the running loop to everything about these topics, for as long as the block lasts."""
        with self.subscribe_to(lambda signal: signal.topic in topics) as subscription:
            yield subscription

    @contextmanager
    def subscribe_to(self, wants: Wanted) -> Iterator[Subscription]:
        """The same for chosen signals: with many sockets open, each is woken for its own. ``wants`` must be quick."""
        queue: asyncio.Queue[Signal] = asyncio.Queue(self._backlog)
        entry = (wants, queue, asyncio.get_running_loop())
        self._subscribers.append(entry)
        try:
            yield Subscription(queue)
        finally:
            self._subscribers.remove(entry)


def _put(news: Iterable[tuple[asyncio.Queue[Signal], list[Signal]]]) -> None:
    for queue, signals in news:
        for signal in signals:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(signal)


class Subscription:
    def __init__(self, queue: asyncio.Queue[Signal]) -> None:
        self._queue = queue

    async def wait(self, timeout: float) -> list[Signal]:
        """Whatever has come, waiting at most ``timeout`` seconds for the first; empty if nothing came."""
        try:
            async with asyncio.timeout(timeout):
                found = [await self._queue.get()]
        except TimeoutError:
            return []
        while not self._queue.empty():
            found.append(self._queue.get_nowait())
        return found

    def __aiter__(self) -> AsyncIterator[Signal]:
        return self._signals()

    async def _signals(self) -> AsyncIterator[Signal]:
        while True:
            yield await self._queue.get()
