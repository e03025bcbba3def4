"""Keeping an inbox's promises besides its messages: what came and is still to be read, what is still to be shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Generic, TypeVar

import structlog

from channels.base import DeliveryError
from core.promises import LEASE
from core.signals import Subscription

log = structlog.get_logger(__name__)

POLL = 2.0
"""Seconds between looks when nobody called."""
TIMEOUT = LEASE.total_seconds() * 0.8
"""An errand must end while its lease still holds."""
AT_ONCE = 8

T = TypeVar("T")
Claim = Callable[[], Awaitable[list[T]]]
Failed = Callable[[T, str, bool, timedelta | None], Awaitable[None]]
"""What to do about one that failed: its reason, whether for good, and how long the other side asked to wait."""


class Errands(Generic[T]):
    """Does what ``claim`` leases, each in its own task. ``do`` finishes it, or raises and ``failed`` hears of it."""

    def __init__(self, name: str, claim: Claim[T], do: Callable[[T], Awaitable[None]], failed: Failed[T]) -> None:
        self._name = name
        self._claim = claim
        self._do = do
        self._failed = failed
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    async def run(self, calls: Subscription | None = None) -> None:
        """Claim and do until cancelled, at once when called or when one is done; what is under way is finished."""
        try:
            while True:
                self._wake.clear()
                if len(self._running) >= AT_ONCE:
                    await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                elif not self.start(await self._claim()):
                    await self._pause(calls)
        finally:
            while self._running:
                await asyncio.gather(*self._running, return_exceptions=True)

    def start(self, claimed: list[T]) -> bool:
        """Begin what this process has claimed; whether that was anything."""
        for one in claimed:
            task = asyncio.create_task(self._try(one))
            self._running.add(task)
            task.add_done_callback(self._ended)
        return bool(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Something may have waited behind it.
        self._running.discard(task)
        self._wake.set()

    async def _pause(self, calls: Subscription | None) -> None:
        waiting: list[asyncio.Task[Any]] = [asyncio.create_task(self._wake.wait())]
        if calls is not None:
            waiting.append(asyncio.create_task(calls.wait(POLL)))
        try:
            await asyncio.wait(waiting, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _try(self, one: T) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._do(one)
        except DeliveryError as error:
            await self._failed(one, str(error), error.permanent, error.retry_after)
        except TimeoutError:
            await self._failed(one, "no answer in time", False, None)
        except Exception as error:  # one errand must not end the others
            log.exception("errand_failed", errand=self._name)
            await self._failed(one, f"unexpected: {type(error).__name__}", False, None)
