"""Mails of a mailbox that must not hold up the others: set aside in the ledger, with what is known of them."""

from __future__ import annotations

import asyncio
import hashlib

from channels.base import Surroundings
from channels.mail.parse import glimpse, raw_key
from channels.mail.reading import INLINE_RAW
from core import intake
from core.values import Receipt


class SetAside:
    def __init__(self, inbox_id: int, desk: Surroundings) -> None:
        self._inbox_id = inbox_id
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock

    async def seen(self, raw: bytes, reason: str) -> Receipt:
        """A mail that was fetched and cannot be documented; it can be read again from the quarantine."""
        large = len(raw) > INLINE_RAW
        sha256 = await asyncio.to_thread(self._blobs.put, raw) if large else None
        return await self._keep(raw_key(raw), raw, len(raw), reason, None if large else raw, sha256)

    async def unseen(self, head: bytes, size: int, reason: str) -> Receipt:
        """A mail of which only some headers were fetched; ``size`` in bytes is what the server says."""
        key = hashlib.sha256(b"%d %b" % (size, head)).hexdigest()
        return await self._keep(key, head, size, reason, None, None)

    async def _keep(
        self, key: str, head: bytes, size: int, reason: str, raw: bytes | None, raw_sha256: str | None
    ) -> Receipt:
        sender, subject = glimpse(head)
        return await self._database.write(
            intake.quarantine,
            self._inbox_id,
            key,
            reason[:500],
            self._clock.now(),
            raw,
            raw_sha256,
            {"sender": sender, "subject": subject, "size": size},
        )
