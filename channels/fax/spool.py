"""The folder at work: whole faxes become messages in their order, and are tidied away after their commit."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from pathlib import Path

import structlog

from channels.base import Connected, Surroundings
from channels.fax import folder, parse
from channels.fax.configuration import FaxConfiguration
from channels.fax.folder import FaxFolder, Waiting
from channels.fax.parse import Origin
from channels.fax.reading import FaxReader, key_of
from core import promises, quarantine
from core.errors import NotFound
from core.inboxes import positions
from core.inboxes.kinds import InboxSettings
from core.inboxes.positions import Position
from core.quarantine import Again
from core.signals import Topic

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between looks into the folder."""
POLL = 15.0
"""Seconds between looks for what is to be read again, when nobody called."""
TOO_LARGE = "The file is too large to be opened."


class Spool:
    def __init__(self, inbox: InboxSettings[FaxConfiguration], desk: Surroundings, reader: FaxReader) -> None:
        self._inbox_id = inbox.id
        self._settings = inbox.configuration
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock
        self._reader = reader
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing

    async def run(self, connected: Connected) -> None:
        """Take in until cancelled. Raises ``InboxProblem``."""
        place = FaxFolder(Path(self._settings.folder), self._settings.settle_seconds)
        since = await self._since()
        while True:
            whole = await asyncio.to_thread(place.look, since)
            connected()
            for path in whole:
                fax = await asyncio.to_thread(place.read, path)
                if fax is not None:
                    await self._take(fax, place)
            await asyncio.sleep(LOOK_EVERY if self._settings.settle_seconds else LOOK_EVERY / 20)

    async def _since(self) -> datetime | None:
        """From when on faxes are taken, if not all are: since this folder was read for the first time."""
        source = f"folder:{self._settings.folder}"[:1000]
        kept = await self._database.read(positions.read, self._inbox_id)
        if kept is None or kept.source != source:
            kept = Position(source, 0, 0, 0, self._clock.now())
            await self._database.write(positions.save, self._inbox_id, kept)
        return None if self._settings.begin == "all" else kept.begun_at

    async def _take(self, fax: Waiting, place: FaxFolder) -> None:
        """Document one; whatever goes wrong on our side, it still lies there."""
        name, origin = fax.path.name, parse.of_sidecar(fax.sidecar)
        if fax.content is None:
            key = key_of(f"{name} {fax.state}".encode())
            await self._reader.set_aside(b"", name, origin, TOO_LARGE, key)
            place.done(fax)
            return
        key = key_of(fax.content, origin.number)
        if not await self._reader.is_known(key):
            await self._reader.take_in(fax.content, name, origin, key)
        elif self._settings.afterwards != "leave":
            await self._reader.again(key)
        place.done(fax)
        if self._settings.afterwards != "leave":
            into = Path(self._settings.done_folder) if self._settings.afterwards == "move" else None
            await asyncio.to_thread(folder.tidy, fax, into)

    # -- what was set aside ------------------------------------------------------------------------------------------

    async def read_again(self) -> None:
        """Read again what is owed another reading, until cancelled."""
        with self._database.signals.subscribe(Topic.QUARANTINE) as calls:
            while True:
                claimed = await self._database.write(quarantine.claim, self._clock.now(), self._inbox_id)
                for again in claimed:
                    await self._once_more(again)
                if not claimed:
                    await calls.wait(POLL)

    async def _once_more(self, again: Again) -> None:
        work = again.work
        try:
            raw = (
                again.raw if again.raw is not None else await asyncio.to_thread(self._blobs.get, again.raw_sha256 or "")
            )
            name = (await self._database.read(quarantine.one, work.receipt_id)).file or "fax"
            await self._reader.take_in(raw, name, Origin(again.envelope_sender or ""), reread=again)
        except NotFound as error:  # the bytes are gone; nobody can read them, but everybody can see why
            await self._reader.set_aside(b"", "", Origin(), str(error), "", again)
        except Exception as error:  # whatever it is, the fax is still there and is tried again
            log.exception("fax_not_read_again", inbox=self._inbox_id, receipt=work.receipt_id, attempt=work.attempts)
            due = self._clock.now() + promises.backoff(work.attempts, self._jitter)
            await self._database.write(quarantine.later, work, due, type(error).__name__)
            return
        await self._database.write(quarantine.finished, work, self._clock.now())
