"""Setting up an app: what is typed is checked, the connection is tried out, and the manual says what the code does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette

from channels.base import DeliveryError, Surroundings
from channels.slack.adapter import KIND, SlackAdapter
from channels.slack.configuration import SlackConfiguration
from channels.slack.manifest import EVENTS, SCOPES, manifest
from core.errors import InboxProblem, Mistakes
from core.inboxes import configuring
from core.inboxes.kinds import InboxSettings
from tests.channels.slack.desk import CARLA, STAFF, SlackDesk
from tests.fakes import slack as fake
from tests.fakes.slack_workspace import shown
from web.languages import translator

GOOD = {"app_id": "A0123ABCD", "bot_token": "xoxb-1", "app_token": "xapp-1"}
MANUAL = Path(__file__).parents[3] / "docs" / "channels" / "slack.md"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"app_id": "T0123ABCD"}, "app_id"),
        ({"bot_token": "xoxp-1"}, "bot_token"),
        ({"bot_token": ""}, "bot_token"),
        ({"app_token": ""}, "app_token"),
        ({"app_token": "xoxb-1"}, "app_token"),
        ({"receive": "http"}, "signing_secret"),
        ({"watched": "#help"}, "watched"),
        ({"rooms": "service-desk"}, "rooms"),
        ({"rooms": "service-desk = help"}, "rooms"),
        ({"rooms": "a = C0123ABCD\na = C0123ABCE"}, "rooms"),
        ({"api_url": "http://slack.com/api/"}, "api_url"),
        ({"api_url": "https://slack.com/api"}, "api_url"),
        ({"max_megabytes": "0"}, "max_megabytes"),
    ],
)
def test_a_mistake_is_said_at_its_field(typed: dict[str, str], field: str) -> None:
    with pytest.raises(Mistakes) as caught:
        configuring.parse(KIND, {**GOOD, **typed})
    assert list(caught.value.fields) == [field]


def test_what_is_typed_is_understood() -> None:
    typed = {**GOOD, "watched": "C0123ABCD, C0123ABCE", "rooms": "service-desk=C0123ABCF\nnetwork = G0123ABCG"}
    found = configuring.parse(KIND, typed)
    assert isinstance(found, SlackConfiguration)
    assert found.watched == ("C0123ABCD", "C0123ABCE")
    assert found.room_of == {"service-desk": "C0123ABCF", "network": "G0123ABCG"}
    assert found.by_socket and "xoxb-1" not in repr(found) + str(found)


def _adapter(desk: SlackDesk, **changes: Any) -> Any:
    settings = InboxSettings(0, "slack", "Slack", "Service Desk", "de", desk.configured(**changes))
    return SlackAdapter().build(
        settings, Surroundings(desk.database, desk.blobs, desk.clock, "http://desk.example", "x")
    )


async def test_a_good_app_passes_its_test(desk: SlackDesk) -> None:
    await _adapter(desk, rooms=(f"service-desk = {STAFF}",)).test()
    await _adapter(desk, by_http=True).test()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bot_token": "xoxb-wrong"}, "does not accept"),
        ({"app_token": "xapp-wrong"}, "does not accept"),
        ({"app_id": "A0OTHER"}, "another app"),
        ({"watched": ("C0NOWHERE",)}, "not in the channel C0NOWHERE"),
        ({"watched": ("C0SECRET",)}, "not in the channel C0SECRET"),
        ({"rooms": (f"nobody = {STAFF}",)}, "no team “nobody”"),
        ({"api_url": "http://127.0.0.1:9/api/"}, "cannot be reached"),
    ],
)
async def test_what_is_wrong_is_said_in_plain_words(desk: SlackDesk, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InboxProblem, match=words) as caught:
        await _adapter(desk, **changes).test()
    assert caught.value.mend
    assert "xoxb" not in str(caught.value) or "begins with" in str(caught.value)


async def test_missing_permissions_are_named(desk: SlackDesk) -> None:
    desk.slack.scopes -= {"files:read", "users:read.email"}
    with pytest.raises(InboxProblem, match=r"files:read, users:read\.email"):
        await _adapter(desk).test()


async def test_a_message_to_try_it_out(desk: SlackDesk) -> None:
    await _adapter(desk).send_test("carla@alpha.example", "Das ist ein Test.")
    [post] = await desk.posted(desk.slack.direct(CARLA).id)
    assert shown(post) == "Das ist ein Test."
    with pytest.raises(DeliveryError, match="Nobody in the Slack workspace"):
        await _adapter(desk).send_test("nobody@alpha.example", "Das ist ein Test.")


async def test_with_socket_mode_nothing_is_served(desk: SlackDesk) -> None:
    assert _adapter(desk).routes == []
    [route] = _adapter(desk, by_http=True).routes
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=[route])), base_url="http://desk"
    ) as client:
        assert (await client.get("/slack/A0DESK/events")).status_code == 405
        assert (await client.post("/slack/A0DESK/events", content=b"x" * 3_000_000)).status_code == 401


def test_the_manifest_asks_for_what_is_used_and_no_more() -> None:
    asked = yaml.safe_load(manifest("Service Desk", "", translator("en")))
    assert asked["oauth_config"]["scopes"]["bot"] == list(SCOPES) and set(SCOPES) == set(fake.SCOPES)
    assert asked["settings"]["event_subscriptions"] == {"bot_events": list(EVENTS)}
    assert asked["settings"]["socket_mode_enabled"] is True
    by_http = yaml.safe_load(manifest("Service Desk", "https://desk.example/slack/A1/events", translator("de")))
    assert by_http["settings"]["interactivity"]["request_url"] == "https://desk.example/slack/A1/events"
    assert by_http["features"]["slash_commands"][0]["url"] == "https://desk.example/slack/A1/events"
    assert by_http["settings"]["socket_mode_enabled"] is False


def test_the_manual_has_the_manifest_and_a_reason_for_every_permission() -> None:
    manual = MANUAL.read_text("utf-8")
    assert f"```yaml\n{manifest('Service Desk', '', translator('en'))}```" in manual
    for scope, reason in SCOPES.items():
        assert f"| `{scope}` | {reason} |" in manual


def test_the_app_is_its_own_address() -> None:
    assert SlackConfiguration(app_id="A0123ABCD", bot_token="xoxb-1", app_token="xapp-1").inbox_address == "A0123ABCD"  # type: ignore[arg-type]
