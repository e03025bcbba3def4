"""Mail by SMTP: a server that takes mail in, and submission that sends it out."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiosmtplib
import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.routing import BaseRoute

from channels.base import Capabilities, DeliveryError, Receive
from channels.mail import authentication
from channels.mail import parse as parsing
from channels.mail.bodies import MailFile
from channels.mail.links import Links
from channels.mail.parse import ParsedMail, UnreadableMail
from channels.mail.quotes import new_text
from channels.mail.render import render
from channels.mail.resolver import Resolver
from core import intake
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import DeskError
from core.values import InboundMessage, InboxStyle, OutboundMessage, Outcome, Receipt, StoredFile

log = structlog.get_logger(__name__)

INLINE_RAW = 64 * 1024
"""Raw mails up to this size lie in the database, larger ones in the blob store."""
LARGE = 64 * 1024
"""Mails from this size on are read in a thread, so that the loop goes on."""
SEND_TIMEOUT = 30.0


_PLAIN_PATH = re.compile(r"\s*<([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,255})>(.*)")
"""The path of MAIL and RCPT (RFC 5321, 4.1.2) as nearly all mail has it, and what follows it."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """One mailbox. ``own_addresses`` are all the desk's own, in lower case; ``smtp_security`` starttls, tls or none."""

    address: str
    name: str
    own_addresses: frozenset[str]
    listen_host: str
    listen_port: int
    max_bytes: int
    tls: ssl.SSLContext | None
    username: str
    password: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    smtp_username: str
    smtp_password: str
    trusted_servers: frozenset[str] = frozenset()
    """Gateways whose Authentication-Results are believed, by the name they give themselves there, in lower case."""


class _Smtp(SMTP):
    """Real mail has lines far longer than RFC 5321 allows; refusing them loses the mail."""

    line_length_limit = 2 * 1024 * 1024

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # The library builds a parse tree, and a class, for each address: a tenth of all that a mail costs.
        if (plain := _PLAIN_PATH.fullmatch(arg)) is not None:
            return plain.group(1), plain.group(2)
        return super()._getaddr(arg)


class Mail:
    """One mailbox's adapter."""

    capabilities = Capabilities(style=InboxStyle.LETTER, buttons=False, attachments=True)

    def __init__(
        self,
        inbox_id: int,
        settings: MailSettings,
        public_url: str,
        secret: str,
        database: Database,
        blobs: BlobStore,
        clock: Clock,
        resolver: Resolver | None = None,
    ) -> None:
        self.inbox_id = inbox_id
        self._resolver = resolver
        self._settings = settings
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._receive: Receive | None = None
        self._listening = asyncio.Event()
        self._port = settings.listen_port
        self._links = Links(inbox_id, public_url, secret, clock)
        self._links.receive = self._receiver
        self.routes: Sequence[BaseRoute] = [self._links.route]

    # -- in ---------------------------------------------------------------------------------------------------------

    async def run(self, receive: Receive) -> None:
        """Listen until cancelled."""
        self._receive = receive
        settings = self._settings
        server = await asyncio.get_running_loop().create_server(
            self._protocol, settings.listen_host, settings.listen_port
        )
        self._port = server.sockets[0].getsockname()[1]
        self._listening.set()
        log.info("smtp_listening", host=settings.listen_host, port=self._port)
        async with server:
            await server.serve_forever()

    async def port(self) -> int:
        """The port it listens on, once it does."""
        await self._listening.wait()
        return self._port

    async def _receiver(self) -> Receive:
        await self._listening.wait()
        assert self._receive is not None
        return self._receive

    def _protocol(self) -> SMTP:
        settings = self._settings
        return _Smtp(
            self,
            hostname=settings.address.rpartition("@")[2] or "localhost",
            ident="Firstline",
            data_size_limit=settings.max_bytes,
            enable_SMTPUTF8=True,
            decode_data=False,
            tls_context=settings.tls,
            authenticator=self._authenticate if settings.username else None,
            auth_required=bool(settings.username),
            auth_require_tls=settings.tls is not None,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = (
            isinstance(data, LoginPassword)
            and data.login.decode("utf-8", "replace") == self._settings.username
            and data.password.decode("utf-8", "replace") == self._settings.password
        )
        return AuthResult(success=good, handled=good)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        local, _, host = address.lower().rpartition("@")
        if f"{local.partition('+')[0]}@{host}" not in self._settings.own_addresses:
            return "550 5.1.1 This desk does not take mail for that address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        try:
            receipt = await self.take_in(raw, envelope.mail_from)
        except Exception:  # whatever it is, the sender's server keeps the mail and comes back
            log.exception("mail_not_taken", inbox=self.inbox_id, size=len(raw))
            return "451 4.3.0 Not stored, please try again later"
        return f"250 2.6.0 {receipt.outcome}"

    async def take_in(self, raw: bytes, envelope_sender: str | None) -> Receipt:
        """Document one raw mail; what cannot be read is quarantined. Returns after the commit."""
        assert self._receive is not None
        raw_sha256 = await asyncio.to_thread(self._blobs.put, raw) if len(raw) > INLINE_RAW else None
        kept = raw if raw_sha256 is None else None
        try:
            mail = await self._parse(raw, envelope_sender)
        except UnreadableMail as error:
            return await self._quarantine(raw, kept, raw_sha256, str(error))
        except (
            Exception
        ) as error:  # the reader's own mistake must not make the sender's server repeat the mail for days
            log.exception("mail_unreadable", inbox=self.inbox_id, size=len(raw))
            return await self._quarantine(raw, kept, raw_sha256, f"{type(error).__name__}: {error}")
        checked = await self._authentication(mail, raw)
        message = self._inbound(mail, await self._store(mail.files), checked, kept, raw_sha256)
        try:
            return await self._receive(message)
        except DeskError as error:
            return await self._quarantine(raw, kept, raw_sha256, str(error))

    async def _parse(self, raw: bytes, envelope_sender: str | None) -> ParsedMail:
        own = self._settings.own_addresses
        if len(raw) < LARGE:
            return parsing.parse(raw, envelope_sender, own, self._settings.trusted_servers)
        return await asyncio.to_thread(parsing.parse, raw, envelope_sender, own, self._settings.trusted_servers)

    async def _authentication(self, mail: ParsedMail, raw: bytes) -> dict[str, Any]:
        """What is known of the sender: what a trusted gateway found, else what can be checked here."""
        if mail.authentication or self._resolver is None or not mail.is_signed:
            return mail.authentication
        try:
            return await asyncio.to_thread(authentication.checked, raw, mail.sender.value, self._resolver)
        except Exception:  # a signature that breaks its reader is no reason to refuse a mail
            log.exception("signature_unreadable", inbox=self.inbox_id, size=len(raw))
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

    def _inbound(
        self,
        mail: ParsedMail,
        files: tuple[StoredFile, ...],
        checked: dict[str, Any],
        raw: bytes | None,
        raw_sha256: str | None,
    ) -> InboundMessage:
        return InboundMessage(
            inbox_id=self.inbox_id,
            dedupe_key=mail.dedupe_key,
            sender=mail.sender,
            text=new_text(mail.text, mail.subject),
            full_text=mail.text,
            received_at=self._clock.now(),
            subject=mail.subject,
            external_id=mail.message_id,
            references=mail.references,
            ticket_ref=mail.ticket_ref,
            recipients=mail.recipients,
            html=mail.html,
            attachments=files,
            automation=mail.automation,
            report=mail.report,
            authentication=checked,
            remarks=mail.remarks,
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
        settings = self._settings
        if not settings.smtp_host:
            raise DeliveryError("No server for outgoing mail is configured (mail.smtp_host).", permanent=True)
        content = await asyncio.to_thread(
            render, message, settings.address, settings.name, self._links.of(message), self._blobs.get
        )
        try:
            await aiosmtplib.send(
                content,
                sender=settings.address,
                recipients=[message.recipient.value],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_username or None,
                password=settings.smtp_password or None,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=SEND_TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise _refusal(refused.code, refused.message) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code, error.message) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            where = f"{settings.smtp_host}:{settings.smtp_port}"
            raise DeliveryError(f"{where} cannot be reached: {error}", permanent=False) from None


def _refusal(code: int, text: str) -> DeliveryError:
    """A 5xx answer is final, a 4xx one is not (RFC 5321, 4.2.1); greylisting wants a minute or two."""
    permanent = 500 <= code < 600
    return DeliveryError(f"{code} {text}", permanent=permanent, retry_after=None if permanent else timedelta(minutes=2))
