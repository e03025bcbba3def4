"""What is set of one bot: its token, how its messages come in, and what people read before they write."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from core.inboxes.kinds import Configuration, Shown, refuse

API = "https://api.telegram.org"
CONSENT = "Before somebody writes for the first time"
_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{10,100}")


def _token(token: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(token.get_secret_value()):
        refuse("That is no token. It looks like 123456:ABC-DEF1234ghIkl and comes from @BotFather.")
    return token


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        refuse("Please give a whole address, beginning with https://.")
    return text.rstrip("/")


class TelegramConfiguration(Configuration):
    """One bot."""

    token: Annotated[
        SecretStr,
        AfterValidator(_token),
        Shown(
            "Token",
            "In Telegram, write /newbot to @BotFather: it asks for a name and gives you the token. With /token it gives"
            " it again.",
        ),
    ]
    receive: Annotated[
        Literal["polling", "webhook"],
        Shown(
            "How messages come in",
            "Fetching works from everywhere, also from within a closed network. Being called is for a desk that "
            "Telegram can reach over HTTPS.",
            options={"polling": "We fetch them", "webhook": "Telegram calls us (webhook)"},
        ),
    ] = "polling"
    privacy_url: Annotated[
        str,
        AfterValidator(_web_address),
        Shown(
            "Your privacy statement",
            "Its address stands below the first words of the bot.",
            CONSENT,
            placeholder="https://www.example.com/privacy",
        ),
    ] = ""
    consent_de: Annotated[
        str,
        Shown("Your own first words, German", "Empty means Firstline's, which say what is kept.", CONSENT, rows=4),
    ] = ""
    consent_en: Annotated[str, Shown("Your own first words, English", "", CONSENT, rows=4)] = ""
    api_url: Annotated[
        str,
        AfterValidator(_web_address),
        Shown("Server", "Change it only if you run a Bot API server of your own.", "Connection"),
    ] = API

    @property
    def bot_id(self) -> int:
        """A token begins with the bot's id, which stays when the token is renewed."""
        return int(self.token.get_secret_value().partition(":")[0])

    @property
    def inbox_address(self) -> str:
        return str(self.bot_id)

    @property
    def is_exclusive(self) -> bool:
        return self.receive == "polling"

    def consent(self, language: str) -> str:
        """The admin's own first words, if there are any."""
        return {"de": self.consent_de, "en": self.consent_en}.get(language, "")
