"""A raw mail becomes a message of the desk, or is set aside; what was set aside is read again when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from channels.base import Receive
from channels.choices import option
from channels.mail import authentication
from channels.mail import parse as parsing
from channels.mail.bodies import MailFile
from channels.mail.parse import ParsedMail, UnreadableMail
from channels.mail.quotes import new_text
from channels.mail.resolver import Resolver
from channels.rereading import Rereading
from core import intake
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import DeskError
from core.quarantine import Again
from core.values import InboundMessage, Outcome, Receipt, StoredFile

log = structlog.get_logger(__name__)

INLINE_RAW = 64 * 1024
"""Raw mails up to this size lie in the database, larger ones in the blob store."""
LARGE = 64 * 1024
"""Mails from this size on are read in a thread, so that the loop goes on."""


class Reader:
    """Reads the mails of one inbox. ``receive`` is there once the channel runs.

    ``trusted_servers`` are gateways whose word about a sender is taken, by the name they give themselves in
    Authentication-Results, in lower case; where none of them spoke, signatures are checked with ``resolver``.
    """

    def __init__(
        self,
        inbox_id: int,
        own_addresses: Callable[[], frozenset[str]],
        database: Database,
        blobs: BlobStore,
        clock: Clock,
        trusted_servers: frozenset[str] = frozenset(),
        resolver: Resolver | None = None,
    ) -> None:
        self._inbox_id = inbox_id
        self._own = own_addresses
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._trusted = trusted_servers
        self._resolver = resolver
        self.receive: Receive | None = None

    async def take_in(self, raw: bytes, envelope_sender: str | None) -> Receipt:
        """Document one raw mail; what cannot be read is quarantined. Returns after the commit."""
        raw_sha256 = await asyncio.to_thread(self._blobs.put, raw) if len(raw) > INLINE_RAW else None
        kept = raw if raw_sha256 is None else None
        return await self._read(raw, envelope_sender, {"raw": kept, "raw_sha256": raw_sha256}, None)

    async def run(self) -> None:
        """Read again what is owed another reading, until cancelled."""

        async def read(again: Again, raw: bytes) -> Receipt:
            return await self._read(raw, again.envelope_sender, {}, again)

        async def lost(again: Again, reason: str) -> Receipt:
            return await self._set_aside(b"", reason, None, {}, again)

        await Rereading(self._inbox_id, self._database, self._blobs, self._clock, read, lost).run()

    async def _read(
        self, raw: bytes, envelope_sender: str | None, kept: dict[str, Any], again: Again | None
    ) -> Receipt:
        """The one door: parse and hand in, or set aside."""
        receive = self.receive
        if receive is None:
            raise ConnectionAbortedError("the mailbox was stopped")
        try:
            mail, text = await self._parse(raw, envelope_sender)
        except UnreadableMail as error:
            return await self._set_aside(raw, str(error), envelope_sender, kept, again)
        except Exception as error:  # our own mistake must not make the sender's server repeat the mail for days
            log.exception("mail_unreadable", inbox=self._inbox_id, size=len(raw))
            return await self._set_aside(raw, f"{type(error).__name__}: {error}", envelope_sender, kept, again)
        message = await self._inbound(mail, text, await self._authentication(mail, raw), kept, again)
        try:
            return await receive(message)
        except DeskError as error:
            return await self._set_aside(raw, str(error), envelope_sender, kept, again)

    async def _parse(self, raw: bytes, envelope_sender: str | None) -> tuple[ParsedMail, str]:
        """The mail, and what is new in it."""
        own = self._own()

        def parse() -> tuple[ParsedMail, str]:
            mail = parsing.parse(raw, envelope_sender, own, self._trusted)
            return mail, new_text(mail.text, mail.subject)

        return parse() if len(raw) < LARGE else await asyncio.to_thread(parse)

    async def _authentication(self, mail: ParsedMail, raw: bytes) -> dict[str, Any]:
        """What is known of the sender: what a trusted gateway found, else what can be checked here."""
        if mail.authentication or self._resolver is None or not mail.is_signed:
            return mail.authentication
        try:
            return await asyncio.to_thread(authentication.checked, raw, mail.sender.value, self._resolver)
        except Exception:  # a signature that breaks its reader is no reason to refuse a mail
            log.exception("signature_unreadable", inbox=self._inbox_id, size=len(raw))
            return {}

    async def _store(self, files: Sequence[MailFile]) -> tuple[StoredFile, ...]:
        """The files of a mail in the store, before anything refers to them."""
        if not files:
            return ()
        names = await asyncio.to_thread(lambda: [self._blobs.put(file.content) for file in files])
        return tuple(
            StoredFile(sha256, file.filename, file.media_type, len(file.content), file.content_id)
            for sha256, file in zip(names, files, strict=True)
        )

    async def _inbound(
        self, mail: ParsedMail, text: str, checked: dict[str, Any], kept: dict[str, Any], again: Again | None
    ) -> InboundMessage:
        return InboundMessage(
            inbox_id=self._inbox_id,
            dedupe_key=mail.dedupe_key,
            sender=mail.sender,
            text=text,
            full_text=mail.text,
            received_at=self._clock.now() if again is None else again.received_at,
            subject=mail.subject,
            external_id=mail.message_id,
            references=mail.references,
            ticket_refs=mail.ticket_refs,
            recipients=mail.recipients,
            option=option(text),
            html=mail.html,
            attachments=await self._store(mail.files),
            automation=mail.automation,
            report=mail.report,
            authentication=checked,
            remarks=mail.remarks,
            receipt_id=again.work.receipt_id if again is not None else None,
            **kept,
        )

    async def _set_aside(
        self, raw: bytes, reason: str, envelope_sender: str | None, kept: dict[str, Any], again: Again | None
    ) -> Receipt:
        sender, subject = parsing.glimpse(raw)
        about = {"sender": sender, "subject": subject, "envelope_sender": envelope_sender, "size": len(raw)}
        receipt = await self._database.write(
            intake.quarantine,
            self._inbox_id,
            parsing.raw_key(raw),
            reason[:500],
            self._clock.now(),
            about=about,
            receipt_id=again.work.receipt_id if again is not None else None,
            **kept,
        )
        if receipt.outcome is Outcome.QUARANTINED:
            log.warning("mail_quarantined", inbox=self._inbox_id, size=len(raw))
        return receipt
