"""The head of a mail or of one of its parts: fields, encoded words, parameters and addresses. Pure; never raises.

Everything here takes time in proportion to what it reads, whatever it reads: the standard library's parsers of
parameters and encoded words take a minute for a field of 200 kB that is made for it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from channels.mail.charsets import decode

MAX_HEAD = 1024 * 1024
"""Bytes of a head that are read; the rest of a longer one is skipped."""
MAX_FIELDS = 1000
MAX_FIELD = 64 * 1024
"""Characters of one field."""
MAX_ADDRESSES = 1000
MAX_PARAMETERS = 100

_BLANK_LINE = re.compile(rb"\n\r?\n")
_UNINDENTED = re.compile(rb"\n(?![ \t])")
_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|content-[a-z-]{2,30}|received|reply-to|x-[\w-]{2,60})[ \t]*:",
    re.IGNORECASE,
)
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_ADDRESS = re.compile(
    r"(?:[^\s@<>\"(),:;\\]{1,64}|\"[^\"\\\r\n]{1,62}\")@(?:[^\s@<>\"(),:;\\\[\]]{1,255}|\[[0-9A-Fa-f:.IPv]{3,60}\])"
)
_PLAIN_MAILBOX = re.compile(r"([^\"(),:;<>@\\]{0,200})<([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,250}[A-Za-z0-9])>")
"""What nearly every address looks like."""
_SPACED = re.compile(r"[ \t]*([@.])[ \t]*")
_TOKEN = re.compile(r"[^\s;=\"]{1,100}")
_KIND = re.compile(r"([\w!#$&^.+-]{1,60})/([\w!#$&^.+-]{1,100})")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Characters that nobody sees and that only disturb or deceive: controls, marks of direction, halves of characters."""


class Mailbox(NamedTuple):
    """An address of a header; ``address`` in lower case, ``name`` as it was written."""

    name: str
    address: str


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


def one_line(text: str) -> str:
    """Text without line breaks, and without what nobody sees."""
    return " ".join((text if text.isprintable() else _UNSEEN.sub("", text)).split())


def hides(text: str) -> bool:
    """Whether text has marks that turn the direction of what follows, by which names and endings are forged."""
    return any(character in text for character in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


def clean(text: str) -> str:
    """Text that every database takes: without NUL and without halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode() if not text.isascii() else text.replace("\0", "")


# -- encoded words (RFC 2047) ----------------------------------------------------------------------------------------


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
            value, place = _quoted(text, place + 1)
        else:
            end = text.find(";", place)
            end = end if end >= 0 else len(text)
            value, place = text[place:end].strip(), end
        yield name, value


def _quoted(text: str, start: int) -> tuple[str, int]:
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


# -- addresses (RFC 5322, 3.4) ---------------------------------------------------------------------------------------


def mailboxes(value: str) -> list[Mailbox]:
    """The mailboxes of a list, groups opened. Structure first, decoding last: an encoded word makes no address."""
    if (plain := _PLAIN_MAILBOX.fullmatch(value)) is not None:
        return [Mailbox(one_line(words(plain.group(1))), plain.group(2).lower())]
    found: list[Mailbox] = []
    for phrase, bracketed, comments in _AddressList(value):
        mailbox = _mailbox(phrase, bracketed, comments)
        if mailbox is not None:
            found.append(mailbox)
            if len(found) >= MAX_ADDRESSES:
                break
    if not found and (anything := _ADDRESS.search(value)) is not None:
        found.append(Mailbox("", anything.group().lower()))
    return found


def _mailbox(phrase: str, bracketed: str | None, comments: str) -> Mailbox | None:
    if bracketed is not None:
        address = valid_address(bracketed)
        return Mailbox(one_line(words(phrase)) or one_line(words(comments)), address) if address else None
    if (address := valid_address(phrase)) is not None:
        return Mailbox(one_line(words(comments)), address)
    match = _ADDRESS.search(phrase)
    if match is None:
        return None
    name = phrase[: match.start()] + phrase[match.end() :]
    return Mailbox(one_line(words(name)).strip("'\" "), match.group().lower())


def valid_address(text: str) -> str | None:
    """A bare address in lower case, without a route and without blanks around its dots; None if it is none."""
    text = _without_comments(text.strip()).strip("<>").strip()
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    text = text.removeprefix("mailto:").strip("'")
    text = _SPACED.sub(r"\1", text) if '"' not in text else text
    return text.lower().rstrip(".") if len(text) <= 320 and _ADDRESS.fullmatch(text.rstrip(".")) else None


def _without_comments(text: str) -> str:
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = 0
    for mark in text[:2000]:
        depth += mark == "("
        if depth == 0:
            kept.append(mark)
        depth -= mark == ")" and depth > 0
    return "".join(kept)


class _AddressList:
    """Splits a list into (phrase, what stands in angle brackets, comments), one for each mailbox."""

    def __init__(self, value: str) -> None:
        self._text = value
        self._place = 0

    def __iter__(self) -> Iterator[tuple[str, str | None, str]]:
        phrase: list[str] = []
        comments: list[str] = []
        bracketed: str | None = None
        carried = ""
        for mark, content in self._tokens():
            if mark == "quoted":
                phrase.append(content)
            elif mark == "(":
                comments.append(content)
            elif mark == "<":
                bracketed = content if bracketed is None else bracketed
            elif mark == ":":
                phrase, comments, carried = (
                    ([], [], "") if "@" not in "".join(phrase) else ([*phrase, mark], comments, "")
                )
            elif mark in ",;":
                text = "".join(phrase).strip()
                if bracketed is None and "@" not in text:
                    # "Neumann, Carla <carla@…>" should have been quoted, and often is not.
                    carried = f"{carried}{text}, " if text and mark == "," else ""
                else:
                    yield carried + text, bracketed, " ".join(comments)
                    carried = ""
                phrase, comments, bracketed = [], [], None
            else:
                phrase.append(content)
        text = "".join(phrase).strip()
        if text or bracketed is not None:
            yield (carried + text if bracketed is not None else text), bracketed, " ".join(comments)

    def _tokens(self) -> Iterator[tuple[str, str]]:
        text = self._text
        while self._place < len(text):
            mark = text[self._place]
            if mark == '"':
                content, self._place = _quoted(text, self._place + 1)
                following = text[self._place : self._place + 1]
                # A quoted local part stays one with its domain.
                yield ("text", f'"{content}"') if following == "@" else ("quoted", content)
            elif mark == "(":
                yield mark, self._comment()
            elif mark == "<":
                yield mark, self._angle()
            elif mark in ",;:":
                self._place += 1
                yield mark, ""
            else:
                end = self._place
                while end < len(text) and text[end] not in '"(<,;:':
                    end += 1
                yield "text", text[self._place : end]
                self._place = end

    def _comment(self) -> str:
        depth, start = 0, self._place
        text = self._text
        while self._place < len(text):
            mark = text[self._place]
            if mark == "\\":
                self._place += 1
            elif mark == "(":
                depth += 1
            elif mark == ")":
                depth -= 1
                if depth == 0:
                    self._place += 1
                    return text[start + 1 : self._place - 1]
            self._place += 1
        return text[start + 1 :]

    def _angle(self) -> str:
        text = self._text
        start = self._place + 1
        place = start
        if text[place : place + 1] == '"':
            _, place = _quoted(text, place + 1)
        end = text.find(">", place)
        if end < 0:
            comma = text.find(",", place)
            end = comma if comma >= 0 else len(text)
            self._place = end
        else:
            self._place = end + 1
        return text[start:end]
