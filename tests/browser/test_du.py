"""A desk that says du, as a person meets it in the chat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.formality import says_sie
from tests.browser.conftest import Place
from tests.browser.steps import open_chat, say
from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def informal(tmp_path: Path) -> Iterator[Place]:
    with MailServer() as outside:
        desk = DeskProcess(tmp_path / "data", outside.port, "--address", "informal")
        desk.start()
        yield Place(desk, outside)
        desk.stop()


async def test_from_the_greeting_to_the_handoff_it_says_du(browser: Browser, informal: Place) -> None:
    page = await open_chat(browser, informal)
    log = page.locator("firstline-chat .log")
    await expect(log).to_contain_text("Hallo! Ich bin ein digitaler Assistent")
    await say(page, "Mein VPN baut keine Verbindung auf")
    await expect(log).to_contain_text("starte deinen Router neu")
    await page.locator("firstline-chat .human").click()
    await expect(log).to_contain_text(re.compile("[Dd]ein Ticket FL-"))
    assert not says_sie(await log.inner_text())
    await page.reload()
    await expect(log).to_contain_text("Hallo! Ich bin ein digitaler Assistent")
