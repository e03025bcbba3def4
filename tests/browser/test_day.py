"""A day at the desk: many conversations on both channels, worked through by keyboard, while the network has a gap."""

from __future__ import annotations

import asyncio
import os
import smtplib
import uuid
from email.message import EmailMessage

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Place
from tests.browser.steps import open_console, see
from tests.fakes.mailserver import text_of

pytestmark = pytest.mark.xdist_group("browser")

CONVERSATIONS = int(os.environ.get("FIRSTLINE_TEST_CONVERSATIONS", "12"))
GAP = float(os.environ.get("FIRSTLINE_TEST_GAP", "3"))
"""Seconds without a network; a minute in CI's long run."""


async def _chat(place: Place, number: int) -> httpx.AsyncClient:
    """Somebody in the chat who wants a person."""
    client = httpx.AsyncClient(base_url=f"{place.desk.base}/chat/main")
    client.headers["authorization"] = f"Bearer {(await client.post('/session')).json()['token']}"
    said = {"id": str(uuid.uuid4()), "text": f"Ich brauche einen Menschen, Anliegen Chat-{number}", "payload": "/human"}
    assert (await client.post("/messages", json=said)).status_code == 201
    return client


def _mail(place: Place, number: int) -> None:
    message = EmailMessage()
    message["From"] = f"Kunde {number} <kunde{number}@tag.example>"
    message["To"] = "desk@desk.example"
    message["Subject"] = f"Anliegen Mail-{number}"
    message["Message-ID"] = f"<tag-{uuid.uuid4()}@tag.example>"
    message.set_content("Ich möchte bitte mit einem Menschen sprechen.")
    with smtplib.SMTP("127.0.0.1", place.desk.smtp_port) as client:
        client.send_message(message)


async def _work_off(console: Page) -> str:
    """Take over, answer and resolve the first of the list, by keyboard alone. Its number."""
    await _press(console, "j")
    await expect(console.locator(".timeline")).to_be_visible()
    number = await console.locator(".head .number").inner_text()
    await _press(console, "t")
    await expect(console.locator(".head")).to_contain_text("Lea Brandt")
    await console.keyboard.press("r")
    await console.keyboard.type(f"Guten Tag, zu {number}: erledigt.")
    await _press(console, "Control+Enter")
    await expect(console.locator(".timeline")).to_contain_text(f"zu {number}: erledigt.")
    await console.keyboard.press("e")
    await expect(console.locator("#resolve select")).to_be_focused()
    await _press(console, "Control+Enter")
    await expect(console.locator(".head .status")).to_contain_text("Gelöst")
    return number


async def _press(console: Page, key: str) -> None:
    """A key that opens another page. What it changed may be seen live before that page is there."""
    async with console.expect_navigation():
        await console.keyboard.press(key)


async def test_a_day_by_keyboard(browser: Browser, place: Place) -> None:
    before = len(place.outside.mails)
    visitors = [await _chat(place, number) for number in range(CONVERSATIONS // 2)]
    for number in range(CONVERSATIONS // 2):
        await asyncio.to_thread(_mail, place, number)
    console = await open_console(browser, place)
    await see(console, "Anliegen", CONVERSATIONS)
    await console.goto(f"{place.desk.base}/console/search?q=Anliegen+assignee:nobody+status:open")
    done = []
    for turn in range(CONVERSATIONS):
        if turn == CONVERSATIONS // 2:
            await console.context.set_offline(True)
            await expect(console.locator(".offline")).to_be_visible(timeout=60_000)
            await asyncio.sleep(GAP)
            await console.context.set_offline(False)
            await expect(console.locator(".offline")).to_be_hidden(timeout=30_000)
        done.append(await _work_off(console))
    assert len(set(done)) == CONVERSATIONS
    for visitor in visitors:
        said = (await visitor.get("/messages", params={"after": 0})).json()
        assert sum("erledigt." in one["text"] for one in said["messages"]) == 1
        await visitor.aclose()
    for _ in range(100):
        answers = [mail for mail in place.outside.mails[before:] if "erledigt." in text_of(mail)]
        if len(answers) == CONVERSATIONS // 2:
            break
        await asyncio.sleep(0.2)
    assert len({str(mail["To"]) for mail in answers}) == len(answers) == CONVERSATIONS // 2
