"""Mailboxes as an admin sets them up: tried out with an answer in plain words, several at one port, and paused."""

from __future__ import annotations

import asyncio
import smtplib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from channels import registry
from channels.base import Surroundings
from channels.mail.adapter import KIND
from channels.trials import Trials
from core.blobs import FolderBlobStore
from core.database import Database
from core.errors import InboxProblem, Mistakes
from core.inboxes import editing
from core.inboxes.editing import Form
from core.models import Conversation, InboxState, Message
from core.tickets import actions
from core.values import Draft
from tests.channels.certificates import certificate
from tests.channels.mailboxes import SEAL, Running, add, healthy
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock
from tests.fakes.mailserver import MailServer, text_of
from tests.fakes.ports import free_port


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    desk = await database.write(seed, clock)
    for inbox_id in (desk.chat, desk.mail):
        await database.write(editing.set_state, inbox_id, InboxState.ARCHIVED)
    return desk


@pytest.fixture
def surroundings(database: Database, clock: SetClock, tmp_path: Path) -> Surroundings:
    return Surroundings(database, FolderBlobStore(tmp_path / "blobs"), clock, "http://desk.example", "secret")


def outgoing(server: MailServer, **more: Any) -> dict[str, str]:
    """What is typed for a server that takes mail on this machine."""
    return {"smtp_host": "127.0.0.1", "smtp_port": str(server.port), "smtp_security": "none", **more}


async def try_out(
    database: Database, surroundings: Surroundings, address: str = "support@desk.example", **typed: str
) -> str:
    """What the button *Test* answers: nothing if it works, else what is wrong."""
    form = Form(name="Support", typed={"address": address, "listen_port": str(free_port()), **typed})
    settings = await database.read(editing.check, KIND, None, form, SEAL)
    try:
        await Trials(registry.adapters(), surroundings).test(settings)
    except InboxProblem as problem:
        assert problem.mend
        return str(problem)
    return ""


async def test_a_server_that_takes_our_mail_passes(database: Database, desk: Desk, surroundings: Surroundings) -> None:
    with MailServer(login=("desk", "right")) as server:
        login = {"smtp_username": "desk", "smtp_password": "right"}
        assert await try_out(database, surroundings, **outgoing(server, **login)) == ""
        assert server.mails == []


async def test_each_way_it_can_fail_is_said_in_plain_words(
    database: Database, desk: Desk, surroundings: Surroundings, tmp_path: Path
) -> None:
    nobody = {"smtp_host": "127.0.0.1", "smtp_port": str(free_port()), "smtp_security": "none"}
    assert "No server for outgoing mail" in await try_out(database, surroundings)
    assert "Nothing listens on 127.0.0.1" in await try_out(database, surroundings, **nobody)
    assert "There is no server" in await try_out(database, surroundings, smtp_host="mail.invalid")
    with MailServer(login=("desk", "right"), refused_sender="other@desk.example") as server:
        wrong = {"smtp_username": "desk", "smtp_password": "wrong"}
        assert "did not accept the user name" in await try_out(database, surroundings, **outgoing(server, **wrong))
        assert "wants a user name" in await try_out(database, surroundings, **outgoing(server))
        right = {"smtp_username": "desk", "smtp_password": "right"}
        other = await try_out(database, surroundings, "other@desk.example", **outgoing(server, **right))
        assert "does not let us send from other@desk.example: 550" in other
        starttls = outgoing(server, smtp_security="starttls")
        assert "offers no STARTTLS" in await try_out(database, surroundings, **starttls)
    with MailServer(certificate=certificate(tmp_path)) as server:
        untrusted = await try_out(database, surroundings, **outgoing(server, smtp_security="starttls"))
        assert "cannot be trusted" in untrusted
        plain = await try_out(database, surroundings, **outgoing(server, smtp_security="tls"))
        assert "did not answer as a mail server does" in plain
    with MailServer(certificate=certificate(tmp_path), tls=True) as server:
        untrusted = await try_out(database, surroundings, **outgoing(server, smtp_security="tls"))
        assert "cannot be trusted" in untrusted


async def test_where_mail_cannot_be_taken_is_said_too(
    database: Database, desk: Desk, surroundings: Surroundings
) -> None:
    with MailServer() as server, MailServer() as other:
        taken = {**outgoing(server), "listen_port": str(other.port)}
        assert "in use by another program" in await try_out(database, surroundings, **taken)
        nowhere = {**outgoing(server), "listen_host": "203.0.113.7"}
        assert "no network address 203.0.113.7" in await try_out(database, surroundings, **nowhere)
        missing = {**outgoing(server), "tls_certificate": "/nowhere/desk.pem"}
        assert "/nowhere/desk.pem cannot be used" in await try_out(database, surroundings, **missing)


async def test_a_test_message_arrives_without_a_ticket(
    database: Database, desk: Desk, surroundings: Surroundings
) -> None:
    with MailServer() as server:
        typed = {"address": "support@desk.example", **outgoing(server)}
        form = Form(name="Support", typed=typed, sender_name="Hilfe")
        settings = await database.read(editing.check, KIND, None, form, SEAL)
        trials = Trials(registry.adapters(), surroundings)
        await trials.send(settings, "you@example.com", "Testnachricht\n\nKam sie an?")
        [mail] = server.wait_for(1)
        assert (mail["To"], mail["From"]) == ("you@example.com", "Hilfe <support@desk.example>")
        assert mail["Subject"] == "Testnachricht" and "Kam sie an?" in text_of(mail)
        server.answers = ["550 5.1.1 no such user"]
        with pytest.raises(InboxProblem, match="no such user"):
            await trials.send(settings, "nobody@example.com", "Testnachricht")


async def write(port: int, *recipients: str) -> str:
    """Hand a mail over as a mail server does; its answer."""

    def talk() -> str:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.ehlo()
            client.mail("carla@alpha.example")
            for recipient in recipients:
                code, answer = client.rcpt(recipient)
                if code != 250:
                    return f"{code} {answer.decode()}"
            headers = f"From: carla@alpha.example\r\nTo: {', '.join(recipients)}\r\nSubject: Drucker"
            code, answer = client.data(f"{headers}\r\n\r\nDer Drucker druckt nicht.\r\n".encode())
            return f"{code} {answer.decode()}"

    return await asyncio.to_thread(talk)


async def test_mailboxes_share_a_port_and_each_gets_its_own_mail(
    database: Database, desk: Desk, clock: SetClock, surroundings: Surroundings
) -> None:
    port = free_port()
    first, second = (
        await add(database, clock, "support@desk.example", port),
        await add(database, clock, "hr@desk.example", port, aliases="people@desk.example"),
    )
    async with Running(database, clock, surroundings).running():
        for inbox_id in (first, second):
            await healthy(database, clock, inbox_id, lambda one: one.is_running)
        assert (await write(port, "people+new@desk.example")).startswith("250")
        assert (await write(port, "support@desk.example", "hr@desk.example")).startswith("250")
        assert (await write(port, "support@desk.example", "hr@desk.example")).startswith("250")
        assert (await write(port, "nobody@desk.example")).startswith("550")
        conversations = await database.read(
            lambda session: list(session.scalars(select(Conversation.inbox_id).order_by(Conversation.inbox_id)))
        )
        assert conversations == [first, second], "what was said to both is in both, and once"


async def test_a_mail_to_a_paused_mailbox_is_asked_to_come_back_and_not_refused(
    database: Database, desk: Desk, clock: SetClock, surroundings: Surroundings
) -> None:
    port = free_port()
    first, second = (
        await add(database, clock, "support@desk.example", port),
        await add(database, clock, "hr@desk.example", port),
    )
    async with Running(database, clock, surroundings).running():
        for inbox_id in (first, second):
            await healthy(database, clock, inbox_id, lambda one: one.is_running)
        await database.write(editing.set_state, second, InboxState.PAUSED)
        await healthy(database, clock, second, lambda one: not one.runs)
        assert (await write(port, "hr@desk.example")).startswith("450")
        assert (await write(port, "support@desk.example")).startswith("250")
        await database.write(editing.set_state, first, InboxState.PAUSED)
        await healthy(database, clock, first, lambda one: not one.runs)
        with pytest.raises(ConnectionRefusedError):
            await write(port, "support@desk.example")


async def test_mailboxes_that_disagree_about_a_port_say_so(
    database: Database, desk: Desk, clock: SetClock, surroundings: Surroundings
) -> None:
    port = free_port()
    first = await add(database, clock, "support@desk.example", port)
    async with Running(database, clock, surroundings).running():
        await healthy(database, clock, first, lambda one: one.is_running)
        other = await add(database, clock, "hr@desk.example", port, max_megabytes="5")
        found = await healthy(database, clock, other, lambda one: one.verdict == "problem")
        assert "other encryption, sign-in or size" in str(found.current_problem)
        same = await add(database, clock, "it@desk.example", port, aliases="support@desk.example")
        found = await healthy(database, clock, same, lambda one: one.verdict == "problem")
        assert "support@desk.example" in str(found.current_problem)
        assert (await write(port, "support@desk.example")).startswith("250")


async def test_a_wrong_password_keeps_answers_waiting_and_shows_in_the_health(
    database: Database, desk: Desk, clock: SetClock, surroundings: Surroundings
) -> None:
    port = free_port()
    with MailServer(login=("desk", "right")) as server:
        wrong = outgoing(server, smtp_username="desk", smtp_password="wrong")
        inbox_id = await add(database, clock, "support@desk.example", port, **wrong)
        async with Running(database, clock, surroundings).running():
            await healthy(database, clock, inbox_id, lambda one: one.is_running)
            await write(port, "support@desk.example")
            await database.write(actions.reply, 1, desk.anna, Draft("Bitte neu starten."), clock.now())
            clock.advance(seconds=6)
            found = await healthy(database, clock, inbox_id, lambda one: one.verdict == "problem")
            assert "did not accept the user name" in str(found.current_problem) and found.backlog == 1
            said = await database.read(lambda session: session.scalars(select(Message).where(Message.outbound)).one())
            assert said.delivery == "queued"
            right = outgoing(server, smtp_username="desk", smtp_password="right")
            typed = {"address": "support@desk.example", "listen_port": str(port), **right}
            await database.write(editing.save, KIND, inbox_id, Form("Support", typed), SEAL, clock.now())
            clock.advance(minutes=5)
            [mail] = await asyncio.to_thread(server.wait_for, 1)
            assert "Bitte neu starten." in text_of(mail)
            await healthy(database, clock, inbox_id, lambda one: one.verdict == "good" and not one.backlog)


async def test_trusted_gateways_are_names_of_servers(database: Database, desk: Desk) -> None:
    typed = {"address": "support@desk.example", "trusted_servers": "MX.desk.example\nmx2.desk.example"}
    form = Form(name="Support", typed=typed)
    settings = await database.read(editing.check, KIND, None, form, SEAL)
    assert settings.configuration.trusted_servers == ("mx.desk.example", "mx2.desk.example")
    form = Form(name="Support", typed={**typed, "trusted_servers": "Our gateway <mx@desk.example>"})
    with pytest.raises(Mistakes) as refusal:
        await database.read(editing.check, KIND, None, form, SEAL)
    assert list(refusal.value.fields) == ["own.trusted_servers"]
