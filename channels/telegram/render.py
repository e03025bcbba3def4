"""What the desk says as Telegram's messages: plain text in parts that fit, buttons, files. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageEntity, ReplyParameters

from channels.telegram.contents import MAX_PHOTO, PHOTO_TYPES
from channels.telegram.place import Place
from core.values import ActorKind, Choice, OutboundMessage, StoredFile

LIMIT = 4096
"""UTF-16 code units in one message (https://core.telegram.org/bots/api#sendmessage)."""
ROOM = LIMIT - 96
"""What a part may take: below it there must be room for the answer that was chosen."""
ROW = 30
"""Characters of titles that stand side by side on a phone."""
CHOSEN = "✓"
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class TextPart:
    """``bold`` is the length of the name it begins with, in UTF-16 code units."""

    text: str
    bold: int = 0
    keyboard: InlineKeyboardMarkup | None = None

    @property
    def entities(self) -> list[MessageEntity]:
        return [MessageEntity(MessageEntity.BOLD, 0, self.bold)] if self.bold else []


@dataclass(frozen=True, slots=True)
class FilePart:
    file: StoredFile
    as_photo: bool


Part = TextPart | FilePart


def parts(message: OutboundMessage) -> list[Part]:
    """The messages that one message becomes, always the same ones. Buttons stand below the last text."""
    name = message.author_name if message.author_kind is ActorKind.AGENT else ""
    texts = split(f"{name}:\n{message.text}" if name else message.text)
    found: list[Part] = [
        TextPart(
            text,
            length(name) if place == 0 else 0,
            keyboard(message.message_id, message.choices) if place == len(texts) - 1 else None,
        )
        for place, text in enumerate(texts)
    ]
    found += [FilePart(file, file.media_type in PHOTO_TYPES and file.size <= MAX_PHOTO) for file in message.attachments]
    return found


def reply(place: Place, message_id: int | None) -> ReplyParameters | None:
    """In a group an answer points at what it answers; between two it need not."""
    if place.is_private or message_id is None:
        return None
    return ReplyParameters(message_id, allow_sending_without_reply=True)


# -- text -----------------------------------------------------------------------------------------------------------


def length(text: str) -> int:
    """As Telegram counts: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def split(text: str, room: int = ROOM) -> list[str]:
    """The text in parts of at most ``room`` units, cut where it disturbs least: between paragraphs, lines, sentences,
    words, and only then anywhere. Nothing but the white space at a cut is lost."""
    found = []
    rest = text.strip()
    while length(rest) > room:
        cut = _cut(_beginning(rest, room))
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, rest] if rest else found


def _beginning(text: str, room: int) -> str:
    """As much of the text as fits; never half of a character."""
    return text.encode("utf-16-le")[: 2 * room].decode("utf-16-le", "ignore")


def _cut(fitting: str) -> int:
    """Where to cut; the first third is too early for anything but a text without any white space."""
    earliest = len(fitting) // 3
    for mark in ("\n\n", "\n", ". ", " "):
        if (place := fitting.rfind(mark, earliest)) > 0:
            return place + len(mark)
    return len(fitting)


# -- buttons --------------------------------------------------------------------------------------------------------


def keyboard(message_id: int, choices: Sequence[Choice]) -> InlineKeyboardMarkup | None:
    """The choices as buttons. A button says which choice of which message it is: Telegram keeps 64 bytes of it."""
    buttons = [InlineKeyboardButton(one.title, callback_data=f"c:{message_id}:{n}") for n, one in enumerate(choices)]
    return InlineKeyboardMarkup(list(_rows(buttons))) if buttons else None


def choice_of(data: str) -> tuple[int, int] | None:
    """The message and the place of the choice that a button stands for; None if it is none of ours."""
    kind, _, rest = data.partition(":")
    numbers = rest.split(":")
    if kind != "c" or len(numbers) != 2 or not all(one.isascii() and one.isdigit() for one in numbers):
        return None
    return int(numbers[0]), int(numbers[1])


def answer_key(place: Place, message_id: int) -> str:
    """The dedupe key of the one answer that a question has."""
    return f"{place.bot_id}:choice:{message_id}"


def languages() -> InlineKeyboardMarkup:
    """The languages the desk speaks, each in its own words."""
    titles = {"de": "Deutsch", "en": "English"}
    row = [InlineKeyboardButton(title, callback_data=f"l:{language}") for language, title in titles.items()]
    return InlineKeyboardMarkup([row])


def language_of(data: str) -> str | None:
    """The language that a button stands for; None if it is none of those."""
    return {"l:de": "de", "l:en": "en"}.get(data)


def answered(text: str, title: str) -> str:
    """The end of a question once it has been answered."""
    last = next(reversed(split(text)), "")
    mark = f"{CHOSEN} {title}"
    return f"{last}\n\n{_beginning(mark, LIMIT - ROOM - 2)}"


def _rows(buttons: Sequence[InlineKeyboardButton]) -> Iterator[list[InlineKeyboardButton]]:
    row: list[InlineKeyboardButton] = []
    for button in buttons:
        if row and sum(len(one.text) for one in (*row, button)) > ROW:
            yield row
            row = []
        row.append(button)
    yield row
