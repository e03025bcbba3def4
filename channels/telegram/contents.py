"""What a message holds: text, one file at most, and what a ticket can only name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from telegram import (
    Animation,
    Audio,
    Document,
    Message,
    MessageEntity,
    MessageOriginChannel,
    MessageOriginChat,
    User,
    Video,
    VideoNote,
    Voice,
)

MAX_DOWNLOAD = 20 * 1024 * 1024
"""Bytes that a bot may fetch (https://core.telegram.org/bots/api#getfile)."""
MAX_PHOTO, MAX_UPLOAD = 10 * 1024 * 1024, 50 * 1024 * 1024
"""Bytes that a bot may send as a picture, and as a file (https://core.telegram.org/bots/api#sending-files)."""
PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp")

_KINDS: Mapping[str, tuple[str, str]] = {
    "animation": ("mp4", "video/mp4"),
    "audio": ("mp3", "audio/mpeg"),
    "voice": ("ogg", "audio/ogg"),
    "video": ("mp4", "video/mp4"),
    "video_note": ("mp4", "video/mp4"),
    "document": ("bin", "application/octet-stream"),
}
"""What a file is called, and is, where the message does not say."""


class What(StrEnum):
    """What a message may hold that a ticket can only name."""

    LOCATION = "location"
    VENUE = "venue"
    CONTACT = "contact"
    STICKER = "sticker"
    POLL = "poll"
    DICE = "dice"
    FORWARDED = "forwarded"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Extra:
    what: What
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TelegramFile:
    """A file that still lies with Telegram; ``size`` in bytes, None where it is not known."""

    id: str
    name: str
    media_type: str
    size: int | None


def text_of(message: Message) -> str:
    """Text or caption; where a link hides behind a word, its address follows."""
    text = message.text or message.caption or ""
    units = text.encode("utf-16-le")
    for entity in reversed(message.entities or message.caption_entities):
        if entity.type == MessageEntity.TEXT_LINK and entity.url:
            end = 2 * (entity.offset + entity.length)
            units = units[:end] + f" ({entity.url})".encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le", "replace").replace("\0", "").strip()


def quoted(message: Message) -> str:
    """What the message answers, where that is worth reading with it."""
    if message.quote is not None:
        return message.quote.text
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None:
        return ""
    return answered.text or answered.caption or ""


def extras(message: Message, nothing_else: bool) -> Iterator[Extra]:
    """What is neither text nor a file; at least that there is something, if there is nothing else."""
    if (forwarded := message.forward_origin) is not None:
        yield Extra(What.FORWARDED, {"name": _original_author(message) or forwarded.type})
    if message.venue is not None:
        venue = message.venue
        yield Extra(What.VENUE, {"title": venue.title, "address": venue.address, **_coordinates(message)})
    elif message.location is not None:
        yield Extra(What.LOCATION, _coordinates(message))
    elif message.contact is not None:
        contact = message.contact
        name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
        yield Extra(What.CONTACT, {"name": name, "phone": contact.phone_number})
    elif message.sticker is not None:
        yield Extra(What.STICKER, {"emoji": message.sticker.emoji or "🙂"})
    elif message.poll is not None:
        options = " / ".join(option.text for option in message.poll.options)
        yield Extra(What.POLL, {"question": message.poll.question, "options": options})
    elif message.dice is not None:
        yield Extra(What.DICE, {"emoji": message.dice.emoji, "value": str(message.dice.value)})
    elif nothing_else:
        yield Extra(What.OTHER)


def _coordinates(message: Message) -> dict[str, str]:
    location = message.location or (message.venue.location if message.venue is not None else None)
    if location is None:
        return {}
    return {"latitude": f"{location.latitude:.5f}", "longitude": f"{location.longitude:.5f}"}


def _original_author(message: Message) -> str:
    origin = message.forward_origin
    if isinstance(origin, MessageOriginChat):
        return origin.sender_chat.effective_name or ""
    if isinstance(origin, MessageOriginChannel):
        return origin.chat.effective_name or ""
    user: User | None = getattr(origin, "sender_user", None)
    return user.full_name if user is not None else str(getattr(origin, "sender_user_name", ""))


def file_of(message: Message) -> TelegramFile | None:
    """The file a message carries; of a picture its largest size that may be fetched."""
    if message.photo:
        best = max(message.photo, key=lambda size: ((size.file_size or 0) <= MAX_DOWNLOAD, size.width * size.height))
        return TelegramFile(best.file_id, f"photo-{message.message_id}.jpg", "image/jpeg", best.file_size)
    for kind, (ending, media_type) in _KINDS.items():
        file: Animation | Audio | Document | Video | VideoNote | Voice | None = getattr(message, kind)
        if file is not None:
            given = str(getattr(file, "file_name", None) or "").replace("\\", "/").rpartition("/")[2].strip()
            name = given[:200] or f"{kind.replace('_', '-')}-{message.message_id}.{ending}"
            stated = str(getattr(file, "mime_type", None) or media_type)
            return TelegramFile(file.file_id, name, stated[:127], file.file_size)
    return None
