"""Mail by SMTP with real servers on both sides: taken after the commit, answered in the thread, never in a loop."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from channels import rereading
from channels.base import Surroundings
from channels.delivery import Delivery as DeliveryLoop
from channels.mail import parse
from channels.mail.adapter import MailAdapter
from channels.mail.channel import Mail
from channels.mail.configuration import MailConfiguration
from channels.mail.listener import Listeners
from channels.mail.parse import ParsedMail
from channels.watch import Watch
from core import intake, outbox, quarantine
from core.blobs import FolderBlobStore
from core.database import Database
from core.inboxes.kinds import InboxSettings
from core.models import Attachment, InboundReceipt, Message, Organization, Ticket
from core.tickets import actions
from core.values import (
    BOT,
    SYSTEM,
    Delivery,
    Draft,
    FormOfAddress,
    InboundMessage,
    Outcome,
    Receipt,
    ResolutionCode,
)
from tests.channels.certificates import certificate
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock
from tests.fakes.mailserver import MailServer, text_of

MakeMail = Callable[..., Any]


class Post:
    """A mailbox that runs, and a customer who writes to it."""

    def __init__(self, mail: Mail, database: Database, desk: Desk, clock: SetClock, outside: MailServer) -> None:
        self.mail, self.database, self.desk, self.clock, self.outside = mail, database, desk, clock, outside
        self.port = 0

    async def write(self, message: EmailMessage | bytes, **connection: Any) -> str:
        """Hand a mail to the desk's server; returns what it answered."""
        return await asyncio.to_thread(self._write, message, **connection)

    def _write(
        self,
        message: EmailMessage | bytes,
        sender: str = "carla@alpha.example",
        recipient: str = "desk@desk.example",
        login: tuple[str, str] | None = None,
        starttls: bool = False,
    ) -> str:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
            client.ehlo()
            if starttls:
                client.starttls(context=ssl._create_unverified_context())
            if login is not None:
                client.login(*login)
            client.mail(sender)
            code, answer = client.rcpt(recipient)
            if code != 250:
                return f"{code} {answer.decode()}"
            code, answer = client.data(bytes(message) if isinstance(message, EmailMessage) else message)
            return f"{code} {answer.decode()}"

    async def ticket(self) -> Ticket:
        """The newest ticket."""

        def newest(session: Session) -> Ticket:
            return session.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(1)).one()

        return await self.database.read(newest)

    async def say(self, draft: Draft) -> None:
        """The bot says something on the newest ticket."""
        ticket = await self.ticket()

        def enqueue(session: Session) -> None:
            locked = actions.locked(session, ticket.id)
            conversation = actions.current_conversation(session, locked)
            outbox.enqueue(session, locked, conversation, BOT, "Firstline", draft, self.clock.now())

        await self.database.write(enqueue)


def letter(text: str = "Der Drucker druckt nicht.", **headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {
        "From": "Carla Neumann <carla@alpha.example>",
        "To": "desk@desk.example",
        "Subject": "Drucker",
        "Message-ID": "<first@alpha.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }.items():
        message[name] = value
    message.set_content(text)
    return message


@pytest.fixture
async def post(database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Post]:
    async with _post(database, clock, tmp_path) as running:
        yield running


class _post:  # noqa: N801 - used like a function
    def __init__(self, database: Database, clock: SetClock, folder: Path, **changes: Any) -> None:
        self._database, self._clock, self._folder, self._changes = database, clock, folder, changes

    async def __aenter__(self) -> Post:
        self._outside = MailServer().__enter__()
        desk = await self._database.write(seed, self._clock)
        values: dict[str, Any] = {
            "address": "desk@desk.example",
            "aliases": ("it@desk.example",),
            "listen_port": 0,
            "max_megabytes": 1,
            "smtp_host": "127.0.0.1",
            "smtp_port": self._outside.port,
            "smtp_security": "none",
            **self._changes,
        }
        configuration = MailConfiguration(**values)
        inbox = InboxSettings(desk.mail, "mail", "Mail", "Service Desk", "de", configuration)
        blobs = FolderBlobStore(self._folder / "blobs")
        surroundings = Surroundings(self._database, blobs, self._clock, "http://desk.example", "secret")
        mail = MailAdapter(Listeners).build(inbox, surroundings)

        async def receive(message: InboundMessage) -> Receipt:
            return await self._database.write(intake.receive, message, self._clock.now())

        watch = Watch(self._database, self._clock, "test")
        delivery = DeliveryLoop(self._database, self._clock, {desk.mail: mail}, watch)
        self._tasks = [
            asyncio.create_task(mail.run(receive, lambda: None)),
            asyncio.create_task(delivery.run()),
        ]
        post = Post(mail, self._database, desk, self._clock, self._outside)
        post.port = await mail.port()
        return post

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._outside.__exit__)


async def test_a_mail_is_taken_and_documented(post: Post) -> None:
    assert (await post.write(letter())).startswith("250")
    ticket = await post.ticket()
    assert ticket.subject == "Drucker"


async def test_the_same_mail_again_is_a_duplicate(post: Post) -> None:
    await post.write(letter())
    assert "duplicate" in await post.write(letter())


async def test_a_reused_message_id_with_other_words_is_another_mail(post: Post) -> None:
    await post.write(letter("Erstens."))
    assert "ticketed" in await post.write(letter("Zweitens."))


async def test_only_the_desk_s_own_addresses_are_taken(post: Post) -> None:
    assert (await post.write(letter(), recipient="somebody@else.example")).startswith("550")
    assert (await post.write(letter(), recipient="it+printer@desk.example")).startswith("250")


async def test_what_cannot_be_stored_is_refused_for_now(
    post: Post, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Receipt:
        raise OSError("no space left")

    monkeypatch.setattr(post.mail.reader, "receive", broken)
    assert (await post.write(letter())).startswith("451")


async def test_a_mail_that_is_too_large_is_refused(post: Post) -> None:
    assert (await post.write(letter("x" * 1_200_000))).startswith("552")


async def test_over_long_lines_survive(post: Post) -> None:
    head = b"From: a@alpha.example\r\nTo: desk@desk.example\r\nSubject: long\r\n\r\n"
    assert (await post.write(head + b"y" * 500_000 + b"\r\n")).startswith("250")


async def test_a_line_may_be_as_long_as_the_mail_may_be(database: Database, clock: SetClock, tmp_path: Path) -> None:
    head = b"From: a@alpha.example\r\nTo: desk@desk.example\r\nSubject: long\r\n\r\n"
    async with _post(database, clock, tmp_path, max_megabytes=5) as post:
        assert (await post.write(head + b"y" * 3_300_000 + b"\r\n")).startswith("250")
        assert (await post.write(head + b"y" * 6_000_000 + b"\r\n")).startswith("5")


async def test_signing_in_is_offered_only_where_somebody_can(post: Post) -> None:
    def ask() -> tuple[bool, int]:
        with smtplib.SMTP("127.0.0.1", post.port, timeout=10) as client:
            client.ehlo()
            return "auth" in client.esmtp_features, client.docmd("AUTH", "PLAIN AHgAeQ==")[0]

    offered, code = await asyncio.to_thread(ask)
    assert not offered
    assert code >= 500


async def test_whoever_connects_too_often_is_asked_to_come_back(post: Post) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", post.port) for _ in range(50)]
    assert {(await reader.readline())[:3] for reader, _ in idle} == {b"220"}
    reader, writer = await asyncio.open_connection("127.0.0.1", post.port)
    assert (await reader.readline()).startswith(b"421")
    assert await reader.read() == b"", "and hung up on"
    writer.close()
    for _, one in idle:
        one.close()
        await one.wait_closed()
    while not (await post.write(letter())).startswith("250"):  # noqa: ASYNC110 - the server sees them go a little later
        await asyncio.sleep(0.01)


async def test_a_mail_without_a_sender_is_quarantined_with_its_raw_bytes(post: Post, database: Database) -> None:
    assert "quarantined" in await post.write(b"Subject: nobody\r\n\r\nHello\r\n")
    receipt = await database.read(
        lambda session: session.execute(select(InboundReceipt.outcome, InboundReceipt.raw)).one()
    )
    assert receipt == (Outcome.QUARANTINED, b"Subject: nobody\r\n\r\nHello\r\n")


async def test_an_answer_is_threaded_and_says_that_a_machine_wrote_it(post: Post) -> None:
    await post.write(letter())
    await post.say(Draft("1. Neu starten.\n2. Papier prüfen.", offers_help=True))
    [mail] = await asyncio.to_thread(post.outside.wait_for, 1)
    assert mail["In-Reply-To"] == "<first@alpha.example>"
    assert "<first@alpha.example>" in str(mail["References"])
    assert mail["Auto-Submitted"] == "auto-replied"
    assert str(mail["Subject"]) == "Re: Drucker [FL-1001]"
    assert mail.get_content_type() == "multipart/alternative"
    assert "http://desk.example/answer/" in text_of(mail)


async def test_the_answer_to_our_answer_lands_in_the_same_ticket(post: Post) -> None:
    await post.write(letter())
    first = await post.ticket()
    await post.say(Draft("Bitte neu starten."))
    [mail] = await asyncio.to_thread(post.outside.wait_for, 1)
    reply = letter(
        "Hilft nicht.\n\nAm 23.11.2026 um 10:00 schrieb Service Desk <desk@desk.example>:\n> Bitte neu starten.",
        Message_ID="<second@alpha.example>",
        Subject=f"AW: {mail['Subject']}",
        In_Reply_To=str(mail["Message-ID"]),
    )
    await post.write(reply)
    assert (await post.ticket()).id == first.id
    message = await post.database.read(
        lambda session: session.scalars(select(Message).order_by(Message.id.desc())).first()
    )
    assert message is not None
    assert message.text == "Hilft nicht."
    assert message.full_text is not None and "> Bitte neu starten." in message.full_text


async def test_another_desk_s_number_in_the_subject_does_not_part_the_conversation(post: Post) -> None:
    await post.write(letter(Subject="Papier", From="eve@beta.example", Message_ID="<eve@beta.example>"))
    subject = "Re: Drucker [FL-1001]"
    await post.write(letter("Und bei uns?", Subject=subject, Message_ID="<second@alpha.example>"))
    mine = await post.ticket()
    assert mine.number == "FL-1002", "a stranger's ticket is not joined"
    await post.say(Draft("Bitte neu starten."))
    [mail] = await asyncio.to_thread(post.outside.wait_for, 1)
    assert str(mail["Subject"]) == "Re: Drucker [FL-1002]"
    both = "Re: Drucker [FL-1001] [FL-1002]"
    await post.write(letter("Hilft nicht.", Subject=both, Message_ID="<third@alpha.example>"))
    assert (await post.ticket()).id == mine.id


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"From": "MAILER-DAEMON@alpha.example"},
        {"From": "desk@desk.example"},
    ],
)
async def test_machines_get_no_ticket_and_no_answer(post: Post, headers: dict[str, str]) -> None:
    message = letter()
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    assert "ignored" in await post.write(message)


@pytest.mark.parametrize("headers", [{"List_Id": "<news.example>"}, {"Precedence": "bulk"}])
async def test_mailings_reach_people_unanswered(post: Post, headers: dict[str, str]) -> None:
    await post.write(letter(**headers))
    assert (await post.ticket()).level == 1


async def test_a_refusal_for_good_shows_on_the_message_and_one_for_now_is_tried_again(post: Post) -> None:
    await post.write(letter())
    post.outside.answers = ["451 4.7.1 greylisted", "550 5.1.1 no such user"]
    await post.say(Draft("Hallo"))
    later = False
    for _ in range(200):
        await asyncio.sleep(0.05)
        if len(post.outside.answers) == 1 and not later:
            # Once: time that runs on would end the lease of the attempt under way.
            await asyncio.sleep(0.2)
            post.clock.advance(minutes=3)
            later = True
        message = await post.database.read(
            lambda session: session.scalars(select(Message).order_by(Message.id.desc())).first()
        )
        if message is not None and message.delivery is Delivery.FAILED:
            break
    assert message is not None and message.delivery_reason.startswith("550")


async def test_a_mail_that_comes_back_days_later_fails_at_its_message(post: Post) -> None:
    await post.write(letter())
    await post.say(Draft("Hallo"))
    [sent] = await asyncio.to_thread(post.outside.wait_for, 1)
    status = "Final-Recipient: rfc822; carla@alpha.example\nAction: failed\nStatus: 5.2.2"
    report = (
        "From: MAILER-DAEMON@alpha.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: message/delivery-status\n\n{status}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {sent['Message-ID']}\n--b--\n"
    )
    assert "ticketed" in await post.write(report.encode(), sender="")
    message = await post.database.read(
        lambda session: session.scalars(select(Message).order_by(Message.id.desc())).first()
    )
    assert message is not None
    assert (message.delivery, message.delivery_reason) == (Delivery.FAILED, "The mailbox is full.")


async def test_a_mail_that_comes_back_without_a_word_of_it_is_known_by_where_it_comes_to(
    database: Database, clock: SetClock, tmp_path: Path
) -> None:
    async with _post(database, clock, tmp_path, bounce_addresses=True) as post:
        await post.write(letter())
        await post.say(Draft("Hallo"))
        [sent] = await asyncio.to_thread(post.outside.wait_for, 1)
        place = sent["Return-Path"].strip("<>")
        assert place.startswith("desk+b-") and parseaddr(sent["From"])[1] == "desk@desk.example"
        report = f"From: MAILER-DAEMON@alpha.example\nTo: {place}\nSubject: Undeliverable\n\n550 5.1.1 No such user\n"
        assert "ticketed" in await post.write(report.encode(), sender="", recipient=place)
        message = await database.read(
            lambda session: session.scalars(select(Message).where(Message.delivery.is_not(None))).first()
        )
        assert message is not None
        assert (message.delivery, message.delivery_reason) == (Delivery.FAILED, "There is no such mailbox.")


async def test_attachments_keep_their_names_and_bytes(post: Post, database: Database) -> None:
    message = letter()
    message.add_attachment(b"\x89PNG...", maintype="image", subtype="png", filename="Bildschirm größe.png")
    await post.write(message)
    file = await database.read(lambda session: session.scalars(select(Attachment)).one())
    assert (file.filename, file.size, file.media_type) == ("Bildschirm größe.png", 7, "image/png")


async def test_signing_in_is_required_when_configured(database: Database, clock: SetClock, tmp_path: Path) -> None:
    async with _post(
        database, clock, tmp_path, username="mx", password="right", tls_certificate=certificate(tmp_path)
    ) as post:
        with pytest.raises(smtplib.SMTPException):
            await post.write(letter(), starttls=True, login=("mx", "wrong"))
        assert (await post.write(letter(), starttls=True, login=("mx", "right"))).startswith("250")


async def test_following_a_link_asks_and_only_the_button_acts(post: Post) -> None:
    await post.write(letter())
    await post.say(Draft("1. Neu starten.", offers_help=True))
    [mail] = await asyncio.to_thread(post.outside.wait_for, 1)
    links = [line for line in text_of(mail).splitlines() if line.startswith("http://desk.example/answer/")]
    application = Starlette(routes=list(post.mail.routes))
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as browser:
        assert (await browser.get(links[1])).status_code == 200
        assert await _count(post.database) == 2, "a GET changes nothing"
        for _ in range(2):
            assert (await browser.post(links[1])).status_code == 200
        assert await _count(post.database) == 3, "pressing twice is one answer"
        assert (await browser.get(links[1][:-3] + "abc")).status_code == 404
    ticket = await post.ticket()
    assert ticket.id == 1


@pytest.mark.parametrize("taken", [False, True])
async def test_a_link_s_page_says_what_pressing_it_does(post: Post, taken: bool) -> None:
    await post.write(letter())
    await post.say(Draft("1. Neu starten.", offers_help=True))
    [mail] = await asyncio.to_thread(post.outside.wait_for, 1)
    solved, more = [line for line in text_of(mail).splitlines() if line.startswith("http://desk.example/answer/")]

    def hand_over(session: Session) -> None:
        ticket = session.scalars(select(Ticket)).one()
        ticket.level, ticket.handed_off_at = 1, post.clock.now()
        ticket.assignee_id = post.desk.anna if taken else None

    def settle(session: Session) -> None:
        actions.set_resolved(
            session, session.scalars(select(Ticket)).one(), SYSTEM, ResolutionCode.SOLVED, post.clock.now()
        )

    transport = httpx.ASGITransport(Starlette(routes=list(post.mail.routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as browser:
        assert "Dann schließen wir Ihr Ticket ab." in (await browser.get(solved)).text
        await post.database.write(hand_over)
        assert "liegt bereits bei den Menschen" in (await browser.get(more)).text
        wanted = "weiß Bescheid und schließt es ab" if taken else "wird abgeschlossen"
        assert wanted in (await browser.post(solved)).text
        await post.database.write(settle)
        assert "bereits abgeschlossen" in (await browser.get(solved)).text
        count = await _count(post.database)
        assert "wieder offen" in (await browser.post(more)).text
        assert await _count(post.database) == count + 1


async def test_a_customer_who_wants_du_gets_it_in_subject_and_pages(post: Post) -> None:
    def choose(session: Session) -> None:
        alpha = session.scalars(select(Organization).where(Organization.key == "alpha")).one()
        alpha.form_of_address = FormOfAddress.INFORMAL

    await post.database.write(choose)
    await post.write(letter("", Subject=""))
    await post.say(Draft("1. Neu starten.", offers_help=True))
    await post.write(letter("", Subject="", Message_ID="<b@beta.example>", From="Ben <ben@beta.example>"))
    await post.say(Draft("1. Neu starten.", offers_help=True))
    mails = await asyncio.to_thread(post.outside.wait_for, 2)
    transport = httpx.ASGITransport(Starlette(routes=list(post.mail.routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as browser:
        seen = {}
        for mail in mails:
            link = next(line for line in text_of(mail).splitlines() if line.startswith("http://desk.example/answer/"))
            subject, page = str(mail["Subject"]).partition(" [")[0], (await browser.get(link)).text
            seen[parseaddr(str(mail["To"]))[1]] = subject, page
    (alpha, page_of_alpha), (beta, page_of_beta) = seen["carla@alpha.example"], seen["ben@beta.example"]
    assert (alpha, beta) == ("Re: Deine Anfrage", "Re: Ihre Anfrage")
    assert "Dann schließen wir dein Ticket ab." in page_of_alpha and '<html lang="de">' in page_of_alpha
    assert "Dann schließen wir Ihr Ticket ab." in page_of_beta


async def _count(database: Database) -> int:
    return len(await database.read(lambda session: session.scalars(select(Message.id)).all()))


async def test_what_is_set_aside_is_read_again_by_whichever_process_runs_the_mailbox(
    post: Post, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = b"From: Carla <carla@alpha.example>\r\nTo: desk@desk.example\r\nSubject: Drucker\r\n\r\nGeht nicht.\r\n"

    def fails(*_: object) -> ParsedMail:
        raise ValueError("no such charset")

    monkeypatch.setattr(rereading, "POLL", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(parse, "parse", fails)
        assert "quarantined" in await post.write(raw)
    [aside] = await post.database.read(quarantine.waiting)
    assert (aside.sender, aside.subject, aside.size) == ("Carla <carla@alpha.example>", "Drucker", len(raw))
    assert aside.why == "ValueError: no such charset"
    post.clock.advance(hours=1)
    console = Database(database_url)  # another process: nothing but the rows connects the two
    try:
        await console.write(quarantine.read_again, aside.id, post.clock.now())
        for _ in range(200):
            now = await console.read(quarantine.one, aside.id)
            if not now.is_waiting:
                break
            await asyncio.sleep(0.05)
    finally:
        console.close()
    ticket = await post.ticket()
    assert (now.outcome, now.ticket_id) == (Outcome.TICKETED, ticket.id)
    assert ticket.waiting_since == aside.received_at
    assert "duplicate" in await post.write(raw)
