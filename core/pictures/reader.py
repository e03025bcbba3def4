"""Reads the pictures that the desk owes a reading, one after the other, beside everything else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.models import Finding
from core.pictures import tesseract, texts
from core.pictures.reading import Seen, read_picture
from core.promises import Looking
from core.signals import Topic

log = structlog.get_logger(__name__)

POLL = 5.0
"""Seconds between looks when nobody called."""
ATTEMPTS = 3
"""A picture that ends its reader so often is left."""
ELSEWHERE = timedelta(seconds=3)
"""How long a process without Tesseract leaves a picture to those that may have it."""


class PictureReader:
    def __init__(self, database: Database, blobs: BlobStore, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._was_here = False

    async def run(self) -> None:
        """Read until cancelled."""
        with self._database.signals.subscribe(Topic.PICTURE) as calls:
            while True:
                if not await self._round():
                    await calls.wait(POLL)

    async def _round(self) -> bool:
        is_here = await asyncio.to_thread(tesseract.installed) is not None
        now = self._clock.now()
        if is_here and not self._was_here:
            await self._database.write(texts.look_again, now)
        self._was_here = is_here
        until = now if is_here or self._database.is_sqlite else now - ELSEWHERE
        held = await self._database.write(texts.claim, until)
        for one in held:
            seen = await self._read(one) if is_here else Seen("", Finding.MISSING)
            await self._database.write(texts.read, one, seen.finding, seen.text, self._clock.now())
            log.info("picture_read", finding=str(seen.finding), characters=len(seen.text), attempt=one.attempts)
        return bool(held)

    async def _read(self, one: Looking) -> Seen:
        if one.attempts > ATTEMPTS:
            return Seen("", Finding.UNREADABLE)
        try:
            content = await asyncio.to_thread(self._blobs.get, one.sha256)
        except NotFound:
            return Seen("", Finding.UNREADABLE)
        return await read_picture(content)
