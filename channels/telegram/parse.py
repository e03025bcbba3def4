"""What an update says, without asking anybody: https://core.telegram.org/bots/api#update. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Message, MessageEntity, Update, User
from telegram.constants import ChatType, MessageType

from channels.telegram.contents import Extra, TelegramFile, extras, file_of, quoted, text_of
from channels.telegram.place import Place
from core.values import Address

UPDATES = ("message", "edited_message", "callback_query")
"""The kinds of updates that are asked for."""
COMMANDS = ("start", "help", "status", "human", "language")
KIND = "telegram"
"""The kind of a requester's address."""

_SENT_BY_PEOPLE = frozenset(
    {
        *("animation", "audio", "checklist", "contact", "dice", "document", "game", "giveaway", "live_photo"),
        *(
            "location",
            "paid_media",
            "photo",
            "poll",
            "sticker",
            "story",
            "text",
            "venue",
            "video",
            "video_note",
            "voice",
        ),
    }
)
_REMARKS = frozenset(
    {"business_connection_id", "effect_id", "reply_to_story", "sender_boost_count", "sender_business_bot"}
)
_WHO_WROTE_WHAT = (
    *("message_id", "date", "edit_date", "chat", "from", "sender_chat", "message_thread_id", "is_topic_message"),
    *("text", "entities", "caption", "caption_entities", "media_group_id"),
)
_EVENTS = tuple(str(kind) for kind in MessageType if kind not in _SENT_BY_PEOPLE and kind not in _REMARKS)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who did something and where; ``language`` is what their Telegram is set to, if the desk speaks it."""

    place: Place
    sender: Address
    language: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """A message, or a new version of one (``is_revision``). ``album`` is what pictures sent as one have in common."""

    origin: Origin
    dedupe_key: str
    external_id: str
    text: str
    quoted: str
    files: tuple[TelegramFile, ...]
    extras: tuple[Extra, ...]
    album: str | None
    is_revision: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One of ``COMMANDS``. ``message_id`` is what an answer in a group refers to."""

    origin: Origin
    dedupe_key: str
    name: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button; ``data`` is what the desk wrote into it, or what somebody wants us to believe so."""

    origin: Origin
    query_id: str
    message_id: int
    data: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A group became a supergroup and has another id from now on."""

    dedupe_key: str
    old: Place
    new: Place


@dataclass(frozen=True, slots=True)
class Passed:
    """Nothing for the desk, and why."""

    dedupe_key: str
    reason: str


def chat_of(raw: Mapping[str, Any]) -> int:
    """The chat that an update is about, before anything else in it is read; 0 if there is none."""
    for kind in UPDATES:
        content = raw.get(kind)
        if isinstance(content, dict):
            about = content.get("message", content)
            return int(about.get("chat", {}).get("id", 0)) if isinstance(about, dict) else 0
    return 0


def bare(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The update with nothing in its message but who wrote what to whom: what the library can always read."""
    kept = {kind: _bare(raw[kind]) for kind in UPDATES if isinstance(raw.get(kind), dict)}
    return {"update_id": raw["update_id"], **kept}


def _bare(message: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: message[name] for name in _WHO_WROTE_WHAT if name in message}
    if isinstance(answered := message.get("reply_to_message"), dict):
        kept["reply_to_message"] = _bare(answered)
    return kept


Parsed = Said | Command | Pressed | Moved | Passed


def parse(update: Update, me: Me) -> Parsed:
    """What the update means for the bot ``me``."""
    key = f"{me.id}:update:{update.update_id}"
    if update.callback_query is not None:
        return _pressed(update.callback_query, me) or Passed(key, "a button without its message")
    if update.message is not None:
        return _message(update.message, me, key)
    if update.edited_message is not None:
        return _revision(update.edited_message, me, key)
    return Passed(key, "a kind of update that was not asked for")


def _pressed(query: CallbackQuery, me: Me) -> Pressed | None:
    if query.message is None or query.data is None:
        return None
    message = query.message if isinstance(query.message, Message) else None
    place = Place(me.id, query.message.chat.id, _topic(message) if message is not None else None)
    origin = Origin(place, _address(query.from_user), language_of(query.from_user))
    return Pressed(origin, query.id, query.message.message_id, query.data)


def _message(message: Message, me: Me, key: str) -> Parsed:
    place = Place(me.id, message.chat.id, _topic(message))
    if message.migrate_to_chat_id is not None:
        return Moved(key, place, Place(me.id, message.migrate_to_chat_id))
    if (event := _event(message)) is not None:
        return Passed(key, f"an event: {event}")
    if message.chat.type not in (ChatType.PRIVATE, ChatType.GROUP, ChatType.SUPERGROUP):
        return Passed(key, "not a chat with people")
    origin = _origin(message, place)
    if origin is None:
        return Passed(key, "sent by a machine")
    if (name := _command(message, me)) is not None:
        return Command(origin, place.external_id(message.message_id), name, message.message_id)
    if not place.is_private and not _is_addressed(message, me):
        return Passed(key, "not addressed to the bot")
    return _said(message, me, origin, place.external_id(message.message_id), is_revision=False)


def _revision(message: Message, me: Me, key: str) -> Parsed:
    if message.location is not None:
        return Passed(key, "a live location that moved")
    parsed = _message(message, me, key)
    if isinstance(parsed, Command):
        return Passed(key, "a changed command")
    if not isinstance(parsed, Said):
        return parsed
    return _said(message, me, parsed.origin, f"{parsed.external_id}:{key}", is_revision=True)


def _said(message: Message, me: Me, origin: Origin, key: str, is_revision: bool) -> Said:
    text = text_of(message)
    if not origin.place.is_private:
        text = re.sub(rf"\s*@{re.escape(me.username)}\b\s*", " ", text, flags=re.IGNORECASE).strip()
    file = file_of(message)
    return Said(
        origin=origin,
        dedupe_key=key,
        external_id=origin.place.external_id(message.message_id),
        text=text,
        quoted=quoted(message),
        files=(file,) if file is not None else (),
        extras=tuple(extras(message, nothing_else=not text and file is None)),
        album=message.media_group_id,
        is_revision=is_revision,
    )


# -- who, where, to whom --------------------------------------------------------------------------------------------


def language_of(user: User | None) -> str | None:
    """German or English as the person's Telegram is set (an IETF tag such as ``de-AT``); None for any other."""
    code = ((user.language_code if user is not None else None) or "")[:2].lower()
    return code if code in ("de", "en") else None


def _origin(message: Message, place: Place) -> Origin | None:
    """None if no person wrote it. An anonymous admin of a group speaks as the group."""
    user = message.from_user
    if message.sender_chat is not None:
        name = message.sender_chat.effective_name or ""
        return Origin(place, Address(KIND, str(message.sender_chat.id), name[:200]), None)
    if user is None or user.is_bot:
        return None
    return Origin(place, _address(user), language_of(user))


def _address(user: User) -> Address:
    return Address(KIND, str(user.id), user.full_name[:200])


def _topic(message: Message) -> int | None:
    return message.message_thread_id if message.is_topic_message else None


def _event(message: Message) -> str | None:
    if any(getattr(message, kind, None) for kind in _SENT_BY_PEOPLE):
        return None
    return next((kind for kind in _EVENTS if getattr(message, kind, None)), None)


def _command(message: Message, me: Me) -> str | None:
    """The command a message begins with, if it is one of ours and not meant for another bot."""
    first = next(iter(message.entities), None)
    if first is None or first.type != MessageEntity.BOT_COMMAND or first.offset != 0:
        return None
    name, _, bot = message.parse_entity(first).removeprefix("/").lower().partition("@")
    return name if name in COMMANDS and bot in ("", me.username.lower()) else None


def _is_addressed(message: Message, me: Me) -> bool:
    """Whether a message in a group is meant for the bot: it answers it, or names it."""
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == me.id:
        return True
    entities = message.parse_entities() if message.text else message.parse_caption_entities()
    return any(
        (entity.type == MessageEntity.MENTION and said.lower() == f"@{me.username.lower()}")
        or (entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id)
        or (entity.type == MessageEntity.BOT_COMMAND and said.lower().endswith(f"@{me.username.lower()}"))
        for entity, said in entities.items()
    )
