"""What people do again and again in a browser."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, Place


async def open_chat(browser: Browser, place: Place) -> Page:
    """A customer's page with the widget open."""
    context = await browser.new_context(locale="de-DE")
    page = await context.new_page()
    await page.route(
        "**/customer",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<script type="module" src="{place.desk.base}/widget.js"></script>'
            '<firstline-chat lang="de" open></firstline-chat>',
        ),
    )
    await page.goto(f"{place.desk.base}/customer")
    return page


async def say(page: Page, text: str) -> None:
    field = page.locator("firstline-chat textarea")
    await field.fill(text)
    await field.press("Enter")


async def open_console(browser: Browser, place: Place, email: str = "lea@desk.example") -> Page:
    context = await browser.new_context(locale="de-DE")
    page = await context.new_page()
    await page.goto(f"{place.desk.base}/console")
    await page.fill("input[name=email]", email)
    await page.fill("input[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/views/person")
    return page


async def open_ticket(console: Page, words: str) -> None:
    """The ticket with these words in the list, once it is there."""
    row = console.locator(".row", has_text=words).first
    await expect(row).to_be_visible(timeout=15_000)
    await row.click()
    await expect(console.locator(".timeline")).to_be_visible()
