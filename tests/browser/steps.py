"""What people do again and again in a browser."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, Locator, Page, StorageState, expect

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


_signed_in: dict[tuple[str, str], StorageState] = {}
"""Cookies of who has signed in at which desk: the desk slows down who signs in again and again."""


async def open_console(browser: Browser, place: Place, email: str = "lea@desk.example", **options: Any) -> Page:
    """A new browser of this agent's; ``options`` are the context's."""
    state = _signed_in.get((place.desk.base, email))
    context = await browser.new_context(**{"locale": "de-DE", "storage_state": state, **options})
    page = await context.new_page()
    await page.goto(f"{place.desk.base}/console")
    if state is None:
        await page.fill("input[name=email]", email)
        await page.fill("input[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
    await page.wait_for_url("**/views/person")
    if state is None:
        _signed_in[place.desk.base, email] = await context.storage_state()
    return page


async def see(console: Page, words: str, count: int = 1) -> Locator:
    """The rows with these words, once there are so many; what is new in the list is let in."""
    rows, pill = console.locator(".row", has_text=words), console.locator(".new-rows")
    await expect(pill.or_(rows).filter(visible=True).first).to_be_visible(timeout=15_000)
    for _ in range(150):
        if await rows.count() >= count:
            break
        if await pill.is_visible():
            await pill.click()
        await asyncio.sleep(0.2)
    await expect(rows).to_have_count(count)
    return rows


async def open_ticket(console: Page, words: str) -> None:
    """The ticket with these words in the list, once it is there."""
    await (await see(console, words)).click()
    await expect(console.locator(".timeline")).to_be_visible()
