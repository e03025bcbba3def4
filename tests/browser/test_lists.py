"""Lists and panes by keyboard: many tickets at once, what is new, drawers, widths, mentions."""

from __future__ import annotations

import asyncio
import smtplib
import uuid
from email.message import EmailMessage

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.browser.conftest import Place
from tests.browser.steps import open_console, open_ticket, see

pytestmark = pytest.mark.xdist_group("browser")


async def _ask(place: Place, text: str) -> None:
    """Somebody in the chat wants a person."""
    async with httpx.AsyncClient(base_url=f"{place.desk.base}/chat/main") as client:
        client.headers["authorization"] = f"Bearer {(await client.post('/session')).json()['token']}"
        said = {"id": str(uuid.uuid4()), "text": f"Ich brauche einen Menschen: {text}", "payload": "/human"}
        assert (await client.post("/messages", json=said)).status_code == 201


async def _focused(page: Page) -> str:
    """What the keyboard is at, in words."""
    return str(
        await page.evaluate(
            "document.activeElement.closest('[data-row]')?.innerText ?? document.activeElement.innerText"
        )
    )


async def test_files_go_with_a_reply(browser: Browser, place: Place) -> None:
    await _ask(place, "Anhangfall")
    console = await open_console(browser, place)
    await open_ticket(console, "Anhangfall")
    await console.locator(".as-reply [type=file]").set_input_files(
        [FilePayload(name=f"{name}.txt", mimeType="text/plain", buffer=name.encode()) for name in ("eins", "zwei")]
    )
    await expect(console.locator(":focus")).to_have_id("reply-text")
    await console.evaluate(
        """() => { const files = new DataTransfer();
        files.items.add(new File(["drei"], "drei.png", { type: "image/png" }));
        document.getElementById("reply-text").dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true })); }"""
    )
    attached = console.locator(".as-reply .attached li")
    await expect(attached).to_have_count(3)
    await console.get_by_role("button", name="Entfernen: zwei.txt").click()
    await expect(attached).to_have_count(2)
    await console.keyboard.press("Control+Enter")
    files = console.locator(".timeline .message.agent .file")
    await expect(files).to_have_count(2)
    await expect(files.nth(0)).to_contain_text("eins.txt")
    await expect(files.nth(1)).to_contain_text("drei.png")


async def test_the_topic_is_corrected_and_the_next_ticket_opened_by_two_keys_each(
    browser: Browser, place: Place
) -> None:
    for number in range(2):
        await _ask(place, f"Folgefall {number}")
    console = await open_console(browser, place)
    await see(console, "Folgefall", 2)
    await console.goto(f"{place.desk.base}/console/search?q=Folgefall+status:open")
    await console.locator(".row").first.click()
    await expect(console.locator("#work h1")).to_contain_text("Folgefall")
    first = await console.locator(".head .number").inner_text()
    await console.keyboard.press("y")
    await expect(console.locator(":focus")).to_have_attribute("name", "intent")
    await console.keyboard.type("Drucker")
    async with console.expect_navigation():
        await console.keyboard.press("Control+Enter")
    await expect(console.locator("#side")).to_contain_text("Drucker")
    await console.keyboard.press("e")
    async with console.expect_navigation():
        await console.keyboard.press("Control+Shift+Enter")
    await expect(console.locator(".head .number")).not_to_have_text(first)
    await expect(console.locator("#work h1")).to_contain_text("Folgefall")


async def test_many_are_selected_and_resolved_by_keyboard(browser: Browser, place: Place) -> None:
    for number in range(4):
        await _ask(place, f"Sammelfall {number}")
    console = await open_console(browser, place)
    await see(console, "Sammelfall", 4)
    await console.goto(f"{place.desk.base}/console/search?q=Sammelfall+status:open")
    await expect(console.locator(".row")).to_have_count(4)
    bar = console.locator(".bulk")
    await expect(bar).to_be_hidden()
    await console.keyboard.press("Shift+J")
    await console.keyboard.press("x")
    await console.keyboard.press("ArrowDown")
    await console.keyboard.press("ArrowDown")
    await console.keyboard.press("Shift+X")
    await expect(bar.locator("[role=status]")).to_have_text("3 ausgewählt")
    await console.keyboard.press("x")
    await expect(bar.locator("[role=status]")).to_have_text("2 ausgewählt")
    await console.keyboard.press("Escape")
    await expect(bar).to_be_hidden()
    await console.keyboard.press("Shift+X")
    for _ in range(2):
        await console.keyboard.press("Shift+K")
    await console.keyboard.press("Shift+X")
    await console.keyboard.press("b")
    assert await _focused(console) == "Mir zuweisen"
    await console.locator("#bulk-resolve").focus()
    await console.keyboard.press("Space")
    code = bar.locator("select[name=code]")
    await code.focus()
    await code.select_option("workaround")
    await console.keyboard.press("Control+Enter")
    await expect(console.locator(".told")).to_have_text("3 Tickets gelöst.")
    await expect(console.locator(".row")).to_have_count(1)


async def test_a_range_is_selected_with_shift_and_stays_while_one_looks(browser: Browser, place: Place) -> None:
    for number in range(3):
        await _ask(place, f"Bereich {number}")
    console = await open_console(browser, place)
    rows = await see(console, "Bereich", 3)
    boxes = console.locator("[data-row]", has_text="Bereich").locator(".pick")
    await boxes.nth(0).click()
    await boxes.nth(2).click(modifiers=["Shift"])
    await expect(console.locator(".bulk [role=status]")).to_have_text("3 ausgewählt")
    await rows.nth(1).click()
    await expect(console.locator(".timeline")).to_be_visible()
    await expect(console.locator(".bulk [role=status]")).to_have_text("3 ausgewählt")
    await boxes.nth(1).focus()
    await console.keyboard.press("Enter")
    await console.get_by_role("button", name="Mir zuweisen").click()
    await expect(console.locator(".told")).to_have_text("3 Tickets übernommen.")
    await expect(console.locator(".head")).to_contain_text("Lea Brandt")


async def test_the_list_works_without_the_script(browser: Browser, place: Place) -> None:
    for number in range(2):
        await _ask(place, f"Skriptlos {number}")
    await see(await open_console(browser, place), "Skriptlos", 2)
    page = await open_console(browser, place, java_script_enabled=False)
    await page.goto(f"{place.desk.base}/console/search?q=Skriptlos")
    for box in await page.locator(".pick").all():
        await box.check()
    await page.locator("label[for=bulk-snooze]").click()
    await page.locator("fieldset.snooze button").click()
    await expect(page.locator(".told")).to_have_text("2 Tickets zurückgestellt.")


async def test_what_arrives_waits_and_moves_nothing(browser: Browser, place: Place) -> None:
    await _ask(place, "Ruhe 1")
    console = await open_console(browser, place)
    await see(console, "Ruhe 1")
    before = await console.locator(".row strong").all_inner_texts()
    await _ask(place, "Ruhe 2")
    pill = console.locator(".new-rows")
    await expect(pill).to_have_text("1 neues ↑")
    await _ask(place, "Ruhe 3")
    await expect(pill).to_have_text("2 neue ↑")
    assert await console.locator(".row strong").all_inner_texts() == before
    ben = await open_console(browser, place, "ben@desk.example")
    await open_ticket(ben, "Ruhe 1")
    await ben.keyboard.press("t")
    gone = console.locator("[data-row]", has_text="Ruhe 1")
    await expect(gone).to_contain_text("nicht mehr hier")
    assert await console.locator(".row strong").all_inner_texts() == before
    await console.keyboard.press("u")
    await expect(pill).to_be_hidden()
    await expect(gone).to_have_count(0)
    await expect(console.locator(".row", has_text="Ruhe 3")).to_be_in_viewport()


async def test_a_row_that_changes_stays_in_its_place(browser: Browser, place: Place) -> None:
    for number in range(2):
        await _ask(place, f"Platz {number}")
    console = await open_console(browser, place)
    await see(console, "Platz", 2)
    order = await console.locator(".row .words").all_inner_texts()
    ben = await open_console(browser, place, "ben@desk.example")
    await open_ticket(ben, "Platz 1")
    await ben.locator("summary", has_text="Einordnen").click()
    form = ben.locator("form[action$=classify]")
    await form.locator("[name=impact]").select_option("high")
    await form.locator("[name=urgency]").select_option("high")
    await form.get_by_role("button").click()
    await expect(console.locator("[data-row]", has_text="Platz 1")).to_contain_text("P1")
    assert await console.locator(".row .words").all_inner_texts() == order


async def test_the_sidebar_is_a_drawer_on_a_small_screen(browser: Browser, place: Place) -> None:
    await _ask(place, "Schublade")
    console = await open_console(browser, place)
    await console.set_viewport_size({"width": 1100, "height": 800})
    await open_ticket(console, "Schublade")
    side = console.locator(".side")
    await expect(side).to_be_hidden()
    button = console.get_by_role("button", name="Einzelheiten")
    await button.focus()
    await console.keyboard.press("Enter")
    await expect(side).to_be_visible()
    for _ in range(30):
        await console.keyboard.press("Tab")
        outside = "document.activeElement !== document.body && !document.activeElement.closest('.side')"
        assert not await console.evaluate(outside), "the keyboard stays in the open drawer"
    await console.keyboard.press("Escape")
    await expect(side).to_be_hidden()
    await expect(button).to_be_focused()
    await console.keyboard.press("e")
    await expect(console.locator("#resolve select")).to_be_focused()
    await console.mouse.click(300, 400)
    await expect(side).to_be_hidden()


async def test_a_telephone_shows_one_pane_and_the_composer_above_its_keyboard(browser: Browser, place: Place) -> None:
    await _ask(place, "Telefon")
    console = await open_console(browser, place)
    await console.set_viewport_size({"width": 390, "height": 800})
    await see(console, "Telefon")
    await expect(console.locator(".work")).to_be_hidden()
    await console.get_by_role("button", name="Menü").click()
    await expect(console.locator(".views")).to_be_visible()
    await console.keyboard.press("Escape")
    await open_ticket(console, "Telefon")
    await expect(console.locator(".list")).to_be_hidden()
    await console.locator("#reply-text").focus()
    await console.set_viewport_size({"width": 390, "height": 430})  # what is left above a keyboard
    await expect(console.get_by_role("button", name="Senden")).to_be_in_viewport(ratio=1)
    await expect(console.locator("#reply-text")).to_be_in_viewport(ratio=1)
    await console.set_viewport_size({"width": 390, "height": 800})
    await console.get_by_role("link", name="Zurück zur Liste").click()
    await expect(console.locator(".list")).to_be_visible()


async def test_widths_are_set_by_keyboard_or_mouse_and_remembered(browser: Browser, place: Place) -> None:
    console = await open_console(browser, place)
    await console.set_viewport_size({"width": 1440, "height": 900})
    divider, pane = console.locator(".divider.of-list"), console.locator(".list")
    await expect(divider).to_have_attribute("aria-valuenow", "372")
    await divider.focus()
    await console.keyboard.press("ArrowRight")
    await expect(divider).to_have_attribute("aria-valuenow", "388")
    box = await divider.bounding_box()
    assert box is not None
    await console.mouse.move(box["x"] + 4, 400)
    await console.mouse.down()
    await console.mouse.move(box["x"] + 44, 400)
    await console.mouse.up()
    await expect(divider).to_have_attribute("aria-valuenow", "428")
    await console.reload()
    assert await pane.evaluate("pane => pane.offsetWidth") == 428
    await divider.focus()
    await console.keyboard.press("Home")
    await expect(divider).to_have_attribute("aria-valuenow", "260")
    await console.keyboard.press("Enter")
    await expect(divider).to_have_attribute("aria-valuenow", "372")


async def test_a_colleague_is_mentioned_by_keyboard_and_told_at_once(browser: Browser, place: Place) -> None:
    await _ask(place, "Erwähnung")
    lea, ben = await open_console(browser, place), await open_console(browser, place, "ben@desk.example")
    await open_ticket(lea, "Erwähnung")
    await lea.keyboard.press("n")
    await lea.keyboard.type("Kennst du das, @o")
    await expect(lea.locator("#mention-offers li")).to_have_text(["Ben Ott"])
    await lea.keyboard.press("Escape")
    await expect(lea.locator("#mention-offers")).to_be_hidden()
    await lea.keyboard.type("tt")
    await lea.keyboard.press("Tab")
    await lea.keyboard.type("oder @sonstwer?")
    assert await lea.input_value("#note-text") == "Kennst du das, @Ben Ott oder @sonstwer?"
    await lea.keyboard.press("Control+Enter")
    await expect(lea.locator(".note .mention")).to_have_text("@Ben Ott")
    await expect(ben.locator("[data-count=mentioned]")).to_have_text("1")
    await ben.get_by_role("link", name="Erwähnungen").click()
    await open_ticket(ben, "Erwähnung")
    await expect(ben.locator(".message.note")).to_contain_text("erwähnt Sie")
    await expect(ben.locator("[data-count=mentioned]")).to_have_text("0")


async def test_what_a_mail_brought_is_looked_at_in_its_place(browser: Browser, place: Place) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Carla <carla@anlagen.example>", "desk@desk.example", "Anlagenkunde"
    mail.set_content("Ich brauche einen Menschen.")
    mail.add_attachment(b"Zeile <b>eins</b>", maintype="text", subtype="plain", filename="bericht.log")
    pixel = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63606060f80f0001"
        "040100a2f6a3d50000000049454e44ae426082"
    )
    mail.add_attachment(pixel, maintype="image", subtype="png", filename="bild.png")

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", place.desk.smtp_port) as client:
            client.send_message(mail)

    await asyncio.to_thread(send)
    console = await open_console(browser, place)
    await open_ticket(console, "Anlagenkunde")
    await console.locator("summary", has_text="bericht.log").click()
    await expect(console.locator(".file pre")).to_have_text("Zeile <b>eins</b>")
    await console.get_by_role("link", name="bild.png").click()
    await expect(console.locator(".lightbox img")).to_be_visible()
    await console.keyboard.press("Escape")
    await expect(console.locator(".lightbox")).to_be_hidden()


async def test_a_mail_in_quarantine_is_tried_again_while_one_looks(browser: Browser, place: Place) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", place.desk.smtp_port) as client:
            client.ehlo()
            client.mail("scanner@kunde.example")
            client.rcpt("desk@desk.example")
            client.data(b"Subject: Ohne Absender\r\n\r\nScan\r\n")

    console = await open_console(browser, place)
    await console.goto(f"{place.desk.base}/console/quarantine")
    await asyncio.to_thread(send)
    await console.get_by_role("link", name="scanner@kunde.example").first.click()
    await console.get_by_role("button", name="Noch einmal versuchen").click()
    await expect(console.locator("main")).to_contain_text("noch einmal versucht, vergeblich")
    await console.locator("summary", has_text="Verwerfen").click()
    await console.locator("input[name=reason]").fill("Scanner ohne Absender")
    await console.keyboard.press("Enter")
    await expect(console.locator("h1")).to_have_text("Quarantäne")
    await expect(console.locator("main")).to_contain_text("Scanner ohne Absender")
