"""What is set of a Slack app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One app in one workspace. With ``app_token`` it is Socket Mode; without, Slack comes by HTTP and signs."""

    app_id: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    watched: frozenset[str]
    """Channels in which every message is a request."""
    rooms: Mapping[str, str]
    """Where the teams talk: a team's key and the channel."""
    trust_emails: bool
    """Whether the workspace's word is taken for its members' e-mail addresses."""
    language: str
    max_file_bytes: int
    api_url: str = "https://slack.com/api/"
