"""Where something was said, as the desk names it: the bot, the chat and, in a forum, the topic."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """One thread. ``topic`` is a forum topic's id; groups have negative ids, people positive ones."""

    bot_id: int
    chat_id: int
    topic: int | None = None

    @property
    def thread_key(self) -> str:
        """With the bot in it: one person who writes to two bots has two conversations."""
        return ":".join(str(part) for part in self if part is not None)

    @classmethod
    def of(cls, thread_key: str) -> Place:
        return cls(*(int(part) for part in thread_key.split(":")))

    @property
    def is_private(self) -> bool:
        return self.chat_id > 0

    def external_id(self, message_id: int) -> str:
        """A message's public id: Telegram numbers messages within a chat, and for every bot anew."""
        return f"{self.bot_id}:{self.chat_id}:{message_id}"


def message_id(external_id: str) -> int:
    """Telegram's own number of a message."""
    return int(external_id.rpartition(":")[2])
