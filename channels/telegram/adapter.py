"""Telegram, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from channels.telegram.configuration import TelegramConfiguration
from core.inboxes.kinds import InboxSettings, Kind, Step
from core.values import InboxStyle

if TYPE_CHECKING:
    from channels.base import Surroundings
    from channels.telegram.channel import Telegram


def _steps(inbox: InboxSettings[TelegramConfiguration], public_url: str) -> Sequence[Step]:
    return (
        Step("Tell people the name of the bot, such as @example_desk_bot. Whoever opens it presses “Start”."),
        Step("For groups: add the bot as a member. It answers who mentions it, replies to it or gives it a command."),
    )


KIND = Kind(
    key="telegram",
    title="Telegram",
    description="A bot on Telegram: people write to it from their phone, alone or in groups.",
    style=InboxStyle.DIALOGUE,
    address_kind="telegram",
    configuration=TelegramConfiguration,
    pushes=True,
    can_test=True,
    steps=_steps,
)


class TelegramAdapter:
    kind = KIND

    def build(self, inbox: InboxSettings[TelegramConfiguration], desk: Surroundings) -> Telegram:
        from channels.telegram.channel import Telegram

        return Telegram(inbox, desk)
