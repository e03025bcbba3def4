"""An admin sets up a mailbox by keyboard alone: tried out, begun, paused, and every step is said."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import Place
from tests.browser.steps import open_chat, open_console, say
from tests.browser.test_accessibility import violations
from tests.fakes.mailserver import text_of
from tests.fakes.ports import free_port

pytestmark = pytest.mark.xdist_group("browser")


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(120):
        if await target.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached by Tab")


async def enter(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    await tab_to(page, field)
    await page.keyboard.press("Control+A")
    await page.keyboard.type(text)


async def press(page: Page, name: str) -> None:
    await tab_to(page, page.get_by_role("button", name=name, exact=True))
    await page.keyboard.press("Enter")


def _write(port: int, recipient: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "carla@kunde.example", recipient, "Neues Postfach"
    mail["Message-ID"] = f"<{port}-{recipient}>"
    mail.set_content("Kommt das an?")
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(mail)


async def test_a_mailbox_is_added_by_keyboard(browser: Browser, place: Place) -> None:
    console, port = await open_console(browser, place, "ida@desk.example"), free_port()
    await console.goto(f"{place.desk.base}/console/admin/inboxes")
    await tab_to(console, console.locator('a[href$="/inboxes/new/mail"]'))
    await console.keyboard.press("Enter")
    await expect(console.locator("h1")).to_contain_text("New: Mail")
    await press(console, "Save and begin")
    await expect(console.locator("[data-focus]")).to_be_focused()
    await expect(console.locator("[data-focus]")).to_contain_text("Give the inbox a name")
    assert await violations(console) == []
    await tab_to(console, console.locator('[data-focus] a[href="#field-own-address"]'))
    await console.keyboard.press("Enter")
    await enter(console, "E-mail address", "people@desk.example")
    await console.evaluate("document.activeElement.blur()")
    await enter(console, "Name", "People")
    incoming, outgoing = (console.get_by_role("group", name=f"{way} mail") for way in ("Incoming", "Outgoing"))
    await tab_to(console, incoming.get_by_label("Port"))
    await console.keyboard.press("Control+A")
    await console.keyboard.type(str(port))
    await enter(console, "Mail server", "127.0.0.1")
    await tab_to(console, outgoing.get_by_label("Port"))
    await console.keyboard.press("Control+A")
    await console.keyboard.type("1")
    await tab_to(console, outgoing.get_by_label("Encryption"))
    await console.keyboard.type("None")
    await press(console, "Test the connection")
    await expect(console.locator("[data-focus]")).to_contain_text("Nothing listens on 127.0.0.1, port 1.")
    await expect(console.get_by_label("E-mail address", exact=True)).to_have_value("people@desk.example")
    await tab_to(console, outgoing.get_by_label("Port"))
    await console.keyboard.press("Control+A")
    await console.keyboard.type(str(place.outside.port))
    await press(console, "Test the connection")
    await expect(console.get_by_role("status").filter(has_text="It works")).to_be_visible()
    await press(console, "Save and begin")
    await expect(console.locator(".health .verdict")).to_have_text("Works", timeout=30_000)
    assert await violations(console) == []
    await asyncio.to_thread(_write, port, "people@desk.example")
    await expect(console.locator("#health")).not_to_contain_text("Nothing yet", timeout=60_000)
    before = len(place.outside.mails)
    await enter(console, "Send it to", "you@example.com")
    await press(console, "Send")
    await expect(console.get_by_role("status").filter(has_text="you@example.com was taken")).to_be_visible()
    mails = await asyncio.to_thread(place.outside.wait_for, before + 1)
    assert any("messages from this inbox arrive" in text_of(mail) for mail in mails[before:])
    await press(console, "Pause")
    await expect(console.locator(".health .verdict")).to_have_text("Paused")
    with pytest.raises(OSError):
        for _ in range(200):
            await asyncio.to_thread(_write, port, "people@desk.example")
            await asyncio.sleep(0.05)
    await press(console, "Archive")
    await expect(console.locator(".health .verdict")).to_have_text("Archived")


async def test_a_paused_chat_says_so_and_sends_what_was_written_afterwards(browser: Browser, place: Place) -> None:
    console = await open_console(browser, place, "ida@desk.example")
    await console.goto(f"{place.desk.base}/console/admin/inboxes/1")
    await console.get_by_role("button", name="Pause").click()
    await expect(console.locator(".health .verdict")).to_have_text("Paused")
    visitor = await open_chat(browser, place)
    await say(visitor, "Sind Sie da?")
    await expect(visitor.locator("firstline-chat .notice")).to_contain_text("macht gerade Pause")
    await console.get_by_role("button", name="Resume").click()
    await expect(visitor.locator("firstline-chat .notice")).to_be_hidden(timeout=30_000)
    await expect(visitor.locator("firstline-chat .bot").first).to_be_visible(timeout=30_000)
