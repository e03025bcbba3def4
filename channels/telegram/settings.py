"""What is set of one bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from channels.telegram.client import API


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """One bot. ``name`` is what the desk is called there, ``language`` what it speaks with people it knows nothing of.

    ``consent`` holds, by language, an admin's own text in the place of the shipped one. ``api_url`` is Telegram's, or
    that of a Bot API server of one's own.
    """

    token: str = field(repr=False)
    name: str
    receive: Literal["polling", "webhook"] = "polling"
    language: str = "de"
    consent: Mapping[str, str] = field(default_factory=dict)
    privacy_url: str = ""
    api_url: str = API

    @property
    def bot_id(self) -> int:
        """A token begins with the bot's id; it stays when the token is renewed."""
        return int(self.token.partition(":")[0])
