"""The main path as people walk it: in the chat and by mail, through the bot to an agent and back."""

from __future__ import annotations

import asyncio
import re
import smtplib
from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import Place
from tests.browser.steps import open_chat, open_console, open_ticket, say
from tests.fakes.mailserver import text_of

pytestmark = pytest.mark.xdist_group("browser")


async def test_chat_through_the_bot_to_an_agent_and_back(browser: Browser, place: Place) -> None:
    page = await open_chat(browser, place)
    log = page.locator("firstline-chat .log")
    await expect(log).to_contain_text("kein Mensch")
    await say(page, "Mein VPN baut keine Verbindung auf, Kennwort Birnbaum")
    await expect(log).to_contain_text("Hat das geholfen?")
    await page.locator("firstline-chat").get_by_role("button", name="Noch nicht").click()
    await expect(log.locator(".bubble", has_text="Hat das geholfen?")).to_have_count(2)
    await page.reload()
    await expect(log.locator(".bubble", has_text="Hat das geholfen?")).to_have_count(2)
    await expect(log.locator(".bubble", has_text="Birnbaum")).to_have_count(1)

    console = await open_console(browser, place)
    await page.locator("firstline-chat .human").click()
    await expect(log).to_contain_text("Ihr Ticket FL-")
    await open_ticket(console, "Birnbaum")
    await expect(console.locator(".packet")).to_contain_text("Internet ohne VPN geprüft")
    await console.keyboard.press("t")
    await expect(console.get_by_text("Übernommen").first).to_be_visible()
    await console.keyboard.press("r")
    await console.keyboard.type("Guten Tag, ich sehe es mir an.")
    await console.keyboard.press("Control+Enter")
    await expect(log).to_contain_text("ich sehe es mir an")
    await expect(page.locator("firstline-chat header")).to_contain_text("Lea Brandt")

    await say(page, "Danke, ich warte.")
    await expect(console.locator(".timeline")).to_contain_text("ich warte", timeout=10_000)
    bubbles = await log.locator(".group.bot").count()
    await console.locator("summary", has_text="Dem Bot zurückgeben").click()
    await console.select_option("select[name=resume]", label="Fragen nach: Fehlermeldung")
    await console.get_by_role("button", name="Zurückgeben", exact=True).click()
    await expect(log).to_contain_text("Ich mache hier mit Ihnen weiter", timeout=10_000)
    assert await log.locator(".group.bot").count() > bubbles


async def test_by_mail_from_the_problem_to_the_agent_s_answer(browser: Browser, place: Place) -> None:
    def send(message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", place.desk.smtp_port) as client:
            client.send_message(message)

    def write(text: str, **headers: str) -> EmailMessage:
        message = EmailMessage()
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message["From"] = "Carla Neumann <carla@kunde.example>"
        message["To"] = "desk@desk.example"
        message.set_content(text)
        return message

    seen = len(place.outside.mails)
    problem = (
        "Guten Tag,\n\nunser Drucker Quittenbaum im Flur gibt nur leere Blätter aus.\n\nViele Grüße\nCarla Neumann"
    )
    await asyncio.to_thread(
        send, write(problem, Subject="Leere Blätter Quittenbaum", Message_ID="<quitte-1@kunde.example>")
    )
    proposal = (await asyncio.to_thread(place.outside.wait_for, seen + 1))[-1]
    assert proposal["In-Reply-To"] == "<quitte-1@kunde.example>"
    text = text_of(proposal)
    assert "Carla Neumann" in text and "1. " in text and "FL-" in text
    help_link = re.findall(r"http://\S+/answer/\S+", text)[1]

    page = await (await browser.new_context(locale="de-DE")).new_page()
    await page.goto(help_link)
    await page.get_by_role("button", name="Ja, ich brauche noch Hilfe").click()
    await expect(page.locator("h1")).to_have_text("Vielen Dank!")

    console = await open_console(browser, place)
    await open_ticket(console, "Quittenbaum")
    await console.locator("#reply-text").fill("Guten Tag Frau Neumann, der Techniker kommt um 14 Uhr.")
    await console.get_by_role("button", name="Senden").click()
    answer = (await asyncio.to_thread(place.outside.wait_for, seen + 3))[-1]
    assert "Techniker kommt" in text_of(answer)
    assert "Auto-Submitted" not in answer
    assert "<quitte-1@kunde.example>" in str(answer["References"])

    reply = write(
        "Prima, ich bin da.",
        Subject=f"AW: {answer['Subject']}",
        Message_ID="<quitte-2@kunde.example>",
        In_Reply_To=str(answer["Message-ID"]),
    )
    await asyncio.to_thread(send, reply)
    await expect(console.locator(".timeline")).to_contain_text("Prima, ich bin da.", timeout=10_000)


async def test_nothing_is_missed_or_doubled_over_a_lost_connection(browser: Browser, place: Place) -> None:
    page = await open_chat(browser, place)
    log = page.locator("firstline-chat .log")
    await say(page, "Bist du ein Mensch?")
    await expect(log).to_contain_text("Ich bin ein Programm")
    await page.context.set_offline(True)
    await say(page, "Wann habt ihr geöffnet? Zwetschge")
    await expect(log.locator(".state")).to_be_visible()
    await page.context.set_offline(False)
    await expect(log.locator(".state")).to_have_count(0, timeout=20_000)
    await expect(log.locator(".bubble", has_text="Zwetschge")).to_have_count(1)
    await expect(log).to_contain_text("Service Desk ist", timeout=10_000)


async def test_the_widget_is_used_by_keyboard_alone(browser: Browser, place: Place) -> None:
    page = await open_chat(browser, place)
    await expect(page.locator("firstline-chat textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    launcher = page.locator("firstline-chat .launcher")
    await expect(launcher).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("firstline-chat textarea")).to_be_focused()
    for _ in range(12):
        await page.keyboard.press("Tab")
        inside = await page.evaluate("document.querySelector('firstline-chat').shadowRoot.activeElement !== null")
        assert inside, "focus stays in the open panel"


async def test_a_wrong_password_is_explained_and_pages_ask_to_sign_in(browser: Browser, place: Place) -> None:
    page = await (await browser.new_context(locale="de-DE")).new_page()
    await page.goto(f"{place.desk.base}/console/views/mine")
    await page.fill("input[name=email]", "lea@desk.example")
    await page.fill("input[name=password]", "falsch")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("stimmt nicht")
    assert await page.input_value("input[name=email]") == "lea@desk.example"


async def test_two_agents_cannot_take_the_same_ticket_unseen(browser: Browser, place: Place) -> None:
    page = await open_chat(browser, place)
    await say(page, "Ich möchte mit einem Menschen über den Mirabellenbaum sprechen")
    lea, ben = await open_console(browser, place), await open_console(browser, place, "ben@desk.example")
    await open_ticket(lea, "Mirabellenbaum")
    await open_ticket(ben, "Mirabellenbaum")
    await lea.keyboard.press("t")
    await expect(ben.locator(".head")).to_contain_text("Lea Brandt", timeout=10_000)
