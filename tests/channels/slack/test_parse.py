"""Which of what Slack sends is the desk's business, and in which thread."""

from __future__ import annotations

from typing import Any

import pytest

from channels.slack import parse
from channels.slack.parse import Identity, What
from tests.fakes.slack_workspace import TEAM

ME = Identity(TEAM, "U0DESK", "B0DESK", "https://desk.slack.com/")
WATCHED = frozenset({"C0HELP"})


def _event(**inner: Any) -> parse.Parcel | None:
    values = {"type": "message", "channel": "C0GENERAL", "user": "U1", "ts": "1.5", "text": "Hallo", **inner}
    return parse.event({"event_id": "Ev1", "event": values}, ME, WATCHED)


@pytest.mark.parametrize(
    ("inner", "what", "thread", "only_known"),
    [
        ({"channel": "D1"}, What.SAID, "D1", False),
        ({"channel": "D1", "thread_ts": "1.2"}, What.SAID, "D1/1.2", False),
        ({"channel": "C0HELP"}, What.SAID, "C0HELP/1.5", False),
        ({"channel": "C0HELP", "thread_ts": "1.2"}, What.SAID, "C0HELP/1.2", True),
        ({"type": "app_mention"}, What.SAID, "C0GENERAL/1.5", False),
        ({"text": "<@U0DESK> Hallo"}, What.SAID, "C0GENERAL/1.5", False),
        ({"text": "<@U0DESK> Hallo", "thread_ts": "1.2"}, What.SAID, "C0GENERAL/1.2", False),
        ({"thread_ts": "1.2"}, What.SAID, "C0GENERAL/1.2", True),
        ({"channel": "D1", "subtype": "file_share"}, What.SAID, "D1", False),
        ({"thread_ts": "1.2", "subtype": "thread_broadcast"}, What.SAID, "C0GENERAL/1.2", True),
        ({"channel": "C0HELP", "bot_id": "B1", "subtype": "bot_message"}, What.PROGRAM, "C0HELP/1.5", False),
        ({"channel": "D1", "user": "USLACKBOT"}, What.PROGRAM, "D1/1.5", False),
    ],
)
def test_what_is_ours(inner: dict[str, Any], what: What, thread: str, only_known: bool) -> None:
    found = _event(**inner)
    assert found is not None
    assert (found.what, found.thread_key, found.only_known) == (what, f"{TEAM}/{thread}", only_known)


@pytest.mark.parametrize(
    "inner",
    [
        {},
        {"type": "reaction_added"},
        {"channel": None},
        {"channel": "C0HELP", "subtype": "channel_join"},
        {"channel": "C0HELP", "user": "U0DESK"},
        {"channel": "D1", "user": "U0DESK", "bot_id": "B0DESK"},
        {"bot_id": "B1"},
        {"channel": "C0HELP", "bot_id": "B1", "thread_ts": "1.2"},
        {"subtype": "message_changed", "message": {"user": "U1", "text": "a"}, "previous_message": {"text": "a"}},
        {"subtype": "message_changed", "message": {"bot_id": "B1", "text": "a", "edited": {}}},
        {"subtype": "message_deleted", "deleted_ts": "1.1", "previous_message": {"bot_id": "B0DESK"}},
        {"subtype": "message_deleted"},
    ],
)
def test_what_is_not(inner: dict[str, Any]) -> None:
    assert _event(**inner) is None


def test_a_deleted_root_of_a_thread_is_a_deletion() -> None:
    found = _event(subtype="message_changed", message={"subtype": "tombstone", "ts": "1.1", "thread_ts": "1.1"})
    assert found is not None and found.what is What.DELETED
    assert found.payload["message"] == {"channel": "C0GENERAL", "ts": "1.1"}


def test_nothing_secret_is_kept() -> None:
    body = {"event_id": "Ev1", "token": "verification", "event": {"type": "message", "channel": "D1", "user": "U1"}}
    found = parse.event(body, ME, WATCHED)
    assert found is not None and "verification" not in repr(found)


def test_what_was_forwarded_is_part_of_what_was_said() -> None:
    shared = {"is_share": True, "author_name": "Dora", "text": "Der Server\nist weg"}
    said = parse.said_in({"channel": "D1", "text": "Siehe", "attachments": [shared, {"text": "eine Vorschau"}]})
    assert said.text == "Siehe\n\nDora:\n> Der Server\n> ist weg"


def test_threads_have_names_that_can_be_read_back() -> None:
    for channel, thread_ts in (("D1", ""), ("C1", "1764000001.000002")):
        assert parse.place(parse.thread_key(TEAM, channel, thread_ts)) == (channel, thread_ts)


@pytest.mark.parametrize(
    ("more", "is_member"),
    [
        ({}, True),
        ({"is_restricted": True}, False),
        ({"is_ultra_restricted": True}, False),
        ({"team_id": "T0OTHER"}, False),
        ({"deleted": True}, False),
        ({"is_email_confirmed": False}, False),
        ({"profile": {"real_name": "Carla"}}, False),
    ],
)
def test_whose_address_the_workspace_can_vouch_for(more: dict[str, Any], is_member: bool) -> None:
    user = {"id": "U1", "team_id": TEAM, "locale": "de-DE", "profile": {"real_name": "Carla", "email": "C@A.example"}}
    found = parse.profile({**user, **more}, TEAM)
    assert (found.is_member, found.language, found.name) == (is_member, "de", "Carla")
