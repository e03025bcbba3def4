"""The head of a mail or of one of its parts: its fields, and the parameters in them. Pure; never raises.

Here and in ``words`` and ``addresses`` everything takes time in proportion to what it reads, whatever it reads: the
standard library takes a minute for a field of 200 kB that is made for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from channels.mail.addresses import MAX_ADDRESSES, Mailbox, mailboxes
from channels.mail.charsets import decode
from channels.mail.words import one_line, quoted, words

MAX_HEAD = 1024 * 1024
"""Bytes of a head that are read; the rest of a longer one is skipped."""
MAX_FIELDS = 1000
MAX_FIELD = 64 * 1024
"""Characters of one field."""
MAX_PARAMETERS = 100

_BLANK_LINE = re.compile(rb"\n\r?\n")
_UNINDENTED = re.compile(rb"\n(?![ \t])")
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]{2,30}|received|reply-to|x-[\w-]{2,60})[ \t]*:",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\s;=\"]{1,100}")
_KIND = re.compile(r"([\w!#$&^.+-]{1,60})/([\w!#$&^.+-]{1,100})")


class Headers:
    """The fields of one head, by lower-case name, read when they are asked for."""

    def __init__(self, fields: dict[str, list[bytes]]) -> None:
        self._fields = fields
        self._read: dict[str, str] = {}
        self._lists: dict[str, list[Mailbox]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def all(self, name: str) -> list[str]:
        """Every field of that name, unfolded, with its encoded words still encoded."""
        return [_unfolded(value) for value in self._fields.get(name, ())]

    def raw(self, name: str) -> str:
        """The first field of that name; empty if there is none."""
        found = self._read.get(name)
        if found is None:
            values = self._fields.get(name)
            found = self._read[name] = _unfolded(values[0]) if values else ""
        return found

    def text(self, name: str) -> str:
        """The first field of that name as a person reads it, in one line."""
        raw = self.raw(name)
        return one_line(words(raw)) if raw else ""

    def mailboxes(self, name: str) -> list[Mailbox]:
        """Everybody whom the fields of that name list."""
        found = self._lists.get(name)
        if found is None:
            found = [one for value in self.all(name) for one in mailboxes(value)][:MAX_ADDRESSES]
            self._lists[name] = found
        return found


def read_head(raw: bytes, start: int, end: int) -> tuple[Headers, int]:
    """The head that begins at ``start``, and where its body does: behind a blank line, or at what is no field."""
    fields: dict[str, list[bytes]] = {}
    count = 0
    place = start
    while place < end:
        if place - start > MAX_HEAD:
            blank = _BLANK_LINE.search(raw, place, end)
            return Headers(fields), blank.end() if blank is not None else end
        following = _line_end(raw, place, end)
        if raw[place:following].strip(b"\r\n") == b"":
            return Headers(fields), following
        match = _NAME.match(raw, place, following)
        if match is None:
            if not fields or not _goes_on(raw, following, end):
                return Headers(fields), place
            place = following
            continue
        if following < end and raw[following] in b" \t":
            last = _UNINDENTED.search(raw, following, end)
            following = last.end() if last is not None else end
        if count < MAX_FIELDS:
            count += 1
            name = match.group(1).decode("ascii").lower()
            fields.setdefault(name, []).append(raw[match.end() : min(following, match.end() + 4 * MAX_FIELD)])
        place = following
    return Headers(fields), end


def _goes_on(raw: bytes, place: int, end: int) -> bool:
    """Whether the head goes on behind a line that is no field: some gateways put such lines into it."""
    for _ in range(10):
        following = _line_end(raw, place, end)
        if _KNOWN.match(raw, place, following):
            return True
        if not raw[place:following].strip():
            return False
        place = following
    return False


def _line_end(raw: bytes, place: int, end: int) -> int:
    """Where the line after this one begins."""
    found = raw.find(b"\n", place, end)
    return found + 1 if found >= 0 else end


def _unfolded(value: bytes) -> str:
    if value.isascii() and b"\x1b" not in value:
        text = value.decode("ascii")
    else:
        text = decode(value.replace(b"\0", b""), None)
    return text[:MAX_FIELD].replace("\r", "").replace("\n", "").replace("\0", "").strip()


# -- parameters (RFC 2045, RFC 2231) ---------------------------------------------------------------------------------


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """The media type in lower case, empty if it is none, and its parameters."""
    head, _, rest = value.partition(";")
    match = _KIND.search(head)
    kind = f"{match.group(1)}/{match.group(2)}".lower() if match is not None else ""
    return kind, parameters(rest)


def disposition(value: str) -> tuple[str, dict[str, str]]:
    head, _, rest = value.partition(";")
    return head.strip().strip('"').lower(), parameters(rest)


def parameters(text: str) -> dict[str, str]:
    """The parameters behind a value; continued and encoded ones are put together. The first of a name counts."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, value in _parameters(text):
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(base, value)
            continue
        number = rest.rstrip("*")
        if number in ("", *map(str, range(MAX_PARAMETERS))):
            pieces.setdefault(base, {}).setdefault(int(number or 0), (rest.endswith("*") or not rest, value))
    for base, numbered in pieces.items():
        plain[base] = _joined([numbered[number] for number in sorted(numbered)])
    return plain


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    for _ in range(MAX_PARAMETERS):
        while place < len(text) and text[place] in "; \t\r\n":
            place += 1
        match = _TOKEN.match(text, place)
        if match is None:
            place = text.find(";", place)
            if place < 0:
                return
            continue
        name, place = match.group().lower(), match.end()
        while place < len(text) and text[place] in " \t":
            place += 1
        if text[place : place + 1] != "=":
            continue
        place += 1
        while place < len(text) and text[place] in " \t":
            place += 1
        if text[place : place + 1] == '"':
            value, place = quoted(text, place + 1)
        else:
            end = text.find(";", place)
            end = end if end >= 0 else len(text)
            value, place = text[place:end].strip(), end
        yield name, value


def _joined(pieces: list[tuple[bool, str]]) -> str:
    charset = ""
    content = b""
    for number, (is_encoded, value) in enumerate(pieces):
        if is_encoded:
            if number == 0 and value.count("'") >= 2:
                charset, _, value = value.split("'", 2)
            content += unquote_to_bytes(value)
        else:
            content += value.encode("utf-8", "surrogatepass")
    return decode(content, charset or None)
