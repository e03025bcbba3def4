"""Mail's bench: a sender's mail server that keeps a mail until it is taken, and the desk's real SMTP on both sides."""

from __future__ import annotations

import asyncio
import itertools
import smtplib
from collections.abc import Sequence
from email.message import EmailMessage, Message

from pydantic import SecretStr

from channels.mail.adapter import MailAdapter
from channels.mail.configuration import MailConfiguration
from channels.mail.listener import Listeners
from core.inboxes.kinds import InboxSettings
from tests.contract.bench import PATIENCE, Bench, Failure, File, Sent, Shown, until
from tests.contract.ground import Ground
from tests.fakes.mailserver import MailServer, text_of

DESK = "desk@desk.example"


class MailBench(Bench):
    has_buttons = False
    secrets: tuple[str, ...] = ("the secret of the links", "the password of the mailbox")

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._outside = MailServer()
        self._owed: list[tuple[str, EmailMessage]] = []
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> MailBench:
        self._outside.__enter__()
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        await asyncio.to_thread(self._outside.__exit__)

    async def _start(self) -> None:
        ground = self.ground
        configuration = MailConfiguration(
            address=DESK,
            listen_port=0,
            max_megabytes=1,
            smtp_host="127.0.0.1",
            smtp_port=self._outside.port,
            smtp_security="none",
            smtp_password=SecretStr(self.secrets[1]),
        )
        inbox = InboxSettings(ground.desk.mail, "mail", "Mail", "Service Desk", "de", configuration)
        mail = MailAdapter(Listeners).build(inbox, ground.surroundings("http://desk.example", self.secrets[0]))
        self._running = asyncio.create_task(mail.run(ground.receive, lambda: None))
        self._port = await mail.port()
        ground.deliver_through(mail)

    async def _stop(self) -> None:
        await self.ground.stop_delivering()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def restart(self) -> None:
        await self._stop()
        await self._start()

    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        mail = EmailMessage()
        mail["From"] = f"{person.title()} <{person}@alpha.example>"
        mail["To"] = DESK
        mail["Message-ID"] = f"<{next(self._numbers)}@alpha.example>"
        if answered := self._last_to(person):
            mail["Subject"] = f"AW: {answered['Subject']}"
            mail["In-Reply-To"] = answered["Message-ID"]
        else:
            mail["Subject"] = text.splitlines()[0][:80] if text else "Ohne Worte"
        mail.set_content(text)
        for file in files:
            maintype, _, subtype = file.media_type.partition("/")
            mail.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
        self._owed.append((person, mail))
        return Sent(person, mail)

    async def settle(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while self._owed:
                person, mail = self._owed[0]
                if (await asyncio.to_thread(self._submit, person, mail)) == 250:
                    self._owed.pop(0)

    async def redeliver(self, sent: Sent) -> None:
        assert await asyncio.to_thread(self._submit, sent.person, sent.handle) == 250

    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        async def look() -> list[Message]:
            found = self._mails_to(person)
            return found if len(found) >= count else []

        found = await until(look, f"{count} mails to {person}")
        return [Shown(text_of(mail), (), _files_of(mail), mail) for mail in found]

    def fail_next(self, failure: Failure) -> None:
        if failure.retry_after is not None:
            self._cannot("say when to come back")
        self._outside.answers.append("550 5.1.1 no such user" if failure.permanent else "451 4.7.1 greylisted")

    def _submit(self, person: str, mail: EmailMessage) -> int:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=10) as client:
                client.ehlo()
                client.mail(f"{person}@alpha.example")
                client.rcpt(DESK)
                return client.data(bytes(mail))[0]
        except (OSError, smtplib.SMTPException):
            return 0

    def _mails_to(self, person: str) -> list[Message]:
        return [mail for mail in self._outside.mails if f"{person}@" in str(mail["To"])]

    def _last_to(self, person: str) -> Message | None:
        return next(reversed(self._mails_to(person)), None)


def _files_of(mail: Message) -> tuple[str, ...]:
    return tuple(name for part in mail.walk() if (name := part.get_filename()) is not None)
