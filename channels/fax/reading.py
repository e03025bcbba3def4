"""A fax becomes a message of the desk: its pages as pictures, and what a machine reads on them; or it is set aside."""

from __future__ import annotations

import asyncio
import hashlib

import structlog

from channels.base import Receive, Surroundings
from channels.choices import option
from channels.fax import parse
from channels.fax.configuration import FaxConfiguration
from channels.fax.parse import Origin
from core import desk_settings, intake
from core.calls.numbers import region_of, spoken
from core.errors import DeskError
from core.inboxes.kinds import InboxSettings
from core.models import Finding
from core.pictures import texts
from core.pictures.reading import Document, Unreadable, open_document
from core.quarantine import Again
from core.values import InboundMessage, Outcome, Receipt, StoredFile
from web.languages import translator

log = structlog.get_logger(__name__)

INLINE_RAW = 64 * 1024
"""Faxes up to this size that cannot be read lie in the database, larger ones in the blob store."""


class FaxReader:
    """Reads the faxes of one line. ``receive`` is there once the channel runs."""

    def __init__(self, inbox: InboxSettings[FaxConfiguration], desk: Surroundings) -> None:
        self._inbox = inbox
        self._settings = inbox.configuration
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock
        self.receive: Receive | None = None

    async def region(self) -> str:
        """The country of numbers without one."""
        return await self._database.read(region_of, self._settings.region)

    async def is_known(self, key: str) -> bool:
        """Whether this fax has arrived already; if so, that it came again is counted."""
        return await self._database.read(intake.knows, self._inbox.id, key)

    async def again(self, key: str) -> Receipt:
        """Count one more delivery of a fax that is known."""
        return await self._database.write(intake.ignore, self._inbox.id, key, "", self._clock.now())

    async def take_in(
        self,
        content: bytes,
        name: str,
        origin: Origin,
        key: str = "",
        reread: Again | None = None,
    ) -> Receipt:
        """Document one fax; what cannot be read is set aside. Returns after the commit.

        ``name`` is its file's, ``origin`` who it is from if that is known apart from the file.
        """
        if self.receive is None:
            raise ConnectionAbortedError("the fax line was stopped")
        key = key or key_of(content)
        reads = (await self._database.read(desk_settings.of_desk)).reads_pictures
        try:
            document = await open_document(content, reads)
        except Unreadable as problem:
            return await self.set_aside(content, name, origin, str(problem), key, reread)
        if not origin.number and not origin.station:
            origin = parse.of_tiff(document.about)
        message = await self._inbound(document, content, name, origin, key, reread)
        try:
            return await self.receive(message)
        except DeskError as error:
            return await self.set_aside(content, name, origin, str(error), key, reread)

    async def set_aside(
        self, content: bytes, name: str, origin: Origin, reason: str, key: str, again: Again | None = None
    ) -> Receipt:
        """Keep what cannot be read, for people to see and to try again."""
        sha256 = await asyncio.to_thread(self._blobs.put, content) if len(content) > INLINE_RAW else None
        sender = spoken(origin.number) or origin.station
        about = {"sender": sender, "subject": name, "envelope_sender": origin.number, "size": len(content)}
        receipt = await self._database.write(
            intake.quarantine,
            self._inbox.id,
            key,
            reason,
            self._clock.now(),
            raw=content if sha256 is None else None,
            raw_sha256=sha256,
            about={**about, "file": name},
            receipt_id=again.work.receipt_id if again is not None else None,
        )
        if receipt.outcome is Outcome.QUARANTINED:
            log.warning("fax_quarantined", inbox=self._inbox.id, size=len(content))
        return receipt

    async def _inbound(
        self,
        document: Document,
        content: bytes,
        name: str,
        origin: Origin,
        key: str,
        again: Again | None,
    ) -> InboundMessage:
        files = await self._keep(document, content, name)
        text = parse.words([page.text or "" for page in document.pages])
        return InboundMessage(
            inbox_id=self._inbox.id,
            dedupe_key=key,
            sender=origin.address(await self.region(), key),
            text=text,
            received_at=self._clock.now() if again is None else again.received_at,
            subject=parse.subject(text),
            external_id=f"fax:{key}",
            ticket_refs=parse.tickets(text),
            attachments=tuple(files),
            option=option(text),
            placeholder="" if text else self._placeholder(document.total),
            remarks={"pages": document.total, "notices": _notices(document, bool(text))},
            receipt_id=again.work.receipt_id if again is not None else None,
        )

    async def _keep(self, document: Document, content: bytes, name: str) -> list[StoredFile]:
        """The pages and the file in the store, and what was read on them kept, before anything refers to them."""
        _ = translator(self._inbox.language)

        def put() -> list[StoredFile]:
            named = [
                (f"{_('Page {number}').replace('{number}', str(number))}.png", "image/png", page.png)
                for number, page in enumerate(document.pages, 1)
            ]
            return [
                StoredFile(self._blobs.put(one), title, media_type, len(one))
                for title, media_type, one in (*named, (name, _media_type(content), content))
            ]

        *pages, file = await asyncio.to_thread(put)
        read = [
            (page.sha256, one.text) for page, one in zip(pages, document.pages, strict=True) if one.text is not None
        ]
        # Of the file as a whole nothing is read: the pages say it all.
        known = [*read, (file.sha256, "")]
        await self._database.write(texts.know, known, self._clock.now())
        return [*pages, file]

    def _placeholder(self, pages: int) -> str:
        _ = translator(self._inbox.language)
        return f"[{_('Fax, one page') if pages == 1 else _('Fax, {count} pages').replace('{count}', str(pages))}]"


def key_of(content: bytes, number: str = "") -> str:
    """What identifies a fax for ever, wherever it lies and whatever it is called: two people may send the same form."""
    return hashlib.sha256(number.encode() + content).hexdigest()


def _notices(document: Document, has_text: bool) -> list[str]:
    found = []
    if has_text:
        is_partly = document.finding is not None or any(page.text is None for page in document.pages)
        found.append("partly_read" if is_partly else "read_by_machine")
    elif any(page.text is not None for page in document.pages):
        found.append("not_read")
    if document.total > len(document.pages) and document.finding is not Finding.UNREADABLE:
        found.append("pages_cut")
    return found


def _media_type(content: bytes) -> str:
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    return "image/tiff" if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+") else "application/octet-stream"
