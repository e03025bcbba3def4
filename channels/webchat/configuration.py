"""What is set of a widget: under which key and on which pages it works, and how much a visitor may do."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.inboxes.kinds import Configuration, Shown, refuse

LIMITS = "Limits"
MEGABYTE = 1024 * 1024
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        refuse("Small letters, digits and hyphens only, such as “main” or “customer-portal”.")
    return text


def _origin(text: str) -> str:
    if text == "*":
        return text
    parts = urlsplit(text.rstrip("/").lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        refuse("Write addresses of pages like https://www.example.com, without what follows, or * for every page.")
    return f"{parts.scheme}://{parts.netloc}"


class WebChatConfiguration(Configuration):
    """One widget."""

    key: Annotated[
        str,
        AfterValidator(_key),
        Shown("Key", "Names this chat in the tag on your pages. If you change it, change the tags as well."),
    ] = "main"
    allowed_origins: Annotated[
        tuple[Annotated[str, AfterValidator(_origin)], ...],
        Field(min_length=1),
        Shown(
            "Pages that may show it",
            "One a line, such as https://www.example.com. A * allows every page.",
            rows=3,
        ),
    ] = ("*",)
    max_attachment_megabytes: Annotated[int, Field(ge=1, le=100), Shown("Largest file in MB", "", LIMITS)] = 10
    max_message_characters: Annotated[
        int, Field(ge=100, le=100_000), Shown("Longest message in characters", "", LIMITS)
    ] = 8000
    messages_per_minute: Annotated[
        int, Field(ge=1, le=1_000_000), Shown("Messages a minute", "How much one visitor may write.", LIMITS)
    ] = 30
    sessions_per_hour: Annotated[
        int,
        Field(ge=1, le=1_000_000),
        Shown("Chats an hour", "How many may be begun from one network address. Offices often share one.", LIMITS),
    ] = 60

    @property
    def inbox_address(self) -> str:
        return self.key
