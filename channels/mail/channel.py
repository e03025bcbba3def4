"""Mail: takes in what a listener is handed (SMTP) and what lies in a mailbox (IMAP), and sends by submission."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

from starlette.routing import BaseRoute

from channels.base import Connected, Receive, Surroundings
from channels.mail import submission
from channels.mail.configuration import MailConfiguration
from channels.mail.imap import line
from channels.mail.imap.mailbox import Mailbox
from channels.mail.links import Links
from channels.mail.listener import Listeners
from channels.mail.oauth import Tokens
from channels.mail.reading import Reader
from channels.mail.render import render, render_test
from channels.mail.resolver import Resolver
from channels.runner import Again, together
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from core.values import OutboundMessage, Receipt, spoken


class Mail:
    """One mailbox's adapter."""

    def __init__(
        self,
        inbox: InboxSettings[MailConfiguration],
        desk: Surroundings,
        listeners: Listeners,
        resolver: Resolver | None = None,
    ) -> None:
        self.inbox_id = inbox.id
        self._inbox = inbox
        self._settings = inbox.configuration
        self._desk = desk
        self._listeners = listeners
        self._blobs = desk.blobs
        self.reader = Reader(
            inbox.id,
            self._own_addresses,
            desk.database,
            desk.blobs,
            desk.clock,
            frozenset(self._settings.trusted_servers),
            resolver if self._settings.check_signatures else None,
        )
        self._listening = asyncio.Event()
        self._port = 0
        self._tokens = Tokens(inbox, desk)
        self._mailbox = Mailbox(inbox, desk, self._tokens, self.take_in)
        self._links = Links(inbox, desk)
        self.routes: Sequence[BaseRoute] = [self._links.route]

    # -- in ---------------------------------------------------------------------------------------------------------

    async def run(self, receive: Receive, connected: Connected) -> None:
        """Listen, fetch, and read again what is owed another reading, until cancelled."""
        self.reader.receive = receive
        try:
            async with AsyncExitStack() as open_doors:
                if self._settings.listens:
                    self._port = await open_doors.enter_async_context(self._listeners.join(self._inbox, self))
                    self._listening.set()
                    connected()
                if self._settings.fetches:
                    await together(self._fetch(connected), self.reader.run())
                else:
                    await self.reader.run()
        finally:
            self._listening.clear()
            self.reader.receive = None

    async def _fetch(self, connected: Connected) -> None:
        """Read the mailbox; if mail is handed over as well, a mailbox that fails does not keep that from coming."""
        if not self._settings.listens:
            await self._mailbox.run(connected)
            return

        async def once(works: Callable[[], None]) -> None:
            def both() -> None:
                works()
                connected()

            await self._mailbox.run(both)

        def failed(problem: InboxProblem, retry_at: datetime) -> None:
            self._desk.impaired(self.inbox_id, problem, retry_at)

        await Again(self.inbox_id, self._desk.clock, failed).run(once)

    async def port(self) -> int:
        """The port it listens on, once it does."""
        await self._listening.wait()
        return self._port

    @property
    def max_megabytes(self) -> int:
        """The largest mail it takes."""
        return self._settings.max_megabytes

    def is_ours(self, address: str) -> bool:
        return address in self._own_addresses()

    def _own_addresses(self) -> frozenset[str]:
        """Those of all the desk's mailboxes."""
        return self._desk.own_addresses.get("email", frozenset()) | self._settings.own_addresses

    async def take_in(self, raw: bytes, envelope_sender: str | None) -> Receipt:
        """Document one raw mail; what cannot be read is quarantined. Returns after the commit."""
        return await self.reader.take_in(raw, envelope_sender)

    # -- out --------------------------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> None:
        tag = spoken(message.language, message.form_of_address or self._inbox.form_of_address)
        links = self._links.of(message, tag)
        content = await asyncio.to_thread(render, message, tag, self._inbox, links, self._blobs.get)
        sender = self._settings.return_address(message.external_id)
        await submission.submit(self._settings, self._tokens, sender, message.recipient.value, content)

    async def test(self) -> None:
        """Whether mail can be taken in where it is set, and be sent."""
        if self._settings.listens:
            await self._listeners.try_out(self._inbox)
        if self._settings.fetches:
            await line.try_out(self._settings, self._tokens)
        await submission.try_out(self._settings, self._tokens)

    async def send_test(self, recipient: str, text: str) -> None:
        content = render_test(self._inbox, recipient, text, self._desk.clock.now())
        await submission.submit(self._settings, self._tokens, self._settings.address, recipient, content)
