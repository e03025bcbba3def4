"""Header text as people read it: encoded words (RFC 2047) decoded, what nobody sees taken out. Pure; never raises."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from channels.mail.charsets import decode

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Characters that nobody sees and that only disturb or deceive: controls, marks of direction, halves of characters."""


def one_line(text: str) -> str:
    """Text without line breaks, and without what nobody sees."""
    return " ".join((text if text.isprintable() else _UNSEEN.sub("", text)).split())


def hides(text: str) -> bool:
    """Whether text has marks that turn the direction of what follows, by which names and endings are forged."""
    return any(character in text for character in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


def words(text: str) -> str:
    """A field with its encoded words decoded; a character cut in two by adjacent words is put together again."""
    if "=?" not in text:
        return text
    result: list[str] = []
    pending: tuple[str, bytes] | None = None
    place = 0
    for start, end, charset, content in _encoded(text):
        between = text[place:start]
        if pending is not None and (between.strip() or pending[0] != charset):
            result.append(decode(pending[1], pending[0]))
            pending = None
        if between.strip() or place == 0:
            result.append(between)
        pending = (charset, (pending[1] if pending is not None else b"") + content)
        place = end
    if pending is not None:
        result.append(decode(pending[1], pending[0]))
    return "".join([*result, text[place:]])


def _encoded(text: str) -> Iterator[tuple[int, int, str, bytes]]:
    place = 0
    while (match := _WORD.search(text, place)) is not None:
        end = text.find("?=", match.end())
        if end < 0:
            return
        charset, encoding, content = match.group(1), match.group(2), text[match.end() : end]
        if "=?" in content:
            # An unfinished word before this one.
            place = match.end()
            continue
        bytes_ = _from_q(content) if encoding in "qQ" else unbase64(content.encode("ascii", "ignore"))
        yield match.start(), end + 2, charset.partition("*")[0].lower(), bytes_
        place = end + 2


def _from_q(content: str) -> bytes:
    raw = content.replace("_", " ").encode("utf-8", "surrogatepass")
    return _Q_ESCAPE.sub(lambda match: bytes([int(match.group(1), 16)]), raw)


def unbase64(content: bytes) -> bytes:
    """As much of Base64 as can be read: foreign characters are passed over, and padding may stand in the middle."""
    content = content.translate(None, _NOT_BASE64)
    whole, _, rest = content.partition(b"=")
    return _unpadded(whole) if not rest else b"".join(_unpadded(run) for run in [whole, *rest.split(b"=")])


def _unpadded(run: bytes) -> bytes:
    # A single character left over is six bits, of which no byte can be made.
    run = run if len(run) % 4 != 1 else run[:-1]
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def quoted(text: str, start: int) -> tuple[str, int]:
    """A quoted string from behind its first quotation mark, and the place behind its last one."""
    result: list[str] = []
    place = start
    while place < len(text):
        end = min((found for mark in '"\\' if (found := text.find(mark, place)) >= 0), default=len(text))
        result.append(text[place:end])
        if text[end : end + 1] != "\\":
            return "".join(result), end + 1
        # Only what must be escaped is: in the names of files a backslash is one.
        escaped = text[end + 1 : end + 2]
        result.append(escaped if escaped in '"\\' else f"\\{escaped}")
        place = end + 2
    return "".join(result), len(text)
