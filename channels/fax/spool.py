"""The folder at work: whole faxes become messages in their order, and are tidied away after their commit."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from channels.base import Connected, Surroundings
from channels.fax import folder, parse
from channels.fax.configuration import FaxConfiguration
from channels.fax.folder import FaxFolder, Waiting
from channels.fax.parse import Origin
from channels.fax.reading import FaxReader, key_of
from channels.rereading import Rereading
from core import quarantine
from core.inboxes import positions
from core.inboxes.kinds import InboxSettings
from core.inboxes.positions import Position
from core.quarantine import Again
from core.values import Receipt

LOOK_EVERY = 2.0
"""Seconds between looks into the folder."""
TOO_LARGE = "The file is too large to be opened."


class Spool:
    def __init__(self, inbox: InboxSettings[FaxConfiguration], desk: Surroundings, reader: FaxReader) -> None:
        self._inbox_id = inbox.id
        self._settings = inbox.configuration
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock
        self._reader = reader

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

        async def read(again: Again, raw: bytes) -> Receipt:
            name = (await self._database.read(quarantine.one, again.work.receipt_id)).file or "fax"
            return await self._reader.take_in(raw, name, Origin(again.envelope_sender or ""), reread=again)

        async def lost(again: Again, reason: str) -> Receipt:
            return await self._reader.set_aside(b"", "", Origin(), reason, "", again)

        await Rereading(self._inbox_id, self._database, self._blobs, self._clock, read, lost).run()
