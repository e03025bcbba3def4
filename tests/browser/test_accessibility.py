"""No page breaks WCAG 2.2 AA as far as a machine can tell: both languages, light and dark, wide and narrow."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Place
from tests.browser.steps import open_chat, say

pytestmark = pytest.mark.xdist_group("browser")

AXE = Axe()
PAGES = (
    "/console/views/resolved",
    "/console/search?q=drucker",
    "/console/search?q=older:soon",
    "/console/quarantine",
    "/console/knowledge",
    "/console/knowledge/1",
    "/console/replies",
    "/console/me",
    "/console/admin/staff",
    "/console/admin/teams",
    "/console/admin/organizations",
    "/console/admin/tokens",
    "/console/admin/inboxes",
    "/console/admin/inboxes/1",
    "/console/admin/inboxes/new/mail",
    "/console/admin/hours",
    "/console/admin/hours/1",
    "/console/admin/desk",
    "/console/tickets/4711",
    "/help",
    "/help/1",
    "/console/views/person",
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands."""
    found: dict[str, Any] = (await AXE.run(page, options=RULES)).response
    return [
        f"{page.url}: {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("language", "email"), [("de", "lea@desk.example"), ("en", "ida@desk.example")])
async def test_the_console(
    browser: Browser, place: Place, scheme: Literal["light", "dark"], language: str, email: str
) -> None:
    visitor = await open_chat(browser, place)
    await say(visitor, f"Ich möchte mit einem Menschen über {scheme} {language} sprechen")
    await expect(visitor.locator("firstline-chat .log")).to_contain_text("Nummer", timeout=10_000)
    for width in (1440, 390):
        context = await browser.new_context(
            locale=language, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        page = await context.new_page()
        await page.goto(f"{place.desk.base}/console")
        broken = await violations(page)
        await page.fill("input[name=email]", email)
        await page.fill("input[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/views/person")
        broken += await violations(page)
        await page.goto(f"{place.desk.base}/console/tickets/1")
        broken += await violations(page)
        for path in PAGES:
            await page.goto(f"{place.desk.base}{path}")
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
