"""Mailboxes by IMAP as an admin sets them up: tried out with an answer in plain words, and beside SMTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from channels import registry
from channels.mail.adapter import KIND, MailAdapter
from channels.mail.configuration import MailConfiguration
from channels.mail.listener import Listeners
from channels.trials import Trials
from core import outbox
from core.errors import InboxProblem, Mistakes
from core.inboxes import configuring, editing
from core.inboxes.editing import Form
from core.inboxes.kinds import InboxSettings
from core.models import RunState
from core.tickets import actions
from core.values import BOT, Draft
from tests.channels.certificates import certificate
from tests.channels.imap.place import ADDRESS, USER, Place, fetching, letter, text, until
from tests.channels.mailboxes import SEAL
from tests.channels.test_mailboxes import outgoing, write
from tests.fakes import dovecot
from tests.fakes.clock import SetClock
from tests.fakes.dovecot import Dovecot
from tests.fakes.mailserver import MailServer, text_of
from tests.fakes.ports import free_port

pytestmark = dovecot.needed


async def try_out(place: Place, server: Dovecot, **typed: str) -> str:
    """What the button *Test* answers: nothing if it works, else what is wrong."""
    with MailServer() as outside:
        whole = {"address": ADDRESS, **fetching(server), **outgoing(outside), **typed}
        settings = await place.database.read(editing.check, KIND, None, Form(name="Support", typed=whole), SEAL)
        try:
            await Trials(registry.adapters(), place.surroundings).test(settings)
        except InboxProblem as problem:
            assert problem.mend
            return str(problem)
    return ""


async def test_a_mailbox_that_can_be_read_passes_and_stays_as_it_is(place: Place) -> None:
    place.server.deliver(USER, letter(1))
    assert await try_out(place, place.server, imap_afterwards="move", imap_done_folder="Erledigt") == ""
    assert place.server.flags(USER) == [()]
    assert await place.ledger() == {}


async def test_each_way_it_can_fail_is_said_in_plain_words(place: Place, tmp_path: Path) -> None:
    server = place.server
    assert "did not accept the user name" in await try_out(place, server, imap_password="falsch")
    assert "did not accept the user name" in await try_out(place, server, imap_password="fälsch")
    assert "“Nirgends” cannot be opened" in await try_out(place, server, imap_folder="Nirgends")
    assert "Nothing listens on 127.0.0.1" in await try_out(place, server, imap_port=str(free_port()))
    assert "There is no server" in await try_out(place, server, imap_host="mail.invalid")
    assert "offers no STARTTLS" in await try_out(place, server, imap_security="starttls")
    assert "does not speak TLS from the start" in await try_out(place, server, imap_security="tls")
    with MailServer() as other:
        assert "127.0.0.1" in await try_out(place, server, imap_port=str(other.port))
    with Dovecot(certificate(tmp_path), "disable_plaintext_auth = yes\nssl = required\n") as strict:
        assert "only over an encrypted" in await try_out(place, strict, imap_host="127.0.0.2")
        assert "cannot be trusted" in await try_out(place, strict, imap_security="starttls")
        at_once = {"imap_port": str(strict.tls_port), "imap_security": "tls"}
        assert "cannot be trusted" in await try_out(place, strict, **at_once)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_trusted_certificate_is_what_encryption_needs(
    place: Place, tmp_path: Path, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificate(tmp_path))
    with Dovecot(str(tmp_path / "desk.pem")) as server:
        port = server.tls_port if security == "tls" else server.port
        typed = {"imap_host": "localhost", "imap_port": str(port), "imap_security": security}
        assert await try_out(place, server, **typed) == ""
        place.server.stop()
        place.server = server
        await place.set_up(**typed)
        async with place.process().running():
            await place.works()
            server.deliver(USER, letter(1))
            await until(place.texts, [text(1)])


def test_what_is_missing_or_contradicts_itself_is_said_at_its_field(place: Place) -> None:
    def wrong(**typed: str) -> set[str]:
        with pytest.raises(Mistakes) as raised:
            configuring.parse(KIND, {"address": ADDRESS, **typed})
        return set(raised.value.fields)

    assert wrong(receive="imap") == {"imap_host", "imap_username", "imap_password"}
    whole = fetching(place.server)
    assert wrong(**whole, imap_afterwards="move") == {"imap_done_folder"}
    assert wrong(**whole, imap_unreadable_folder="INBOX") == {"imap_unreadable_folder"}
    assert wrong(**{**whole, "imap_host": "https://imap.example.com"}) == {"imap_host"}


async def test_a_mailbox_that_fails_does_not_keep_mail_from_being_handed_over(place: Place) -> None:
    port = free_port()
    await place.set_up(receive="both", listen_port=str(port))
    async with place.process().running():
        await place.works()
        place.server.deliver(USER, letter(1))
        await until(place.texts, [text(1)])
        place.server.stop()
        found = await place.health(lambda one: one.verdict == "problem")
        assert [run.state for run in found.runs] == [RunState.RUNNING] and found.runs[0].retry_at is not None
        assert (await write(port, ADDRESS)).startswith("250")
        place.server.start()
        place.server.deliver(USER, letter(2))
        await until(place.ledger, {"ticketed": 3})
        await place.works()


async def test_what_comes_both_ways_is_one_message(place: Place) -> None:
    port = free_port()
    await place.set_up(receive="both", listen_port=str(port))
    async with place.process().running():
        await place.works()
        await write(port, ADDRESS)
        copy = f"From: carla@alpha.example\r\nTo: {ADDRESS}\r\nSubject: Drucker\r\n\r\nDer Drucker druckt nicht.\r\n"
        place.server.deliver(
            USER, f"Received: from mx.example\r\nReturn-Path: <carla@alpha.example>\r\n{copy}".encode()
        )
        await until(place.ledger, {"ticketed": 1, "duplicate": 1})


async def test_links_in_mails_work_in_a_process_that_does_not_read_the_mailbox(place: Place) -> None:
    place.server.deliver(USER, letter(1))
    with MailServer() as outside:
        await place.set_up(**outgoing(outside))
        async with place.process().running():
            await until(place.texts, [text(1)])
            await place.database.write(_propose, place.clock)
            [mail] = await asyncio.to_thread(outside.wait_for, 1)
    link = next(line for line in text_of(mail).splitlines() if line.startswith("http://desk.example/answer/"))
    configuration = MailConfiguration.model_validate({"address": ADDRESS, **fetching(place.server)})
    inbox = InboxSettings(place.inbox_id, "mail", "Support", "Support", "de", configuration)
    elsewhere = MailAdapter(Listeners).build(inbox, place.surroundings)
    transport = httpx.ASGITransport(Starlette(routes=list(elsewhere.routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as browser:
        assert (await browser.post(link)).status_code == 200
    assert await place.ledger() == {"ticketed": 2}


def _propose(session: Session, clock: SetClock) -> None:
    ticket = actions.locked(session, 1)
    conversation = actions.current_conversation(session, ticket)
    draft = Draft("1. Neu starten.", offers_help=True)
    outbox.enqueue(session, ticket, conversation, BOT, "Firstline", draft, clock.now())
