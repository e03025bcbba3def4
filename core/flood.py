"""A flood: so much coming in at once that documenting it goes before everything that can wait a little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 3
"""So many messages being documented at the same moment are a flood."""
QUIET = 0.2
"""Seconds without one after which it is over: a flood comes in waves, one for each commit."""
STEP_ASIDE = 3.0
"""Seconds that what can wait lets a flood pass before it goes on all the same."""


class Flood:
    """Counts what one process takes in. What it holds up are the bot's rounds and the search index, never a promise."""

    def __init__(self) -> None:
        self._coming_in = 0
        self._last = float("-inf")

    @contextmanager
    def documenting(self) -> Iterator[None]:
        """Around the documenting of one message."""
        self._coming_in += 1
        if self._coming_in >= AT_ONCE:
            self._last = time.monotonic()
        try:
            yield
        finally:
            self._coming_in -= 1

    async def let_pass(self) -> None:
        """Return at once when there is none, else when it is over or has lasted ``STEP_ASIDE`` seconds."""
        patience = time.monotonic() + STEP_ASIDE
        while (wait := min(patience, self._last + QUIET) - time.monotonic()) > 0:  # noqa: ASYNC110 - it ends by silence
            await asyncio.sleep(wait)
