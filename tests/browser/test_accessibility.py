"""No page breaks WCAG 2.2 AA as far as a machine can tell: both languages, light and dark, wide and narrow."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Place
from tests.browser.steps import open_chat, open_console, say

pytestmark = pytest.mark.xdist_group("browser")

AXE = Axe()
PAGES = (
    "/console/views/resolved",
    "/console/views/mentioned",
    "/console/quarantine/{quarantined}",
    "/console/search?q=drucker",
    "/console/search?q=older:soon",
    "/console/quarantine",
    "/console/knowledge",
    "/console/knowledge/1",
    "/console/replies",
    "/console/call",
    "/console/calls",
    "/console/me",
    "/console/admin/staff",
    "/console/admin/teams",
    "/console/admin/organizations",
    "/console/admin/tokens",
    "/console/admin/inboxes",
    "/console/admin/inboxes/1",
    "/console/admin/inboxes/new/mail",
    "/console/admin/inboxes/new/phone",
    "/console/admin/hours",
    "/console/admin/hours/1",
    "/console/admin/desk",
    "/console/tickets/4711",
    "/console/tickets/1?guide=vpn_problem",
    "/console/tickets/1?guide=nothing",
    "/help",
    "/help/1",
    "/console/views/person",
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


BEHIND = {"landmark-one-main": {"enabled": False}, "page-has-heading-one": {"enabled": False}}
"""What lies behind an open drawer is inert, the page's main part with its heading too."""


async def violations(page: Page, but: dict[str, Any] | None = None) -> list[str]:
    """What axe finds on the page as it stands."""
    found: dict[str, Any] = (await AXE.run(page, options={**RULES, "rules": but or {}})).response
    return [
        f"{page.url}: {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def _letters(place: Place) -> None:
    """A mail that cannot be read, and one with a signature and files of each kind."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Carla <carla@axe.example>", "desk@desk.example", "Achsenbruch"
    mail.set_content("Ich brauche einen Menschen.\n\nViele Grüße\nCarla\n\nAlpha GmbH\nHauptstraße 1\nTel. 030 1")
    for name, kind in (("a.log", "text/plain"), ("a.pdf", "application/pdf"), ("a.png", "image/png")):
        maintype, _, subtype = kind.partition("/")
        mail.add_attachment(b"x", maintype=maintype, subtype=subtype, filename=name)
    with smtplib.SMTP("127.0.0.1", place.desk.smtp_port) as client:
        client.send_message(mail)
        client.mail("scanner@axe.example")
        client.rcpt("desk@desk.example")
        client.data(b"Subject: axe\r\n\r\nx\r\n")


async def _everything_open(page: Page, place: Place) -> list[str]:
    """The conversation with all that can be unfolded, selected and opened in it."""
    await page.goto(f"{place.desk.base}/console/search?q=Achsenbruch")
    await page.locator(".row").first.click()
    await expect(page.locator(".timeline")).to_be_visible()
    for summary in await page.locator(".work summary").all():
        await summary.click()
    await expect(page.locator(".file pre")).to_have_text("x")
    await page.keyboard.press("n")
    await page.keyboard.type("@b")
    await expect(page.locator("#mention-offers")).to_be_visible()
    found = await violations(page)
    await page.locator("#note-text").fill("")
    await page.locator("[data-large]").click()
    found += await violations(page)
    await page.keyboard.press("Escape")
    if await page.locator(".details").is_visible():
        await page.locator(".details").click()
        await expect(page.locator(".side")).to_be_visible()
        found += await violations(page, BEHIND)
        await page.keyboard.press("Escape")
    return found


async def _many_selected(page: Page, place: Place) -> list[str]:
    """The list with something selected, every panel of the bar in turn, and a report of what failed."""
    await page.goto(f"{place.desk.base}/console/search?q=Achsenbruch")
    await page.locator(".pick").first.check()
    found: list[str] = []
    for label in await page.locator(".bulk .tabs label").all():
        await label.click()
        found += await violations(page)
    await page.locator("label[for=bulk-escalate]").click()
    await page.locator("fieldset.escalate button").click()
    await expect(page.locator(".report")).to_be_visible()
    found += await violations(page)
    if await page.locator(".search .menu").is_visible():
        await page.locator(".search .menu").click()
        await expect(page.locator(".views")).to_be_visible()
        found += await violations(page, BEHIND)
        await page.keyboard.press("Escape")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "email"), [("de", "lea@desk.example"), ("en", "ida@desk.example")])
async def test_the_console(
    browser: Browser, place: Place, scheme: Literal["light", "dark"], language: str, email: str
) -> None:
    visitor = await open_chat(browser, place)
    await say(visitor, f"Ich möchte mit einem Menschen über {scheme} {language} sprechen")
    await expect(visitor.locator("firstline-chat .log")).to_contain_text("Nummer", timeout=10_000)
    await asyncio.to_thread(_letters, place)
    for width in (1440, 1100, 390):
        context = await browser.new_context(
            locale=language, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page = await context.new_page()
        await page.goto(f"{place.desk.base}/console")
        broken = await violations(page)
        await context.close()
        page = await open_console(
            browser, place, email, locale=language, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        context = page.context
        broken += await violations(page)
        await page.goto(f"{place.desk.base}/console/tickets/1")
        broken += await violations(page)
        broken += await _everything_open(page, place)
        broken += await _many_selected(page, place)
        await page.goto(f"{place.desk.base}/console/quarantine")
        address = await page.locator("td a").first.get_attribute("href") or ""
        for path in PAGES if width != 1100 else ():  # there, what is a drawer is all that differs
            await page.goto(f"{place.desk.base}{path.replace('{quarantined}', address.rpartition('/')[2])}")
            broken += await violations(page)
        for key, name in (("?", "sheet"), ("Control+k", "palette")):
            await page.keyboard.press(key)
            await expect(page.locator(f"dialog.{name}")).to_be_visible()
            broken += await violations(page)
            await page.keyboard.press("Escape")
        assert broken == []
        assert await page.locator("html").get_attribute("lang") == language
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_widget(browser: Browser, place: Place, scheme: Literal["light", "dark"]) -> None:
    page = await open_chat(browser, place)
    await page.emulate_media(color_scheme=scheme)
    await say(page, "VPN bricht ständig ab")
    await expect(page.locator("firstline-chat .choices button").first).to_be_visible(timeout=10_000)
    # The page around it is a test's, without a title or a heading.
    inside = await AXE.run(page, context={"include": [["firstline-chat"]]}, options=RULES)
    assert inside.response["violations"] == []
