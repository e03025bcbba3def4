"""The channels there are. A new one adds its line here; docs/channels/README.md says what it needs."""

from __future__ import annotations

from channels.base import Adapter
from channels.mail.adapter import MailAdapter
from channels.phone.adapter import PhoneAdapter
from channels.slack.adapter import SlackAdapter
from channels.telegram.adapter import TelegramAdapter
from channels.webchat.adapter import WebChatAdapter


def adapters() -> dict[str, Adapter]:
    """An adapter of every kind, by its key; each process makes its own."""
    found: tuple[Adapter, ...] = (WebChatAdapter(), MailAdapter(), SlackAdapter(), TelegramAdapter(), PhoneAdapter())
    return {adapter.kind.key: adapter for adapter in found}
