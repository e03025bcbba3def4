"""The channels there are. A new one adds its line here; docs/channels/README.md says what it needs."""

from __future__ import annotations

from channels.base import Adapter
from channels.fax.adapter import FaxAdapter
from channels.mail.adapter import MailAdapter
from channels.mail.listener import Listeners
from channels.phone.adapter import PhoneAdapter
from channels.slack.adapter import SlackAdapter
from channels.telegram.adapter import TelegramAdapter
from channels.webchat.adapter import WebChatAdapter


def adapters() -> dict[str, Adapter]:
    """An adapter of every kind, by its key; each process makes its own."""
    listeners = Listeners()
    found: tuple[Adapter, ...] = (
        WebChatAdapter(),
        MailAdapter(listeners),
        SlackAdapter(),
        TelegramAdapter(),
        PhoneAdapter(),
        FaxAdapter(listeners),
    )
    return {adapter.kind.key: adapter for adapter in found}
