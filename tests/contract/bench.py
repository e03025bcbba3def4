"""What a test of the contract may ask of every adapter: a bench is one adapter between a real desk and its other side.

To add an adapter, write a ``Bench`` in a file of its own beside this one and name it in ``conftest.BENCHES``. What an
adapter's channel cannot do at all stays as it is here, and the tests of it are skipped.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import pytest

from core.models import PromiseState
from tests.contract.ground import Ground

PATIENCE = 20.0
"""Seconds in which anything must have happened; nothing is ever asserted about less."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Something a person sent; ``handle`` is what the bench finds it by."""

    person: str
    handle: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """Something a person sees: its text, the titles of its choices, the names of its files."""

    text: str
    choices: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    handle: Any = None


@dataclass(frozen=True, slots=True)
class Failure:
    """How the other side answers the next message instead of taking it."""

    permanent: bool = False
    retry_after: int | None = None
    """Seconds, where it says so."""


class Bench(ABC):
    """One adapter at work. Used as ``async with``; ``ground`` is the desk it is part of."""

    has_buttons: bool
    can_send = True
    """Whether anybody there can be written to; where not, the tests of sending are skipped."""
    can_refuse = True
    """Whether the other side can refuse a message, as ``fail_next`` says."""
    has_files = True
    """Whether people can send any file there; where not, the tests of that are skipped."""
    longest: int | None = None
    """The most characters that the other side takes in one message."""
    secrets: tuple[str, ...] = ()
    """What must never stand in a log."""
    ground: Ground

    @abstractmethod
    def __init__(self, ground: Ground) -> None: ...

    @abstractmethod
    async def __aenter__(self) -> Bench: ...

    @abstractmethod
    async def __aexit__(self, *_: object) -> None: ...

    @abstractmethod
    async def restart(self) -> None:
        """End the adapter as a crash does, and begin again with a new one; the other side lives on."""

    @abstractmethod
    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        """A person sends something; returns when the source has it, whatever the desk does."""

    @abstractmethod
    async def settle(self) -> None:
        """Wait until the source has been told that everything was taken, trying again as that source does."""

    @abstractmethod
    async def redeliver(self, sent: Sent) -> None:
        """The source delivers again what was taken already; returns when it has been told so."""

    @abstractmethod
    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        """What that person sees of the desk, once it is ``count`` messages. Fails if that takes too long."""

    def written(self, text: str) -> str:
        """A text as it can be written and read there: paper knows no emoji."""
        return text

    async def edit(self, sent: Sent, text: str) -> None:
        """The person changes what they sent."""
        self._cannot("edit messages")

    async def deliver_unsupported(self) -> None:
        """Carla sends something that has neither text nor a file."""
        self._cannot("send anything but text and files")

    async def press(self, shown: Shown, title: str, person: str = "carla") -> None:
        """The person presses a choice; returns when the source has it."""
        self._cannot("press buttons")

    def fail_next(self, failure: Failure) -> None:
        """The other side refuses the next message."""
        self._cannot("refuse messages")

    def _cannot(self, what: str) -> NoReturn:
        pytest.skip(f"nobody can {what} there")


Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], what: str) -> Found:
    """What ``look`` returns as soon as that is anything: for what nobody announces."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not (found := await look()):
        assert asyncio.get_running_loop().time() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.02)
    return found


async def until_put_back(bench: Bench, message_id: int) -> None:
    """It was tried, in vain, and waits for its next time."""

    async def look() -> bool:
        owed = await bench.ground.owed(message_id)
        return owed.state is PromiseState.PENDING and owed.attempts > 0 and owed.lease is None

    await until(look, "a first attempt")
