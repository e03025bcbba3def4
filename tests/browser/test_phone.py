"""The telephone by keyboard alone: it rings, C writes it down, Ctrl+Enter saves; nothing typed is lost."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from pydantic import SecretStr

from channels.phone.configuration import PhoneConfiguration
from tests.browser.conftest import Place
from tests.browser.steps import open_console, see
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.xdist_group("browser")

SECRET = "nobody guesses this secret"
LINE = PhoneConfiguration(key="browser", provider="webhook", secret=SecretStr(SECRET), region="DE")


class System:
    """The telephone system of the desk's line."""

    def __init__(self, place: Place) -> None:
        self._url = place.desk.base + LINE.path
        if LINE.key not in place.desk.run("inbox", "list"):
            settings = (f"key={LINE.key}", "provider=webhook", f"secret={SECRET}", "region=DE")
            place.desk.run("inbox", "add", "phone", "Telefon", *settings)

    async def tell(self, event: str, call: str, **more: Any) -> None:
        """Tell of a call, again until the desk is ready for it, as telephone systems do."""
        source = {"event": event, "call": call, **{name.rstrip("_"): value for name, value in more.items()}}
        transport = httpx.AsyncHTTPTransport(retries=3)
        async with httpx.AsyncClient(transport=transport) as client:
            for _ in range(200):
                answer = await client.post(self._url, json=source)
                if answer.is_success:
                    return
                # The desk looks for new inboxes every few seconds.
                assert answer.status_code in (404, 503), answer.text
                await asyncio.sleep(0.1)
        raise AssertionError("the line never opened")


async def focused(page: Page) -> str:
    name: str = await page.evaluate("document.activeElement.name ?? ''")
    return name


async def test_a_call_is_taken_and_solved_by_keyboard(browser: Browser, place: Place) -> None:
    system, call = System(place), uuid.uuid4().hex
    page = await open_console(browser, place)
    await system.tell("new", call, from_="030 23125777", users=["Lea Brandt"])
    ringing = page.locator(".calls-now article", has_text="+49 30 23125777")
    await expect(ringing).to_contain_text("Eingehender Anruf")
    await system.tell("answer", call, users=["Lea Brandt"])
    await expect(ringing).to_contain_text("Im Gespräch")
    await page.keyboard.press("c")
    await page.wait_for_url("**/console/call?call=*")
    await expect(page.locator("#field-who")).to_be_focused()
    await page.keyboard.type("Petra Telefonprobe")
    await expect(page.locator("#found")).to_contain_text("neue Person")
    await page.keyboard.press("Enter")
    await expect(page.locator("#field-notes")).to_be_focused()
    await page.keyboard.type("Mein VPN bricht alle paar Minuten ab, seit dem Update gestern.")
    await expect(page.locator("[name=intent]:checked")).to_have_value("vpn_problem")
    await expect(page.locator(".understood .articles summary").first).to_contain_text("VPN")
    while await focused(page) != "outcome":
        await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/console/tickets/**")
    await expect(page.locator(".head")).to_contain_text("Gelöst")
    await expect(page.locator(".message")).to_contain_text("Mein VPN bricht alle paar Minuten ab")
    await expect(page.locator(".calls-now article", has_text="+49 30 23125777")).to_have_count(1)
    await system.tell("hangup", call)
    await expect(page.locator(".message .call")).to_contain_text("min")
    await expect(page.locator(".message .call")).to_contain_text("Lea Brandt hat angenommen")
    await expect(page.locator(".calls-now article", has_text="+49 30 23125777")).to_have_count(0)
    await page.context.close()


async def test_what_is_typed_survives_a_reload_and_two_keys_save_it(browser: Browser, place: Place) -> None:
    page = await open_console(browser, place)
    await page.keyboard.press("c")
    await page.wait_for_url("**/console/call")
    await expect(page.locator("#field-who")).to_be_focused()
    name = f"Paul Neuling {uuid.uuid4().hex[:6]}"
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.locator("#field-notes").focus()
    await page.keyboard.type("Outlook fragt immer nach dem Passwort.")
    await expect(page.locator("[name=intent]").first).to_be_visible()
    await page.reload()
    await expect(page.locator("#field-notes")).to_have_value("Outlook fragt immer nach dem Passwort.")
    await expect(page.locator("#field-who")).to_have_value(name)
    await expect(page.locator("#kept")).to_contain_text("aufgehoben")
    await page.locator("#field-notes").focus()
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/console/tickets/**")
    await expect(page.locator(".side")).to_contain_text(name)
    await page.goto(f"{place.desk.base}/console/call")
    await expect(page.locator("#field-notes")).to_have_value("")
    # Whom one has spoken to once is found by the first letters, and chosen with one key.
    await page.locator("#field-who").focus()
    await page.keyboard.type(name[:-2])
    await expect(page.locator("#found button").first).to_contain_text(name)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#found button").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#field-notes")).to_be_focused()
    await expect(page.locator(".caller .belongs")).to_contain_text("Outlook fragt immer")
    await page.context.close()


async def test_a_missed_call_comes_into_the_list_and_is_answered_by_calling(browser: Browser, place: Place) -> None:
    system, call = System(place), uuid.uuid4().hex
    page = await open_console(browser, place)
    number = f"+49 30 231250{uuid.uuid4().int % 90 + 10}"
    await system.tell("new", call, from_=number, users=["nobody known"])
    await system.tell("hangup", call)
    await (await see(page, f"Rückruf: {number}")).click()
    await expect(page.locator(".message .call")).to_contain_text("Verpasster Anruf")
    await page.keyboard.press("r")
    await page.keyboard.press("c")
    await page.wait_for_url("**/console/call?ticket=*")
    await expect(page.locator("#field-notes")).to_be_focused()
    await page.keyboard.type("Zurückgerufen, Passwort zurückgesetzt.")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/console/tickets/**")
    await expect(page.locator(".message.agent .call")).to_contain_text("Wir haben angerufen")
    await expect(page.locator(".head")).to_contain_text("Lea Brandt")
    await page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "email"), [(1440, "lea@desk.example"), (390, "ida@desk.example")])
async def test_the_form_and_what_rings_break_no_rule(
    browser: Browser, place: Place, scheme: Any, width: int, email: str
) -> None:
    system, call = System(place), uuid.uuid4().hex
    size = {"width": width, "height": 900}
    page = await open_console(browser, place, email, color_scheme=scheme, viewport=size)
    await system.tell("new", call, from_="030 23125778", users=[email])
    await expect(page.locator(".calls-now article").first).to_be_visible()
    broken = await violations(page)
    for button in await page.locator(".calls-now button").all():
        await button.click()
    await expect(page.locator(".calls-now")).to_be_hidden()
    await page.goto(f"{place.desk.base}/console/call")
    await page.locator("#field-who").fill("e")
    await page.locator("#field-who").fill("Le")
    await page.locator("#field-notes").fill("Der Drucker im dritten Stock druckt nicht.")
    await expect(page.locator("[name=intent]").first).to_be_visible()
    for summary in await page.locator("main summary").all():
        await summary.click()
    broken += await violations(page)
    assert await page.evaluate(
        "document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"
    )
    await page.goto(f"{place.desk.base}/console/calls")
    broken += await violations(page)
    assert broken == []
    await system.tell("hangup", call, result="answered")
    await page.context.close()
