"""Setting up inboxes on their pages: nothing typed is lost, no secret is shown, and what it says helps."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from channels.mail.adapter import KIND
from channels.mail.configuration import MailConfiguration
from core import intake, quarantine
from core.database import Database
from core.errors import InboxProblem
from core.inboxes import health, ledger
from core.inboxes.configuring import load
from core.inboxes.health import Pulse
from core.inboxes.ledger import Ledger
from core.models import InboundReceipt, Inbox, InboxState, Role, RunState
from core.values import Automation
from tests.console.site import SEAL, Browser, signed_in
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock
from tests.fakes.mailserver import MailServer
from tests.fakes.ports import free_port

ROOT = "/console/admin/inboxes"


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


@pytest.fixture
async def browser(database: Database, desk: Desk, clock: SetClock, tmp_path: Path) -> AsyncIterator[Browser]:
    async with signed_in(database, clock, tmp_path, Role.ADMIN) as browser:
        yield browser


def _password(session: Session, inbox_id: int) -> str:
    configuration = load(KIND, session.get_one(Inbox, inbox_id), SEAL)
    assert isinstance(configuration, MailConfiguration)
    return configuration.smtp_password.get_secret_value()


async def test_a_mailbox_is_added_tried_out_and_saved_without_typing_the_password_twice(
    browser: Browser, database: Database
) -> None:
    page = await browser.page(ROOT)
    assert "Add an inbox" in page and "/console/admin/inboxes/new/mail" in page
    typed = {"name": "Support", "own__address": "Support@Desk.Example", "own__smtp_host": "127.0.0.1"}
    with MailServer(login=("desk", "open sesame")) as server:
        typed |= {"own__smtp_port": str(server.port), "own__smtp_security": "none", "own__smtp_username": "desk"}
        typed |= {"own__listen_port": str(free_port())}
        wrong = await browser.post(f"{ROOT}/new/mail", do="test", own__smtp_password="wrong", **typed)
        assert wrong.status_code == 400 and "did not accept the user name and password" in wrong.text
        assert "Enter both again." in wrong.text and 'value="Support"' in wrong.text
        good = await browser.post(f"{ROOT}/new/mail", do="test", own__smtp_password="open sesame", **typed)
        assert good.status_code == 200 and "It works" in good.text and "open sesame" not in good.text
        sealed = re.search(r'name="sealed.smtp_password" value="([^"]+)"', good.text)
        assert sealed is not None
    assert await database.read(lambda session: session.scalar(select(func.count()).select_from(Inbox))) == 2
    saved = await browser.post(f"{ROOT}/new/mail", do="save", **{"sealed.smtp_password": sealed.group(1)}, **typed)
    assert (saved.status_code, saved.headers["location"]) == (303, f"{ROOT}/3")
    assert await database.read(_password, 3) == "open sesame"
    page = await browser.page(f"{ROOT}/3")
    assert "support@desk.example" in page and "open sesame" not in page and "Leave it empty to keep it." in page


async def test_every_mistake_stands_at_its_field_and_above_and_nothing_is_lost(browser: Browser) -> None:
    answer = await browser.post(
        f"{ROOT}/new/mail", do="save", own__address="nonsense", own__smtp_port="many", own__signature="Viele Grüße"
    )
    assert answer.status_code == 422
    assert answer.text.count("That is no e-mail address.") == 2
    assert 'href="#field-own-address"' in answer.text and 'id="field-own-address" aria-invalid="true"' in answer.text
    assert "Please enter a whole number." in answer.text
    assert "Give the inbox a name" in answer.text
    assert "nonsense" in answer.text and "many" in answer.text and "Viele Grüße" in answer.text


async def test_a_secret_of_elsewhere_does_not_fit_into_the_form(browser: Browser, database: Database) -> None:
    typed = {"name": "Support", "own__address": "support@desk.example"}
    stolen = SEAL.close("a secret of another inbox")
    for token in (stolen, SEAL.close("typed:mail.password:x"), "nonsense", "ä"):
        await browser.post(f"{ROOT}/new/mail", do="save", **{"sealed.smtp_password": token}, **typed)
    assert await database.read(_password, 3) == ""


async def test_the_page_says_how_it_is_and_what_helps(
    browser: Browser, database: Database, desk: Desk, clock: SetClock
) -> None:
    problem = InboxProblem("{host} does not answer on port {port}.", "Check address and port.", host="mx", port=25)
    pulse = Pulse(RunState.RETRYING, problem, clock.now(), received_at=clock.now(), trouble=problem)
    await database.write(health.record, "machine:1", {desk.mail: pulse}, clock.now())
    assert "Has a problem" in await browser.page(ROOT)
    page = await browser.page(f"{ROOT}/{desk.mail}")
    assert "mx does not answer on port 25." in page and "Check address and port." in page and "machine:1" in page
    clock.advance(minutes=2)
    assert "Runs nowhere" in await browser.page(f"{ROOT}/{desk.mail}")


async def test_pausing_archiving_and_removing(
    browser: Browser, database: Database, desk: Desk, clock: SetClock
) -> None:
    async def state() -> InboxState:
        return (await database.read(Session.get_one, Inbox, desk.mail)).state

    page = f"{ROOT}/{desk.mail}"
    for change, after in (
        ("pause", InboxState.PAUSED),
        ("archive", InboxState.ARCHIVED),
        ("restore", InboxState.PAUSED),
        ("resume", InboxState.ACTIVE),
    ):
        assert (await browser.post(f"{page}/{change}")).status_code == 303
        assert await state() is after
    await database.write(intake.receive, letter(desk, clock), clock.now())
    refused = await browser.post(f"{page}/remove")
    assert refused.status_code == 409 and "Archive it instead" in refused.text
    assert "Remove</button>" not in await browser.page(page)
    assert (await browser.post(f"{ROOT}/{desk.chat}/remove")).headers["location"] == ROOT
    assert (await browser.get(f"{ROOT}/{desk.chat}")).status_code == 404
    assert (await browser.post(f"{page}/explode")).status_code == 404
    assert (await browser.get(f"{ROOT}/new/pigeon")).status_code == 404


async def test_a_chat_s_page_shows_the_tag_to_copy(browser: Browser, desk: Desk) -> None:
    page = await browser.page(f"{ROOT}/{desk.chat}")
    assert '<firstline-chat inbox="chat" lang="de">' in page
    assert "Test the connection" not in page


async def test_only_admins_come_here(database: Database, desk: Desk, clock: SetClock, tmp_path: Path) -> None:
    for role in (Role.AGENT, Role.LEAD):
        async with signed_in(database, clock, tmp_path, role) as browser:
            for path in (ROOT, f"{ROOT}/1", f"{ROOT}/new/mail"):
                assert (await browser.get(path)).status_code == 403
            assert (await browser.post(f"{ROOT}/1/pause")).status_code == 403


async def test_an_inbox_says_what_became_of_all_that_came_in(
    browser: Browser, database: Database, desk: Desk, clock: SetClock
) -> None:
    first = letter(desk, clock)
    for message in (first, first, letter(desk, clock, automation=Automation.OWN_ADDRESS)):
        await database.write(intake.receive, message, clock.now())
    await database.write(intake.receive, letter(desk, clock, inbox_id=desk.chat), clock.now())
    for number in range(2):
        await database.write(intake.quarantine, desk.mail, f"broken-{number}", "no sender", clock.now())
    [line, _] = await database.read(
        lambda session: session.scalars(select(InboundReceipt.id).where(InboundReceipt.outcome == "quarantined")).all()
    )
    await database.write(quarantine.discard, line, desk.anna, "spam", clock.now())
    found = await database.read(ledger.read, desk.mail, clock.now())
    assert found == Ledger(1, 1, 1, 2, 1, (("sent by the desk itself", 1),)) and found.fetched == 5
    page = await browser.page(f"{ROOT}/{desk.mail}")
    assert "1 × sent by the desk itself" in page and "1 × discarded by colleagues" in page
    clock.advance(days=31)
    assert (await database.read(ledger.read, desk.mail, clock.now())).fetched == 0
