"""The guide by keyboard alone, by two agents at once, and without a script."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Place
from tests.browser.steps import open_chat, open_console, open_ticket, say

pytestmark = pytest.mark.xdist_group("browser")


async def _asks_for_a_person(browser: Browser, place: Place, word: str) -> Page:
    """Somebody whose VPN fails, who tried one step with the bot."""
    page = await open_chat(browser, place)
    log = page.locator("firstline-chat .log")
    await say(page, f"Mein VPN baut keine Verbindung auf, Kennwort {word}")
    await expect(log).to_contain_text("Hat das geholfen?")
    await page.locator("firstline-chat").get_by_role("button", name="Noch nicht").click()
    await expect(log.locator(".bubble", has_text="Hat das geholfen?")).to_have_count(2)
    await page.locator("firstline-chat .human").click()
    await expect(log).to_contain_text("Ihr Ticket FL-")
    return page


async def test_a_ticket_is_solved_by_keyboard_alone(browser: Browser, place: Place) -> None:
    visitor = await _asks_for_a_person(browser, place, "Quitte")
    console = await open_console(browser, place)
    await open_ticket(console, "Quitte")
    await console.keyboard.press("g")
    focused = console.locator(":focus")
    await expect(focused).to_have_text("Half")
    done = console.locator("#guide .step", has_text="Internet ohne VPN geprüft")
    await expect(done).to_contain_text("hat nicht geholfen · Bot")

    await console.keyboard.press("Tab")
    await console.keyboard.press("Enter")
    restarted = console.locator("#guide .step", has_text="VPN-Programm und Rechner neu gestartet")
    await expect(restarted).to_contain_text("hat nicht geholfen · Lea Brandt")
    await expect(focused).to_have_attribute("value", "vpn_hotspot_helped=true")
    await expect(console.locator(".head")).to_contain_text("Lea Brandt")

    for _ in range(3):  # did not help, leave out, send this step
        await console.keyboard.press("Tab")
    await console.keyboard.press("Enter")
    reply = console.locator("#reply-text")
    await expect(reply).to_be_focused()
    step = await reply.input_value()
    assert step == await console.locator("#guide-vpn_hotspot_helped").inner_text()
    await console.keyboard.press("Control+Enter")
    await expect(visitor.locator("firstline-chat .log")).to_contain_text(step[:40])

    await expect(console.locator("#guide .steps")).to_be_visible()
    await console.reload()
    await expect(restarted).to_contain_text("hat nicht geholfen · Lea Brandt")
    await console.keyboard.press("g")
    await expect(focused).to_have_attribute("value", "vpn_hotspot_helped=true")
    await console.keyboard.press("Enter")
    await expect(focused).to_have_text("Als „Gelöst“ lösen")
    await console.keyboard.press("Enter")
    await expect(console.locator(".head .status")).to_contain_text("Gelöst")


async def test_two_agents_see_each_other_and_nothing_typed_is_lost(browser: Browser, place: Place) -> None:
    await _asks_for_a_person(browser, place, "Mispel")
    lea = await open_console(browser, place)
    ben = await open_console(browser, place, "ben@desk.example")
    for console in (lea, ben):
        await open_ticket(console, "Mispel")
        await console.keyboard.press("g")
        await expect(console.locator(":focus")).to_have_text("Half")
        await console.locator("#guide summary", has_text="Fehlermeldung").click()
    field = "[name='value.error_text']"
    await ben.locator(field).fill("Fehler 720")
    await lea.locator("[value='vpn_restart_helped=false']").click()
    theirs = ben.locator("#guide .step", has_text="VPN-Programm und Rechner neu gestartet")
    await expect(theirs).to_contain_text("hat nicht geholfen · Lea Brandt")
    await expect(ben.locator(field)).to_have_value("Fehler 720")
    await expect(ben.locator(field)).to_be_focused()

    await lea.locator(field).fill("Fehler 691")
    await lea.locator(field).press("Enter")
    saved = ben.locator("#guide .step", has_text="Fehlermeldung")
    await expect(saved).to_contain_text("Fehler 691 · Lea Brandt")
    await ben.locator(field).press("Enter")
    await expect(ben.locator("#guide .error")).to_contain_text("war jemand schneller")
    await expect(ben.locator(field)).to_have_value("Fehler 720")
    await ben.locator(field).press("Enter")
    await expect(saved).to_contain_text("Fehler 720 · Ben Ott")


async def test_without_a_script_it_is_a_plain_form(browser: Browser, place: Place) -> None:
    await _asks_for_a_person(browser, place, "Schlehe")
    console = await open_console(browser, place)
    await open_ticket(console, "Schlehe")
    context = await browser.new_context(
        locale="de-DE", java_script_enabled=False, storage_state=await console.context.storage_state()
    )
    plain = await context.new_page()
    await plain.goto(console.url)
    await plain.locator("#guide > summary").click()
    await plain.get_by_role("link", name="Fragen und Schritte zeigen").click()
    await plain.locator("[value='vpn_restart_helped=false']").click()
    await expect(plain.locator("#guide")).to_contain_text("hat nicht geholfen · Lea Brandt")
    await plain.locator("[value='vpn_hotspot_helped'][name=send]").click()
    await expect(plain.locator("#reply-text")).not_to_have_value("")
    await plain.locator("#guide-topic").fill("Toner")
    await plain.get_by_role("button", name="Zeigen").click()
    await expect(plain.locator("[name='value.toner_printer']")).to_be_visible()
    await plain.locator("[name='value.toner_printer']").fill("Flur 3")
    await plain.locator("[name='value.toner_printer']").press("Enter")
    await expect(plain.locator("#guide")).to_contain_text("Flur 3 · Lea Brandt")
