"""Events by HTTP: only Slack's own, kept before they are acknowledged, and once however often they come."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from core.values import Outcome
from tests.channels.slack.desk import CARLA, HELP, SlackDesk, until
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_workspace import VERIFICATION


@pytest.fixture
async def http(desk: SlackDesk) -> SlackDesk:
    await desk.start(by_http=True)
    return desk


async def _post(desk: SlackDesk, body: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(
            desk.slack.events_url, content=body, headers={"content-type": "application/json", **headers}
        )


def _event(slack: FakeSlack) -> str:
    place = slack.channels[HELP]
    return json.dumps(slack.message_events(place, slack.add_message(place, CARLA, "Drucker"))[0])


async def _read(desk: SlackDesk) -> bool:
    """Whether something has been read; time goes on, so that what failed is due again."""
    desk.clock.advance(minutes=1)
    return bool(await desk.ledger())


async def test_slack_s_address_check_is_answered(http: SlackDesk) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": VERIFICATION})
    answer = await _post(http, body, http.slack.signed(body))
    assert answer.status_code == 200 and "3eZbrw1a" in answer.text


async def test_only_slack_may_hand_in(http: SlackDesk) -> None:
    body = _event(http.slack)
    good = http.slack.signed(body)
    refused = [
        {},
        {**good, "x-slack-signature": "v0=" + "0" * 64},
        {**good, "x-slack-request-timestamp": "soon"},
        {**good, "x-slack-request-timestamp": str(int(time.time()) + 1)},
        http.slack.signed(body + " "),
        http.slack.signed(body, time.time() - 6 * 60),
    ]
    answers = [(await _post(http, body, headers)).status_code for headers in refused]
    assert answers == [401] * len(refused)
    assert await http.ledger() == []
    assert (await _post(http, body, good)).status_code == 200
    await http.taken(1)


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '"x"', "{}", '{"type":"event_callback"}', '{"event":7,"type":"event_callback"}']
)
async def test_nonsense_is_refused_and_breaks_nothing(http: SlackDesk, body: str) -> None:
    answer = await _post(http, body, http.slack.signed(body))
    assert answer.status_code in (200, 400, 404, 500)
    http.slack.says(CARLA, HELP, "Drucker")
    await http.taken(1)


async def test_what_is_repeated_is_one_message(http: SlackDesk) -> None:
    body = _event(http.slack)
    for number in range(4):
        retry = {"x-slack-retry-num": str(number), "x-slack-retry-reason": "http_timeout"} if number else {}
        assert (await _post(http, body, {**http.slack.signed(body), **retry})).status_code == 200
    await http.taken(1)

    async def look() -> bool:
        return len(await http.ledger()) == 4

    await until(look, "four lines in the ledger")
    outcomes = [outcome for outcome, _ in await http.ledger()]
    assert sorted(outcomes) == [Outcome.DUPLICATE] * 3 + [Outcome.TICKETED]


async def test_a_message_under_two_events_is_one(http: SlackDesk) -> None:
    first = json.loads(_event(http.slack))
    second = {**first, "event_id": "Ev9999999", "event": {**first["event"], "type": "app_mention"}}
    for one in (first, second):
        body = json.dumps(one)
        await _post(http, body, http.slack.signed(body))
    await http.taken(1)


async def test_what_cannot_be_kept_is_not_acknowledged_and_comes_again(http: SlackDesk) -> None:
    keep, failures = http.database.write, 2

    async def failing(use_case: object, *args: object, **kwargs: object) -> object:
        nonlocal failures
        if getattr(use_case, "__name__", "") == "keep" and failures:
            failures -= 1
            raise ConnectionError("the database is away")
        return await keep(use_case, *args, **kwargs)  # type: ignore[arg-type]

    http.database.write = failing  # type: ignore[assignment,method-assign]
    http.slack.says(CARLA, HELP, "Drucker")
    await http.slack.settle()
    [delivery] = http.slack.deliveries
    assert delivery.attempts == ["500", "500", "200"]
    await http.taken(1)


async def test_it_is_acknowledged_before_profiles_and_files_are_fetched(http: SlackDesk) -> None:
    file = http.slack.file("Bild.png", "image/png", b"\x89PNG")
    http.slack.failures["users.info"].append("500")
    http.slack.failures["download"].append("500")
    http.slack.says(CARLA, "@", "Siehe Bild", files=[file])
    await http.slack.settle()
    assert http.slack.deliveries[0].attempts == ["200"]
    await until(lambda: _read(http), "the message")
    [message] = await http.taken(1)
    assert message.author_name == "Carla Neumann" and await http.files() == [("Bild.png", b"\x89PNG")]


async def test_after_some_patience_a_message_goes_on_without_name_and_file(http: SlackDesk) -> None:
    file = http.slack.file("Bild.png", "image/png", b"\x89PNG")
    http.slack.failures["users.info"].extend(["500"] * 9)
    http.slack.failures["download"].extend(["500"] * 9)
    http.slack.says(CARLA, "@", "Siehe Bild", files=[file])
    await until(lambda: _read(http), "the message")
    [message] = await http.taken(1)
    assert message.text.splitlines()[0] == "Siehe Bild" and "Bild.png" in message.text


async def test_a_killed_process_s_arrivals_are_read_by_the_next(http: SlackDesk) -> None:
    http.failing = 1
    http.slack.says(CARLA, HELP, "Drucker")
    await http.slack.settle()
    await http.stop()
    await http.start(by_http=True)
    http.clock.advance(minutes=2)
    [message] = await http.taken(1)
    assert message.text == "Drucker"


async def test_events_that_mean_nothing_here_are_acknowledged(http: SlackDesk) -> None:
    for inner in (
        {"type": "reaction_added", "user": CARLA},
        {"type": "message", "subtype": "channel_join", "channel": HELP},
    ):
        http.slack.deliver("events_api", http.slack.event(inner))
    await http.slack.settle()
    assert [one.attempts for one in http.slack.deliveries] == [["200"], ["200"]], "or Slack would switch events off"
