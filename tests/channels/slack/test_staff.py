"""Staff in Slack: cards in the teams' channels that follow their tickets, and taking over from there."""

from __future__ import annotations

from typing import Any

import pytest

from bot import worker
from core.tickets import actions, decisions
from core.values import Decision, Handoff, ResolutionCode
from tests.channels.slack.desk import ANNA, CARLA, DORA, HELP, STAFF, SlackDesk, until
from tests.fakes.slack import RateLimited
from tests.fakes.slack_workspace import Json, shown

ROOMS = (f"service-desk = {STAFF}",)


async def _hand_off(desk: SlackDesk) -> None:
    desk.slack.says(CARLA, HELP, "Drucker <3 & mehr")
    await desk.taken(1)
    [job] = await desk.database.write(worker.claim, desk.clock.now(), True)
    packet = {"summary": {"de": "Drucker: „druckt nicht“", "en": "Printer: “does not print”"}}
    decision = Decision(subject="Drucker <3 & mehr", handoff=Handoff("asked_for_person", packet))
    await desk.database.write(decisions.apply_decision, job.id, job.lease, decision, desk.clock.now())


async def _card(desk: SlackDesk, words: str) -> Json:
    async def look() -> Json | None:
        return next((one for one in desk.slack.channels[STAFF].messages if words in shown(one)), None)

    return await until(look, f"a card with “{words}”") or {}


def _buttons(card: Json) -> list[str]:
    return [one["text"]["text"] for one in card["blocks"][-1]["elements"]]


async def test_a_handoff_posts_a_card(desk: SlackDesk) -> None:
    await desk.start(rooms=ROOMS)
    await _hand_off(desk)
    card = await _card(desk, "FL-1001 · Drucker <3 & mehr")
    assert "Carla Neumann" in shown(card) and "Drucker: „druckt nicht“" in shown(card)
    assert "Noch kümmert sich niemand darum." in shown(card)
    assert _buttons(card) == ["Übernehmen", "In der Konsole öffnen"]
    assert card["blocks"][-1]["elements"][1]["url"] == "http://desk.example/console/tickets/1"


async def test_taking_over_in_slack_is_taking_over(desk: SlackDesk) -> None:
    await desk.start(rooms=ROOMS)
    await _hand_off(desk)
    card = await _card(desk, "FL-1001")
    desk.slack.presses(ANNA, STAFF, card["ts"], "Übernehmen")
    await _card(desk, "*Anna* kümmert sich darum.")
    ticket = await desk.ticket()
    assert (ticket.assignee_id, ticket.level) == (desk.desk.anna, 1)
    assert _buttons(card) == ["In der Konsole öffnen"]
    [entry] = await desk.history("taken_over")
    assert entry.actor_id == desk.desk.anna
    assert desk.slack.whispers == []


async def test_the_card_follows_what_happens_in_the_console(desk: SlackDesk) -> None:
    await desk.start(rooms=ROOMS)
    await _hand_off(desk)
    await _card(desk, "FL-1001")
    await desk.database.write(actions.take_over, 1, desk.desk.ben, desk.clock.now())
    await _card(desk, "*Ben* kümmert sich darum.")
    await desk.database.write(actions.assign, 1, desk.desk.ben, None, desk.clock.now())
    card = await _card(desk, "Noch kümmert sich niemand darum.")
    assert _buttons(card)[0] == "Übernehmen"
    await desk.database.write(actions.resolve, 1, desk.desk.anna, ResolutionCode.SOLVED, desk.clock.now())
    await _card(desk, "✓ Erledigt")
    assert len(desk.slack.channels[STAFF].messages) == 1, "one card, always up to date"


@pytest.mark.parametrize(
    ("user", "profile", "said"),
    [
        (DORA, {}, "There is no account at the desk for dora@beta.example."),
        ("U0X", {"is_email_confirmed": False}, "Für anna@desk.example gibt es im Service-Desk kein Konto."),
        ("U0X", {"is_restricted": True}, "Für anna@desk.example gibt es im Service-Desk kein Konto."),
        (
            "U0X",
            {"team_id": "T0OTHER", "is_stranger": True},
            "Für anna@desk.example gibt es im Service-Desk kein Konto.",
        ),
    ],
)
async def test_who_is_no_agent_hears_so_kindly(desk: SlackDesk, user: str, profile: dict[str, Any], said: str) -> None:
    await desk.start(rooms=ROOMS)
    desk.slack.add_user("U0X", "Anna Ahrens", "anna@desk.example", **profile)
    await _hand_off(desk)
    card = await _card(desk, "FL-1001")
    desk.slack.presses(user, STAFF, card["ts"], "Übernehmen")

    async def look() -> bool:
        return bool(desk.slack.whispers)

    await until(look, "a word to them alone")
    [(who, text)] = desk.slack.whispers
    assert who == user and text.startswith(said)
    assert (await desk.ticket()).assignee_id is None


async def test_who_comes_second_hears_who_has_it(desk: SlackDesk) -> None:
    await desk.start(rooms=ROOMS)
    await _hand_off(desk)
    card = await _card(desk, "FL-1001")
    await desk.database.write(actions.take_over, 1, desk.desk.ben, desk.clock.now())
    payload_card = {**card, "blocks": list(card["blocks"])}
    await _card(desk, "*Ben*")
    card["blocks"] = payload_card["blocks"]
    desk.slack.presses(ANNA, STAFF, card["ts"], "Übernehmen")

    async def look() -> bool:
        return bool(desk.slack.whispers)

    await until(look, "a word to Anna")
    assert desk.slack.whispers == [(ANNA, "Ben hat dieses Ticket schon.")]
    assert (await desk.ticket()).assignee_id == desk.desk.ben


async def test_a_card_survives_a_crash_and_trouble_at_slack(desk: SlackDesk) -> None:
    await desk.start(rooms=ROOMS)
    desk.slack.failures["chat.postMessage"].append(RateLimited(10))
    await _hand_off(desk)

    async def look() -> bool:
        return not desk.slack.failures["chat.postMessage"]

    await until(look, "a first attempt")
    await desk.stop()
    await desk.start(rooms=ROOMS)
    desk.clock.advance(minutes=2)
    await _card(desk, "FL-1001")


async def test_a_card_that_somebody_deleted_is_let_go(desk: SlackDesk) -> None:
    await desk.start(rooms=ROOMS)
    await _hand_off(desk)
    await _card(desk, "FL-1001")
    desk.slack.channels[STAFF].messages.clear()
    await desk.database.write(actions.take_over, 1, desk.desk.ben, desk.clock.now())

    async def look() -> bool:
        return any(method == "chat.update" for method, _ in desk.slack.calls)

    await until(look, "the attempt")
    await desk.slack.settle()
    assert desk.slack.channels[STAFF].messages == []
