"""The channels there are. A new one adds its line here; docs/channels/README.md says what it needs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from channels.fax.adapter import FaxAdapter
from channels.mail.adapter import MailAdapter
from channels.phone.adapter import PhoneAdapter
from channels.slack.adapter import SlackAdapter
from channels.telegram.adapter import TelegramAdapter
from channels.webchat.adapter import WebChatAdapter
from core.inboxes.kinds import Kinds

if TYPE_CHECKING:
    from channels.base import Adapter
    from channels.mail.listener import Listeners


def adapters() -> dict[str, Adapter]:
    """An adapter of every kind, by its key; each process makes its own."""
    listeners = cache(_listeners)
    found: tuple[Adapter, ...] = (
        WebChatAdapter(),
        MailAdapter(listeners),
        SlackAdapter(),
        TelegramAdapter(),
        PhoneAdapter(),
        FaxAdapter(listeners),
    )
    return {adapter.kind.key: adapter for adapter in found}


def _listeners() -> Listeners:
    """Mail and faxes by mail share the ports they listen at."""
    from channels.mail.listener import Listeners

    return Listeners()


def kinds() -> Kinds:
    """What every channel says of itself."""
    return {key: adapter.kind for key, adapter in adapters().items()}
