"""Mail by SMTP: takes in what a listener hands over, and sends by submission."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from starlette.routing import BaseRoute

from channels.base import Connected, Receive, Surroundings
from channels.mail import parse as parsing
from channels.mail import submission
from channels.mail.configuration import MailConfiguration
from channels.mail.links import Links
from channels.mail.listener import Listeners
from channels.mail.parse import ParsedMail, UnreadableMail
from channels.mail.quotes import new_text
from channels.mail.render import render, render_test
from core import intake
from core.errors import DeskError
from core.inboxes.kinds import InboxSettings
from core.values import InboundMessage, OutboundMessage, Outcome, Receipt, StoredFile, spoken

log = structlog.get_logger(__name__)

INLINE_RAW = 64 * 1024
"""Raw mails up to this size lie in the database, larger ones in the blob store."""
LARGE = 256 * 1024
"""Mails from this size on are read in a thread, so that the loop goes on."""


class Mail:
    """One mailbox's adapter."""

    def __init__(self, inbox: InboxSettings[MailConfiguration], desk: Surroundings, listeners: Listeners) -> None:
        self.inbox_id = inbox.id
        self._inbox = inbox
        self._settings = inbox.configuration
        self._desk = desk
        self._listeners = listeners
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock
        self._receive: Receive | None = None
        self._listening = asyncio.Event()
        self._port = 0
        self._links = Links(inbox, desk)
        self._links.receive = self._receiver
        self.routes: Sequence[BaseRoute] = [self._links.route]

    # -- in ---------------------------------------------------------------------------------------------------------

    async def run(self, receive: Receive, connected: Connected) -> None:
        """Listen until cancelled."""
        self._receive = receive
        try:
            async with self._listeners.join(self._inbox, self) as port:
                self._port = port
                self._listening.set()
                connected()
                await asyncio.Event().wait()
        finally:
            self._listening.clear()
            self._receive = None

    async def port(self) -> int:
        """The port it listens on, once it does."""
        await self._listening.wait()
        return self._port

    async def _receiver(self) -> Receive:
        await self._listening.wait()
        assert self._receive is not None
        return self._receive

    def is_ours(self, address: str) -> bool:
        return address in self._own_addresses()

    def _own_addresses(self) -> frozenset[str]:
        """Those of all the desk's mailboxes."""
        return self._desk.own_addresses.get("email", frozenset()) | self._settings.own_addresses

    async def take_in(self, raw: bytes, envelope_sender: str | None) -> Receipt:
        """Document one raw mail; what cannot be read is quarantined. Returns after the commit."""
        receive = self._receive
        if receive is None:
            raise ConnectionAbortedError("the mailbox was stopped")
        raw_sha256 = await asyncio.to_thread(self._blobs.put, raw) if len(raw) > INLINE_RAW else None
        kept = raw if raw_sha256 is None else None
        try:
            mail = await self._parse(raw, envelope_sender)
            message = await self._inbound(mail, kept, raw_sha256)
            return await receive(message)
        except (UnreadableMail, DeskError) as error:
            return await self._quarantine(raw, kept, raw_sha256, str(error))
        except (ValueError, LookupError, RecursionError, AssertionError, TypeError, AttributeError) as error:
            # The parser's own mistake must not make the sender's server repeat the mail for days.
            log.exception("mail_unreadable", inbox=self.inbox_id, size=len(raw))
            return await self._quarantine(raw, kept, raw_sha256, f"{type(error).__name__}: {error}")

    async def _parse(self, raw: bytes, envelope_sender: str | None) -> ParsedMail:
        own = self._own_addresses()
        if len(raw) < LARGE:
            return parsing.parse(raw, envelope_sender, own)
        return await asyncio.to_thread(parsing.parse, raw, envelope_sender, own)

    async def _inbound(self, mail: ParsedMail, raw: bytes | None, raw_sha256: str | None) -> InboundMessage:
        files = [
            StoredFile(
                await asyncio.to_thread(self._blobs.put, file.content),
                file.filename,
                file.media_type[:127],
                len(file.content),
                file.content_id[:255] if file.content_id else None,
            )
            for file in mail.files
        ]
        return InboundMessage(
            inbox_id=self.inbox_id,
            dedupe_key=mail.dedupe_key,
            sender=mail.sender,
            text=new_text(mail.text),
            full_text=mail.text,
            received_at=self._clock.now(),
            subject=mail.subject,
            external_id=mail.message_id[:500] if mail.message_id else None,
            references=mail.references,
            ticket_ref=mail.ticket_ref,
            recipients=mail.recipients,
            html=mail.html,
            attachments=tuple(files),
            automation=mail.automation,
            authentication=mail.authentication,
            raw=raw,
            raw_sha256=raw_sha256,
        )

    async def _quarantine(self, raw: bytes, kept: bytes | None, raw_sha256: str | None, reason: str) -> Receipt:
        receipt = await self._database.write(
            intake.quarantine,
            self.inbox_id,
            parsing.raw_key(raw),
            reason[:500],
            self._clock.now(),
            kept,
            raw_sha256,
        )
        if receipt.outcome is Outcome.QUARANTINED:
            log.warning("mail_quarantined", inbox=self.inbox_id, size=len(raw))
        return receipt

    # -- out --------------------------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> None:
        tag = spoken(message.language, message.form_of_address or self._inbox.form_of_address)
        links = self._links.of(message, tag)
        content = await asyncio.to_thread(render, message, tag, self._inbox, links, self._blobs.get)
        await submission.submit(self._settings, message.recipient.value, content)

    async def test(self) -> None:
        """Whether mail can be taken in where it is set, and be sent."""
        await self._listeners.try_out(self._inbox)
        await submission.try_out(self._settings)

    async def send_test(self, recipient: str, text: str) -> None:
        content = render_test(self._inbox, recipient, text, self._clock.now())
        await submission.submit(self._settings, recipient, content)
