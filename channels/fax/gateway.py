"""Faxes that come by mail: a provider's gateway sends each as a mail with a TIFF or PDF in it.

What is a gateway is set, by its addresses. Its mails come as any mail does (``channels.mail``): fetched by IMAP or
handed over by SMTP, and acknowledged after the commit.
"""

from __future__ import annotations

import asyncio
from pathlib import PurePath

import structlog

from channels.base import Connected, Surroundings
from channels.fax import parse
from channels.fax.configuration import FaxConfiguration
from channels.fax.parse import Origin
from channels.fax.reading import FaxReader, key_of
from channels.mail import parse as mails
from channels.mail.bodies import MailFile
from channels.mail.configuration import MailConfiguration
from channels.mail.imap import line
from channels.mail.imap.mailbox import Mailbox
from channels.mail.listener import Listeners
from channels.mail.oauth import Tokens
from channels.mail.parse import ParsedMail, UnreadableMail
from core import intake
from core.inboxes.kinds import InboxSettings
from core.values import Address, InboundMessage, Receipt

log = structlog.get_logger(__name__)

ENDINGS = frozenset({".tif", ".tiff", ".pdf"})
TYPES = frozenset({"image/tiff", "image/tif", "application/pdf", "image/x-tiff"})
NO_FAX = "a mail of the fax gateway without a fax in it"
NO_GATEWAY = "not from a fax gateway that is set for this line"


class Gateway:
    def __init__(
        self,
        inbox: InboxSettings[FaxConfiguration],
        mailbox: InboxSettings[MailConfiguration],
        desk: Surroundings,
        reader: FaxReader,
        tokens: Tokens,
        listeners: Listeners,
    ) -> None:
        self._inbox_id = inbox.id
        self._settings = inbox.configuration
        self._mailbox = mailbox
        self._database = desk.database
        self._clock = desk.clock
        self._reader = reader
        self._tokens = tokens
        self._listeners = listeners
        self._fetched = Mailbox(mailbox, desk, tokens, self.take_in)

    async def run(self, connected: Connected) -> None:
        """Take in until cancelled. Raises ``InboxProblem``."""
        if self._settings.receive == "imap":
            await self._fetched.run(connected)
            return
        async with self._listeners.join(self._mailbox, self):
            connected()
            await asyncio.Event().wait()

    async def try_out(self) -> None:
        """Whether mails can be taken in where it is set. Raises ``InboxProblem``."""
        if self._settings.receive == "imap":
            await line.try_out(self._mailbox.configuration, self._tokens)
        else:
            await self._listeners.try_out(self._mailbox)

    def is_ours(self, address: str) -> bool:
        return address == self._mailbox.configuration.address

    async def take_in(self, raw: bytes, envelope_sender: str | None) -> Receipt:
        """Document the faxes in one raw mail. Returns after the commit."""
        own = frozenset({self._mailbox.configuration.address})
        try:
            mail = await asyncio.to_thread(mails.parse, raw, envelope_sender, own)
        except UnreadableMail as error:
            return await self._reader.set_aside(raw, "mail.eml", Origin(), str(error), mails.raw_key(raw))
        if mail.report is not None and self._reader.receive is not None:
            # A letter of ours came back.
            sender = Address("email", mail.sender.value)
            report = InboundMessage(self._inbox_id, mail.dedupe_key, sender, "", self._clock.now(), report=mail.report)
            return await self._reader.receive(report)
        if not self._settings.is_gateway(mail.sender.value):
            return await self._ignore(mail, NO_GATEWAY)
        faxes = [file for file in mail.files if _is_fax(file)]
        if not faxes:
            return await self._ignore(mail, NO_FAX)
        return await self._documents(mail, faxes)

    async def _documents(self, mail: ParsedMail, faxes: list[MailFile]) -> Receipt:
        region = await self._reader.region()
        origin = parse.of_mail(mail, self._settings.number, region)
        receipts = []
        for number, file in enumerate(faxes):
            # One mail is one fax, also if another has the very same pages.
            key = key_of(f"{mail.dedupe_key} {number}".encode())
            receipts.append(await self._reader.take_in(file.content, file.filename or "fax", origin, key))
        return receipts[0]

    async def _ignore(self, mail: ParsedMail, reason: str) -> Receipt:
        return await self._database.write(intake.ignore, self._inbox_id, mail.dedupe_key, reason, self._clock.now())


def _is_fax(file: MailFile) -> bool:
    ending = PurePath(file.filename.lower()).suffix
    return file.media_type.lower() in TYPES or (ending in ENDINGS and not file.media_type.startswith("text/"))
