"""A real desk in its own process, and headless Chromium to use it with. Skipped where there is no Chromium."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "a long test password"
STAFF = (
    ("lea@desk.example", "Lea Brandt", "de"),
    ("ben@desk.example", "Ben Ott", "de"),
    ("ida@desk.example", "Ida Field", "en"),
)


@dataclass
class Place:
    desk: DeskProcess
    outside: MailServer


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    folder: Path = tmp_path_factory.mktemp("desk")
    with MailServer() as outside:
        desk = DeskProcess(folder / "data", outside.port)
        desk.start()
        (folder / "password").write_text(PASSWORD)
        password = ("--password-file", str(folder / "password"))
        for email, name, language in STAFF:
            role = ("--role", "admin") if email.startswith(("ida", "lea")) else ()
            desk.run("user", email, "--name", name, "--language", language, "--team", "service-desk", *role, *password)
        yield Place(desk, outside)
        desk.stop()


@pytest.fixture
async def browser(place: Place) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking", "--disable-quic"]
        )
        yield browser
        await browser.close()
