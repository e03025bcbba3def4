"""The web chat, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from channels.webchat.configuration import WebChatConfiguration
from core.inboxes.kinds import InboxSettings, Kind, Step
from core.values import InboxStyle

if TYPE_CHECKING:
    from channels.base import Surroundings
    from channels.webchat.channel import WebChat


def _steps(inbox: InboxSettings[WebChatConfiguration], public_url: str) -> Sequence[Step]:
    tag = (
        f'<script type="module" src="{public_url}/widget.js"></script>\n'
        f'<firstline-chat inbox="{inbox.configuration.key}" lang="{inbox.language}"></firstline-chat>'
    )
    return (Step("Copy this into every page that shall show the chat:", tag),)


KIND = Kind(
    key="webchat",
    title="Web chat",
    description="A chat on your own pages: one tag, and visitors can write.",
    style=InboxStyle.DIALOGUE,
    address_kind="webchat",
    configuration=WebChatConfiguration,
    steps=_steps,
)


class WebChatAdapter:
    kind = KIND

    def build(self, inbox: InboxSettings[WebChatConfiguration], desk: Surroundings) -> WebChat:
        from channels.webchat.channel import WebChat

        return WebChat(inbox, desk)
