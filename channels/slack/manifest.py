"""The app's manifest: everything Slack must know of the app, to be pasted once. Pure.

Source: https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from channels.slack.parse import MAKE_TICKET
from web.languages import Translate

COMMAND = "/helpdesk"
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "hear where the app is mentioned",
    "channels:history": "read along in public channels that the app was invited to",
    "channels:join": "join a public channel when a ticket is made of a message there",
    "channels:read": "know which channels it is in",
    "chat:write": "answer",
    "commands": "offer the command and the shortcut",
    "files:read": "fetch pictures and files that people send",
    "files:write": "send files that staff attach",
    "groups:history": "read along in private channels that the app was invited to",
    "groups:read": "know which private channels it is in",
    "im:history": "read direct messages to the app",
    "im:read": "know its direct messages",
    "im:write": "write to people directly",
    "users:read": "know people's names and languages",
    "users:read.email": "recognise people, and staff who take over, by their e-mail addresses",
}
"""What the app may do, and why."""
EVENTS = ("app_mention", "message.channels", "message.groups", "message.im")


def manifest(name: str, events_url: str, _: Translate) -> str:
    """The YAML to paste. Without ``events_url`` it is for Socket Mode."""
    by_url = {"request_url": events_url} if events_url else {}
    values: dict[str, Any] = {
        "display_information": {"name": name[:35]},
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name[:80], "always_online": True},
            "shortcuts": [
                {
                    "name": _("Make a ticket of it"),
                    "type": "message",
                    "callback_id": MAKE_TICKET,
                    "description": _("Hands this message to the service desk"),
                }
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": _("Ask the service desk for help"),
                    "usage_hint": _("what it is about"),
                    "should_escape": True,
                    **({"url": events_url} if events_url else {}),
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**by_url, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **by_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not events_url,
            "token_rotation_enabled": False,
        },
    }
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)
    return text
