"""The guide over HTTP as a browser without a script uses it: opened, answered, refused, sent, brought to its end."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from bot import worker
from console.auth import COOKIE
from core import intake, staff
from core.database import Database
from core.models import Organization, Ticket
from core.tickets import decisions
from core.values import Decision, Draft, FormOfAddress, Handoff, InboundMessage, ResolutionCode, Status
from tests.bot.content import alpha_content
from tests.console.site import console_of
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock

Open = Callable[[int], httpx.AsyncClient]


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


@pytest.fixture
async def browser(database: Database, desk: Desk, clock: SetClock, tmp_path: Path) -> AsyncIterator[Open]:
    """A browser for each agent, signed in, without a script."""
    console = console_of(database, clock, tmp_path, alpha_content())
    transport = httpx.ASGITransport(Starlette(routes=console.routes))
    opened: list[httpx.AsyncClient] = []

    def open_for(agent_id: int) -> httpx.AsyncClient:
        token = database.write_now(staff.open_session, agent_id, clock.now())
        client = httpx.AsyncClient(transport=transport, base_url="http://desk", cookies={COOKIE: token})
        opened.append(client)
        return client

    yield open_for
    for client in opened:
        await client.aclose()


@dataclass
class Page:
    """A page and its forms, as far as the guide goes."""

    client: httpx.AsyncClient
    text: str
    status: int = 200

    @property
    def guide(self) -> str:
        found = re.search(r'<details class="do guide".*?(?=<details class="do"[ >]|<section>)', self.text, re.DOTALL)
        assert found is not None
        return unescape(found.group())

    @property
    def fields(self) -> dict[str, str]:
        """What the form of the steps would send if only its first button were pressed."""
        form = re.search(r'<form method="post"[^>]*data-steps>.*?</form>', self.text, re.DOTALL)
        assert form is not None
        inputs = re.findall(r'<input (?:type="hidden" )?name="([^"]+)" value="([^"]*)"', form.group())
        return {name: unescape(value) for name, value in inputs}

    def buttons(self, slot: str) -> list[str]:
        """The answers that are one press away."""
        return re.findall(rf'name="answer" value="{slot}=([^"]+)"', self.text)

    async def press(self, **form: str) -> Page:
        """Send the form of the steps as it stands, changed by these fields, and follow to where it leads."""
        return await self.post("guide", **{**self.fields, **form})

    async def post(self, action: str, **form: str) -> Page:
        data = {"csrf": self.fields["csrf"], **{name.replace("__", "."): value for name, value in form.items()}}
        answer = await self.client.post(f"/console/tickets/1/{action}", data=data)
        if answer.status_code == 303:
            return await opened(self.client, answer.headers["location"])
        return Page(self.client, answer.text, answer.status_code)


async def opened(client: httpx.AsyncClient, address: str = "/console/tickets/1?view=mine&guide=") -> Page:
    answer = await client.get(address.split("#")[0])
    assert answer.status_code == 200, answer.text[:500]
    return Page(client, answer.text)


def bot_hands_over(
    database: Database, clock: SetClock, message: InboundMessage, intent: str = "vpn_problem", **state: Any
) -> None:
    """A ticket that the bot handed over, in the middle of its flow."""
    receipt = database.write_now(intake.receive, message, clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    decision = Decision(
        replies=(Draft("Ich hole jemanden."),), handoff=Handoff("asked_for_person", {}), state=state, intent=intent
    )
    database.write_now(decisions.apply_decision, job.id, job.lease, decision, clock.now())


def ticket(database: Database) -> Ticket:
    return database.read_now(Session.get_one, Ticket, 1)


async def test_closed_it_costs_nothing_and_open_it_shows_what_was_done_in_the_ticket_s_language(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(
        database,
        clock,
        chat_message(desk, clock),
        slots={"vpn_internet_helped": False},
        answered=["vpn_internet_helped"],
    )
    database.write_now(lambda session: setattr(session.get_one(Ticket, 1), "language", "en"))
    client = browser(desk.anna)
    closed = await opened(client, "/console/tickets/1?view=mine")
    assert "data-steps" not in closed.text and "guide=#guide" in closed.guide
    page = (await opened(client)).guide
    assert re.search(r"Internet checked without VPN</span>\s*<span class=\"meta\">hat nicht geholfen · Bot", page)
    assert "Restart" in page or "restart" in page
    assert 'value="VPN"' in page and '<option value="Drucker">' in page, "topics in the agent's language"


async def test_steps_say_du_to_whom_the_bot_says_du(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, letter(desk, clock), "printer_problem")
    client = browser(desk.anna)
    assert "Sie" in (await opened(client)).guide
    database.write_now(
        lambda session: setattr(session.get_one(Organization, 1), "form_of_address", FormOfAddress.INFORMAL)
    )
    informal = re.findall(r'data-send="([^"]+)"', (await opened(client)).guide)
    assert informal and not any(re.search(r"\bSie\b|\bIhr", text) for text in informal)


async def test_any_topic_can_be_chosen_by_its_name(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, chat_message(desk, clock), "phishing_report")
    client = browser(desk.anna)
    assert "Für „Verdächtige Mail“ gibt es keinen Leitfaden" in (await opened(client)).guide
    for said in ("drucker", "printer_problem", "Printer", "langsam"):
        page = await opened(client, f"/console/tickets/1?guide={said}")
        assert page.fields["guide"] == ("computer_slow" if said == "langsam" else "printer_problem")
    for said in ("e", "<script>", "../4", "x" * 3000):
        assert "gibt es keinen Leitfaden" in (await opened(client, f"/console/tickets/1?guide={said}")).guide


async def test_it_is_gone_through_step_by_step_and_everybody_sees_who_did_it(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, letter(desk, clock))
    page = await opened(browser(desk.anna))
    assert "Guten Tag Carla." in page.guide and "hängt von den Antworten ab" in page.guide
    assert page.buttons("alpha_where") == ["office", "home"] and "Zu Hause" in page.guide
    page = await page.press(answer="alpha_where=home")
    assert "Zu Hause</span> · Anna" in page.guide and page.buttons("alpha_router_helped") == ["true", "false"]
    assert ticket(database).assignee_id == desk.anna, "answering takes over"
    page = await page.press(answer="alpha_router_helped=false")
    page = await page.press(value__alpha_device="NB-7", value__alpha_people="3,5")
    assert page.buttons("alpha_blocked") == ["true", "false"]
    page = await page.press(skip="alpha_blocked")
    again = await opened(browser(desk.ben))
    assert "Leitfaden: Router: hat nicht geholfen" in again.text, "history tells it"
    assert "NB-7</span> · Anna" in again.guide and "3.5</span> · Anna" in again.guide
    assert "ausgelassen · Anna" in again.guide
    kept = {one["slot"]: one["value"] for one in ticket(database).packet["collected"]}
    assert kept == {"alpha_where": "home", "alpha_device": "NB-7", "alpha_people": 3.5}
    page = await again.press(take_back="alpha_blocked")
    assert "ausgelassen" not in page.guide


async def test_what_the_flow_refuses_stays_typed_and_can_be_insisted_on(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    slots = {"alpha_where": "home", "alpha_router_helped": False}
    bot_hands_over(database, clock, letter(desk, clock), slots=slots)
    page = await opened(browser(desk.anna))
    page = await page.press(value__alpha_device="mein <Laptop>", value__alpha_people="12")
    assert page.status == 422 and "„Gerät“ passt so nicht: So sieht eine Nummer aus: NB-1234." in page.guide
    assert page.fields["value.alpha_device"] == "mein <Laptop>", "what was typed is still there"
    assert page.fields["value.alpha_people"] == "12", "also what was right"
    assert "<Laptop>" not in page.text
    assert "alpha_people" not in ticket(database).bot_state["slots"]
    page = await page.press(insist__alpha_device="yes")
    assert page.status == 200 and ticket(database).bot_state["slots"]["alpha_device"] == "mein <Laptop>"


async def test_two_at_once_are_told_of_each_other(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    slots = {"alpha_where": "home", "alpha_router_helped": False}
    bot_hands_over(database, clock, letter(desk, clock), slots=slots)
    hers, his = await opened(browser(desk.anna)), await opened(browser(desk.ben))
    await hers.press(value__alpha_device="NB-1", answer="alpha_router_helped=true")
    his = await his.press(value__alpha_device="NB-2", value__alpha_people="4")
    assert his.status == 409 and "war jemand schneller" in his.guide
    assert ticket(database).bot_state["slots"]["alpha_device"] == "NB-1"
    assert his.fields["seen.alpha_router_helped"] == "helped:true", "he sees what she found out"
    his = await opened(his.client)
    his = await his.press(answer="alpha_router_helped=false")
    await his.press(value__alpha_device="NB-2")
    assert ticket(database).bot_state["slots"]["alpha_device"] == "NB-2"


async def test_a_step_goes_into_the_reply_and_what_was_typed_is_kept(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, chat_message(desk, clock))
    page = await opened(browser(desk.anna))
    page = await page.press(send="vpn_internet_helped", value__error_text="691")
    [reply] = re.findall(r'<textarea id="reply-text"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    assert reply.startswith("Trennen Sie das VPN")
    assert ticket(database).bot_state["slots"] == {"error_text": "691"}


async def test_a_step_that_helped_offers_to_resolve(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, chat_message(desk, clock))
    page = await (await opened(browser(desk.anna))).press(answer="vpn_internet_helped=true")
    assert "Das hat geholfen." in page.guide and "Als „Gelöst“ lösen" in page.guide
    [code] = re.findall(r'name="code" value="(\w+)"', page.guide)
    page = await page.post("resolve", code=code, guide="vpn_problem")
    found = ticket(database)
    assert (found.status, found.resolution_code) == (Status.RESOLVED, ResolutionCode.SOLVED)
    page = await opened(page.client)
    assert "hat geholfen · Anna" in page.guide, "settled it can still be read"
    assert '<button class="quiet"' not in page.guide and not page.buttons("vpn_internet_helped")


async def test_when_nothing_helped_it_offers_the_team_that_solves_it(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    slots = dict.fromkeys(("vpn_internet_helped", "vpn_restart_helped", "vpn_hotspot_helped"), False)
    bot_hands_over(database, clock, chat_message(desk, clock), slots=slots)
    page = await (await opened(browser(desk.anna))).press(answer="vpn_client=forticlient")
    page = await page.press(skip="error_text")
    assert "Alle Schritte sind erledigt." in page.guide and "An Netzwerk weitergeben" in page.guide
    [team] = re.findall(r'name="team" value="([\w-]+)"', page.guide)
    [tried] = re.findall(r'<textarea name="tried" rows="4">(.*?)</textarea>', page.guide, re.DOTALL)
    assert tried.startswith("Internet ohne VPN geprüft: hat nicht geholfen; ")
    page = await page.post("escalate", team=team, reason="Leitfaden durch", tried=tried, guide="vpn_problem")
    assert ticket(database).level == 2 and ticket(database).packet["solver"] == "network-l2"
    assert "An Netzwerk weitergeben" not in page.guide, "it is there now"
    assert "<dt>VPN-Programm</dt><dd>FortiClient</dd>" in page.text, "the packet goes along, by its titles"


async def test_handing_back_goes_on_where_the_guide_stands(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, chat_message(desk, clock))
    page = await opened(browser(desk.anna))
    assert 'value="topic:' not in page.text
    page = await page.press(answer="vpn_internet_helped=false")
    assert '<option value="topic:vpn_problem" selected>Wo der Leitfaden steht: VPN' in page.text
    await page.post("hand-back", resume="topic:vpn_problem")
    assert ticket(database).level == 0 and ticket(database).bot_state["resume"] == {"topic": "vpn_problem"}


async def test_after_a_correction_the_guide_is_the_right_one(
    database: Database, desk: Desk, clock: SetClock, browser: Open
) -> None:
    bot_hands_over(database, clock, chat_message(desk, clock))
    page = await (await opened(browser(desk.anna))).press(answer="vpn_internet_helped=false")
    await page.post("correct", intent="printer_problem")
    assert (await opened(page.client)).fields["guide"] == "printer_problem"
    await (await opened(page.client, "/console/tickets/1?guide=toner_request")).press(value__toner_printer="D3")
    assert (await opened(page.client)).fields["guide"] == "toner_request", "what people went through last"


@pytest.mark.parametrize(
    "form",
    [
        {"answer": "vpn_client=<script>"},
        {"answer": "vpn_client"},
        {"answer": "=", "skip": "nothing"},
        {"take_back": "vpn_weight"},
        {"value.": "x"},
        {"value.vpn_client": "x" * 5000},
        {"answer": "vpn_internet_helped=true", "seen.vpn_internet_helped": "helped:x"},
        {"answer": "vpn_internet_helped=true", "guide": "nothing"},
        {"answer": "vpn_internet_helped=true", "guide": ""},
        {"csrf": "forged", "answer": "vpn_internet_helped=true"},
    ],
)
async def test_hostile_forms_change_nothing(
    database: Database, desk: Desk, clock: SetClock, browser: Open, form: dict[str, str]
) -> None:
    bot_hands_over(database, clock, chat_message(desk, clock))
    page = await opened(browser(desk.anna))
    answer = await page.client.post("/console/tickets/1/guide", data={**page.fields, **form})
    assert answer.status_code in (303, 403, 409, 422), answer.text[:300]
    assert ticket(database).bot_state == {} and "<script>" not in answer.text
