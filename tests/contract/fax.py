"""Fax's benches: a folder of a fax server and HylaFAX's programs; a provider's gateway that takes and sends mail."""

from __future__ import annotations

import asyncio
import itertools
import re
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

from pydantic import SecretStr

from channels.fax.adapter import FaxAdapter
from channels.fax.channel import Fax
from channels.fax.configuration import FaxConfiguration
from channels.mail.listener import Listeners
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from core.values import InboxStyle
from tests.contract.bench import PATIENCE, Bench, Failure, File, Sent, Shown
from tests.contract.ground import Died, Ground
from tests.fakes import paper
from tests.fakes.hylafax import HylaFax
from tests.fakes.mailserver import MailServer
from tests.fakes.ports import free_port

DESK = "+49 30 555000"
NUMBERS = {"carla": "+49301234567", "dora": "+4315340660"}
GATEWAY = "fax@provider.example"
SLOW = 4 * PATIENCE
"""Seconds: each fax is opened, and each letter sent, by a process of its own."""


def fax_line(inbox_id: int, **settings: Any) -> InboxSettings[FaxConfiguration]:
    configuration = FaxConfiguration(number=DESK, begin="all", **settings)
    return InboxSettings(inbox_id, "fax", "Fax", "Service Desk", "de", configuration)


class FaxBench(Bench):
    has_buttons = False
    has_files = False
    secrets: tuple[str, ...] = ("the desk's own secret",)

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._server = HylaFax(ground.folder)
        self._folder = ground.folder / "recvq"
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Bench:
        self._server.__enter__()
        self._folder.mkdir(exist_ok=True)
        self._inbox_id = await self.ground.open_inbox("fax", DESK, InboxStyle.LETTER)
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        self._server.__exit__()

    def _line(self) -> InboxSettings[FaxConfiguration]:
        return fax_line(self._inbox_id, folder=str(self._folder), settle_seconds=0, afterwards="remove")

    async def _start(self) -> None:
        surroundings = self.ground.surroundings("http://desk.example", self.secrets[0])
        fax = FaxAdapter(Listeners).build(self._line(), surroundings)
        connected = asyncio.Event()
        self._running = asyncio.create_task(self._supervise(fax, connected))
        await connected.wait()
        self.ground.deliver_through(fax)

    async def _supervise(self, fax: Fax, connected: asyncio.Event) -> None:
        while True:
            with suppress(InboxProblem, Died):
                await fax.run(self.ground.receive, connected.set)
            await asyncio.sleep(0.01)

    async def _stop(self) -> None:
        await self.ground.stop_delivering()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def restart(self) -> None:
        await self._stop()
        await self._start()

    def written(self, text: str) -> str:
        return text.replace(" 👍", "")

    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        if files:
            self._cannot("send files")
        letters = self._letters(person)
        quoted = re.search(r"FL-\d+", paper.text_of(letters[-1])) if letters else None
        content = paper.pdf(f"{text}\n\nIhr Zeichen: {quoted.group()}" if quoted else text)
        return await self._hand_over(Sent(person, content))

    async def deliver_unsupported(self) -> None:
        await self._hand_over(Sent("carla", paper.tiff("")))

    async def _hand_over(self, sent: Sent) -> Sent:
        name = f"fax{next(self._numbers):05}.pdf"
        (self._folder / f"{name}.json").write_text(f'{{"number": "{NUMBERS[sent.person]}"}}')
        (self._folder / f".{name}").write_bytes(sent.handle)
        (self._folder / f".{name}").rename(self._folder / name)
        return sent

    async def settle(self) -> None:
        async with asyncio.timeout(SLOW):
            while any(self._folder.iterdir()):  # noqa: ASYNC110 - a folder has no event
                await asyncio.sleep(0.02)

    async def redeliver(self, sent: Sent) -> None:
        await self._hand_over(sent)
        await self.settle()

    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        async with asyncio.timeout(SLOW):
            while len(found := self._letters(person)) < count:  # noqa: ASYNC110 - a spool has no event
                await asyncio.sleep(0.05)
        return [_shown(one) for one in found]

    def fail_next(self, failure: Failure) -> None:
        if failure.retry_after is not None:
            self._cannot("say when to come back")
        self._server.refuse_next(
            "501 DIALSTRING: Syntax error in parameters." if failure.permanent else "425 Cannot open data connection."
        )

    def _letters(self, person: str) -> list[bytes]:
        return [job["letter"] for job in self._server.jobs() if job["number"] == NUMBERS[person]]


class FaxByMailBench(FaxBench):
    secrets = ("the desk's own secret", "the password of the server")
    pin = "the PIN of the gateway"
    """Stands in each mail, and so in the log of the provider's server, which runs in this process."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._outside = MailServer()
        self._port = free_port()
        self._owed: list[EmailMessage] = []

    async def __aenter__(self) -> Bench:
        self._outside.__enter__()
        return await super().__aenter__()

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        await asyncio.to_thread(self._outside.__exit__)

    def _line(self) -> InboxSettings[FaxConfiguration]:
        return fax_line(
            self._inbox_id,
            receive="smtp",
            senders=(GATEWAY,),
            mail_address="fax@desk.example",
            listen_port=self._port,
            send="gateway",
            gateway_recipient="{number}@fax.provider.example",
            gateway_subject=SecretStr(self.pin),
            smtp_host="127.0.0.1",
            smtp_port=self._outside.port,
            smtp_security="none",
            smtp_password=SecretStr(self.secrets[1]),
        )

    async def _hand_over(self, sent: Sent) -> Sent:
        if isinstance(sent.handle, EmailMessage):
            self._owed.append(sent.handle)
            return sent
        mail = EmailMessage()
        mail["From"] = GATEWAY
        mail["To"] = "fax@desk.example"
        mail["Subject"] = f"Fax von {NUMBERS[sent.person]} an {DESK}"
        mail["Message-ID"] = f"<{next(self._numbers)}@provider.example>"
        mail.set_content("Sie haben ein Fax erhalten.")
        is_pdf = sent.handle.startswith(b"%PDF")
        maintype, subtype = ("application", "pdf") if is_pdf else ("image", "tiff")
        mail.add_attachment(sent.handle, maintype=maintype, subtype=subtype, filename=f"fax.{subtype}")
        self._owed.append(mail)
        return Sent(sent.person, mail)

    async def settle(self) -> None:
        async with asyncio.timeout(SLOW):
            while self._owed:
                if await asyncio.to_thread(self._submit, self._owed[0]) == 250:
                    self._owed.pop(0)

    def _submit(self, mail: EmailMessage) -> int:
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=30) as client:
                client.ehlo()
                client.mail(GATEWAY)
                client.rcpt("fax@desk.example")
                return client.data(bytes(mail))[0]
        except (OSError, smtplib.SMTPException):
            return 0

    def fail_next(self, failure: Failure) -> None:
        if failure.retry_after is not None:
            self._cannot("say when to come back")
        self._outside.answers.append("550 5.1.1 no such user" if failure.permanent else "451 4.7.1 greylisted")

    def _letters(self, person: str) -> list[bytes]:
        to = f"{NUMBERS[person]}@fax.provider.example"
        letters = []
        for mail in self._outside.mails:
            if str(mail["To"]) == to:
                [document] = [part for part in mail.walk() if part.get_filename()]
                content = document.get_payload(decode=True)
                assert isinstance(content, bytes)
                letters.append(content)
        return letters


def _shown(letter: bytes) -> Shown:
    # Below the head and the subject.
    text = re.split(r"\nSeiten \d+\n[^\n]*\n", paper.text_of(letter))[-1]
    enclosed = re.search(r"Beigefügt:\n((?:.+\n)+?)(?:Bitte|$)", text)
    return Shown(text, (), tuple(enclosed.group(1).split("\n")[:-1]) if enclosed else (), letter)
