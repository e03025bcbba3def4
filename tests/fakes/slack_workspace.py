"""What a Slack workspace holds, and the payloads it makes of what people do there.

Shapes after https://docs.slack.dev/reference/events/message and https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

TEAM, APP, BOT_USER, BOT = "T0DESK", "A0DESK", "U0DESK", "B0DESK"
VERIFICATION = "the deprecated verification token"

Json = dict[str, Any]


class Refused(Exception):
    """What a method answers as ``ok: false``."""


@dataclass
class Channel:
    """``user`` is who a channel of direct messages is with."""

    id: str
    name: str = ""
    user: str = ""
    is_private: bool = False
    is_archived: bool = False
    members: set[str] = field(default_factory=set)
    messages: list[Json] = field(default_factory=list)

    @property
    def is_im(self) -> bool:
        return bool(self.user)

    @property
    def kind(self) -> str:
        return "im" if self.is_im else "group" if self.is_private else "channel"

    def message(self, ts: str) -> Json:
        found = next((one for one in self.messages if one["ts"] == ts), None)
        if found is None:
            raise Refused("message_not_found")
        return found


class Workspace:
    """Users, channels and messages; who may see what."""

    def __init__(self) -> None:
        self.users: dict[str, Json] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, tuple[Json, bytes]] = {}
        self._numbers = itertools.count(1)
        self.add_user(BOT_USER, "Service Desk", "", is_bot=True)

    def number(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):07d}"

    def add_user(self, user: str, name: str, email: str, locale: str = "de-DE", **more: Any) -> None:
        profile = {"real_name": name, "display_name": name.split()[0], **({"email": email} if email else {})}
        self.users[user] = {
            "id": user,
            "team_id": TEAM,
            "name": name.split()[0].lower(),
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_email_confirmed": True,
            "locale": locale,
            "profile": profile,
            **more,
        }

    def add_channel(self, channel: str, name: str, *members: str, is_private: bool = False) -> None:
        self.channels[channel] = Channel(channel, name, is_private=is_private, members=set(members))

    def direct(self, user: str) -> Channel:
        """The direct messages between the app and somebody."""
        if user not in self.users:
            raise Refused("user_not_found")
        for channel in self.channels.values():
            if channel.user == user:
                return channel
        made = Channel(self.number("D"), user=user, members={user, BOT_USER})
        self.channels[made.id] = made
        return made

    def visible(self, channel: str) -> Channel:
        """A channel as the app sees it: public ones, and those it is a member of. A person's id stands for theirs."""
        if channel in self.users:
            return self.direct(channel)
        found = self.channels.get(channel)
        if found is None or ((found.is_private or found.is_im) and BOT_USER not in found.members):
            raise Refused("channel_not_found")
        return found

    def add_message(self, channel: Channel, user: str, text: str, thread_ts: str = "", **more: Any) -> Json:
        ts = f"17640{next(self._numbers):05d}.{next(self._numbers):06d}"
        message = {"type": "message", "user": user, "text": text, "ts": ts, "team": TEAM, **more}
        if thread_ts:
            root = next((one for one in channel.messages if one["ts"] == thread_ts), None)
            message |= {"thread_ts": thread_ts, "parent_user_id": root["user"] if root is not None else ""}
            if root is not None:
                root["thread_ts"] = thread_ts
        channel.messages.append(message)
        return message

    # -- payloads ---------------------------------------------------------------------------------------------------

    def event(self, inner: Json) -> Json:
        event_id = self.number("Ev")
        return {
            "token": VERIFICATION,
            "team_id": TEAM,
            "api_app_id": APP,
            "event": inner,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": 1764060000,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }

    def message_events(self, channel: Channel, message: Json) -> list[Json]:
        """What the app hears of a message: nothing where it is no member, and a mention by itself as well."""
        if BOT_USER not in channel.members:
            return []
        common = {key: value for key, value in message.items() if key != "blocks"} | {"channel": channel.id}
        found = [self.event({**common, "channel_type": channel.kind, "event_ts": message["ts"]})]
        if f"<@{BOT_USER}>" in message["text"] and not channel.is_im and "bot_id" not in message:
            mention = {key: value for key, value in common.items() if key != "subtype"}
            found.append(self.event({**mention, "type": "app_mention", "event_ts": message["ts"]}))
        return found

    def changed_event(self, channel: Channel, message: Json, before: Json) -> Json:
        inner = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": channel.id}
        more = {"message": message, "previous_message": before, "ts": message["ts"], "channel_type": channel.kind}
        return self.event({**inner, **more})

    def deleted_event(self, channel: Channel, before: Json) -> Json:
        inner = {"type": "message", "subtype": "message_deleted", "hidden": True, "channel": channel.id}
        return self.event({**inner, "deleted_ts": before["ts"], "previous_message": before, "ts": before["ts"]})

    def interaction(self, kind: str, user: str, **more: Any) -> Json:
        person = {"id": user, "username": self.users[user]["name"], "team_id": TEAM}
        team = {"id": TEAM, "domain": "desk"}
        return {"type": kind, "token": VERIFICATION, "api_app_id": APP, "team": team, "user": person, **more}


def check_blocks(blocks: list[Json]) -> None:
    """The limits of Block Kit (https://docs.slack.dev/reference/block-kit/blocks)."""
    if len(blocks) > 50:
        raise Refused("invalid_blocks")
    size = 0
    for block in blocks:
        if block["type"] == "section":
            _at_most(block["text"]["text"], 3000)
        elif block["type"] == "actions":
            if not 1 <= len(block["elements"]) <= 25:
                raise Refused("invalid_blocks")
            for element in block["elements"]:
                _at_most(element["text"]["text"], 75)
                _at_most(element.get("value", "x"), 2000)
            if len({element["action_id"] for element in block["elements"]}) < len(block["elements"]):
                raise Refused("invalid_blocks")
        size += len("".join(_texts(block)))
    if size > 13_000:
        raise Refused("msg_blocks_too_long")


def _at_most(text: str, characters: int) -> None:
    if not 1 <= len(text) <= characters:
        raise Refused("invalid_blocks")


def _texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [str(part[key]) for key in ("text", "url") if isinstance(part.get(key), str)]
        return own + [text for value in part.values() if not isinstance(value, str) for text in _texts(value)]
    return [text for one in part for text in _texts(one)] if isinstance(part, list) else []


def shown(message: Json) -> str:
    """What a person reads: rich text as it is, mrkdwn with its entities read."""
    parts = []
    for block in message.get("blocks", []):
        if block["type"] == "rich_text":
            parts.append("".join(_texts(block)))
        elif block["type"] in ("section", "context"):
            parts.append(_read("".join(_texts(block))))
    return "\n\n".join(parts) if parts else _read(message["text"])


def _read(mrkdwn: str) -> str:
    return mrkdwn.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
