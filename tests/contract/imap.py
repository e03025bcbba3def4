"""Mail's other bench: a mailbox on a real Dovecot that is read by IMAP; what goes out goes by SMTP as before."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from channels.mail.adapter import MailAdapter
from channels.mail.channel import Mail
from channels.mail.configuration import MailConfiguration
from channels.mail.listener import Listeners
from core.errors import InboxProblem
from core.inboxes import positions
from core.inboxes.kinds import InboxSettings
from tests.contract.bench import Sent, until
from tests.contract.ground import Died, Ground
from tests.contract.mail import DESK, MailBench
from tests.fakes.dovecot import PASSWORD, Dovecot

USER = "desk"


class ImapBench(MailBench):
    secrets = ("the secret of the links", "the password of the mailbox", PASSWORD)

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._server = Dovecot()
        self._delivered = 0

    async def __aenter__(self) -> ImapBench:
        self._server.start()
        await super().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        self._server.__exit__(None, None, None)

    async def _start(self) -> None:
        ground = self.ground
        configuration = MailConfiguration(
            address=DESK,
            receive="imap",
            imap_host="127.0.0.1",
            imap_port=self._server.port,
            imap_security="none",
            imap_username=USER,
            imap_password=SecretStr(PASSWORD),
            imap_begin="all",
            smtp_host="127.0.0.1",
            smtp_port=self._outside.port,
            smtp_security="none",
            smtp_password=SecretStr(self.secrets[1]),
        )
        inbox = InboxSettings(ground.desk.mail, "mail", "Mail", "Service Desk", "de", configuration)
        mail = MailAdapter(Listeners).build(inbox, ground.surroundings("http://desk.example", self.secrets[0]))
        connected = asyncio.Event()
        self._running = asyncio.create_task(self._supervise(mail, connected))
        await connected.wait()
        ground.deliver_through(mail)

    async def _supervise(self, mail: Mail, connected: asyncio.Event) -> None:
        while True:
            try:
                await mail.run(self.ground.receive, connected.set)
            except (InboxProblem, Died):
                await asyncio.sleep(0.01)

    async def settle(self) -> None:
        for _, mail in self._owed:
            self._put(Sent("", mail))
        self._owed.clear()

        async def look() -> bool:
            position = await self.ground.database.read(positions.read, self.ground.desk.mail)
            return position is not None and position.read_to == self._delivered

        await until(look, "everything to be read")

    async def redeliver(self, sent: Sent) -> None:
        self._put(sent)
        await self.settle()

    def _put(self, sent: Sent) -> None:
        self._server.deliver(USER, sent.handle)
        self._delivered += 1
