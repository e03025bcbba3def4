"""Fax: takes in what a fax server puts into a folder or a gateway sends by mail, and answers with letters in PDF."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid
from pathlib import Path

import structlog
from starlette.routing import BaseRoute

from channels.base import Connected, DeliveryError, Receive, Surroundings
from channels.fax import hylafax, letter
from channels.fax.configuration import FaxConfiguration
from channels.fax.folder import FaxFolder, cannot_read
from channels.fax.gateway import Gateway
from channels.fax.letter import Enclosure
from channels.fax.reading import FaxReader
from channels.fax.results import Results
from channels.fax.spool import Spool
from channels.mail import submission
from channels.mail.listener import Listeners
from channels.mail.oauth import Tokens
from channels.runner import together
from core import outbox
from core.calls.numbers import UNKNOWN, normal, spoken
from core.inboxes.kinds import InboxSettings
from core.pictures.reading import Unreadable, open_document
from core.values import ActorKind, Address, OutboundMessage, ticket_number
from core.values import spoken as spoken_tag

log = structlog.get_logger(__name__)

NOT_FAXED = "Only PDF, TIFF and pictures can be faxed. One of the files is something else."


class Fax:
    """One fax line's adapter."""

    routes: Sequence[BaseRoute] = ()

    def __init__(self, inbox: InboxSettings[FaxConfiguration], desk: Surroundings, listeners: Listeners) -> None:
        self.inbox_id = inbox.id
        self._inbox = inbox
        self._settings = inbox.configuration
        self._desk = desk
        self._reader = FaxReader(inbox, desk)
        self._results = Results(inbox, desk)
        mailbox = self._settings.mailbox()
        self._mailbox = InboxSettings(inbox.id, "mail", inbox.name, inbox.sender_name, inbox.language, mailbox)
        self._tokens = Tokens(self._mailbox, desk)
        self._listeners = listeners
        self._gateway = Gateway(inbox, self._mailbox, desk, self._reader, self._tokens, listeners)
        self._spool = Spool(inbox, desk, self._reader)

    async def run(self, receive: Receive, connected: Connected) -> None:
        self._reader.receive = receive
        ways = [self._take_in(connected), self._spool.read_again()]
        if self._settings.send == "sendfax":
            ways.append(self._results.run(receive))
        try:
            await together(*ways)
        finally:
            self._reader.receive = None

    async def _take_in(self, connected: Connected) -> None:
        if self._settings.receive == "folder":
            await self._spool.run(connected)
        else:
            await self._gateway.run(connected)

    # -- out --------------------------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> None:
        number = message.recipient.value
        if number.startswith(UNKNOWN):
            raise DeliveryError("The fax came without a number, so it cannot be answered by fax.", permanent=True)
        if self._settings.send == "none":
            raise DeliveryError("This fax line only receives: answers by fax are switched off.", permanent=True)
        if message.sent_as:
            return  # it is with the fax server already: the desk stopped before it could write that down
        tag = spoken_tag(message.language, message.form_of_address or self._inbox.form_of_address)
        enclosures = [await self._enclosure(file.filename, file.sha256) for file in message.attachments]
        content = await asyncio.to_thread(letter.render, message, tag, self._inbox, enclosures)
        if self._settings.send == "gateway":
            await self._by_mail(
                number, content, ticket_number(message.ticket_id), message.external_id, message.created_at
            )
            return
        job = await self._by_server(number, content, message.external_id)
        await self._desk.database.write(outbox.part_sent, message.message_id, job)

    async def _enclosure(self, name: str, sha256: str) -> Enclosure:
        content = await asyncio.to_thread(self._desk.blobs.get, sha256)
        try:
            document = await open_document(content, read=False)
        except Unreadable:
            raise DeliveryError(NOT_FAXED, permanent=True) from None
        return Enclosure(name, [page.png for page in document.pages])

    async def _by_server(self, number: str, content: bytes, message_id: str) -> str:
        tag = message_id.strip("<>").partition("@")[0][:60]
        dialled = self._settings.dialled(number)
        return await hylafax.send(self._settings.fax_server, dialled, content, self._inbox.sender_name, tag)

    async def _by_mail(self, number: str, content: bytes, subject: str, message_id: str, at: datetime) -> None:
        recipient = self._settings.gateway_recipient.replace("{number}", self._settings.dialled(number))
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((self._inbox.sender_name, self._settings.mail_address))
        mail["To"] = recipient
        mail["Subject"] = self._settings.gateway_subject.get_secret_value() or subject
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = message_id
        mail.set_content("")
        mail.add_attachment(content, maintype="application", subtype="pdf", filename="fax.pdf")
        settings = self._mailbox.configuration
        await submission.submit(settings, self._tokens, self._settings.mail_address, recipient, mail.as_bytes())

    # -- trials -----------------------------------------------------------------------------------------------------

    async def test(self) -> None:
        """Whether faxes can be taken in where it is set, and answers be sent."""
        if self._settings.receive == "folder":
            await asyncio.to_thread(_try_folder, self._settings)
        else:
            await self._gateway.try_out()
        if self._settings.send == "sendfax":
            await hylafax.try_out(self._settings.fax_server)
        elif self._settings.send == "gateway":
            await submission.try_out(self._mailbox.configuration, self._tokens)

    async def send_test(self, recipient: str, text: str) -> None:
        number = normal(recipient, await self._reader.region())
        if not number:
            raise DeliveryError("That is no fax number.", permanent=True)
        now = self._desk.clock.now()
        domain = self._mailbox.configuration.address.rpartition("@")[2]
        message = _nobodys(self._inbox, number, text, make_msgid(domain=domain), now)
        content = await asyncio.to_thread(letter.render_test, self._inbox, number, text, message)
        if self._settings.send == "gateway":
            await self._by_mail(number, content, text.splitlines()[0][:60], message.external_id, now)
        elif self._settings.send == "sendfax":
            await self._by_server(number, content, message.external_id)
        else:
            raise DeliveryError("This fax line only receives: answers by fax are switched off.", permanent=True)


def _try_folder(settings: FaxConfiguration) -> None:
    FaxFolder(Path(settings.folder), 0).look(None)
    if settings.afterwards == "move" and not Path(settings.done_folder).is_dir():
        raise cannot_read(Path(settings.done_folder), FileNotFoundError())


def _nobodys(
    inbox: InboxSettings[FaxConfiguration], number: str, text: str, message_id: str, at: datetime
) -> OutboundMessage:
    """A message that belongs to no ticket."""
    return OutboundMessage(
        message_id=0,
        conversation_id=0,
        ticket_id=0,
        inbox_id=inbox.id,
        thread_key="",
        recipient=Address("fax", number, spoken(number)),
        external_id=message_id,
        author_kind=ActorKind.SYSTEM,
        author_name="",
        text=text,
        subject=text.splitlines()[0] if text else "",
        language=inbox.language,
        created_at=at,
        seq=0,
    )
