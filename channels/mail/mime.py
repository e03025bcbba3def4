"""The structure of a mail: parts within parts (RFC 2045, RFC 2046), each with its bytes exactly as they came.

Read from the outside to the inside: a multipart's delimiters divide it before what is between them is looked at, so a
part that never ends cannot swallow the next one, and depth, number and time are bounded whatever arrives.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.mail.headers import Headers, content_type, disposition, read_head
from channels.mail.words import one_line, unbase64, words

MAX_DEPTH = 30
MAX_PARTS = 500
"""So many parts are told apart; what comes after them stays together as one more."""
MAX_LOOKS = 100_000
"""So many places that might be a delimiter are looked at."""

_GUESSED_BOUNDARY = re.compile(rb"^--([^\s-][^\r\n]{0,100}?)[ \t]*\r?\n(?=[A-Za-z-]{3,60}:|\r?\n)", re.MULTILINE)
_BLANK = re.compile(rb"(?:[ \t]*\r?\n){1,100}")
_MBOX = re.compile(rb">?From (?![ \t]*:)[^\r\n]{1,500}\r?\n")
_UU_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,4}[ \t]+([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """A mail or one of its parts. ``kind`` is its media type; ``body`` what stands behind its head, still encoded.

    ``parts`` are those of a multipart that could be divided. ``is_rest`` marks the one that holds what was too much.
    ``begins`` is where in the mail the body begins.
    """

    headers: Headers
    kind: str
    parameters: dict[str, str]
    body: bytes
    parts: tuple[Part, ...] = ()
    is_rest: bool = False
    begins: int = 0

    @property
    def disposition(self) -> str:
        return disposition(self.headers.raw("content-disposition"))[0]

    @property
    def charset(self) -> str | None:
        return self.parameters.get("charset")

    @property
    def filename(self) -> str:
        """The name it was given, as it stands there; empty if it has none."""
        named = disposition(self.headers.raw("content-disposition"))[1].get("filename")
        return words(named or self.parameters.get("name", ""))

    @property
    def content_id(self) -> str:
        return one_line(self.headers.raw("content-id")).strip("<> ")

    def content(self) -> bytes:
        """The body with its transfer encoding taken off, as far as it can be."""
        match self.headers.raw("content-transfer-encoding").partition(";")[0].strip(" \t\"'").lower():
            case "base64":
                return unbase64(self.body)
            case "quoted-printable":
                return quopri.decodestring(self.body)
            case "x-uuencode" | "uuencode" | "x-uue" | "uue":
                return _from_uu(self.body) or self.body
            case _:
                return self.body

    def leaves(self) -> Iterator[Part]:
        """The parts that carry something, in their order."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


def read(raw: bytes) -> Part:
    """A whole mail."""
    if b"\n" not in raw and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    return _Reader(raw).part(_beginning(raw), len(raw), 0, "text/plain")


def _beginning(raw: bytes) -> int:
    """Where the head begins: behind blank lines, a byte order mark, and the line that mbox files put before it."""
    place = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    if (blank := _BLANK.match(raw, place)) is not None:
        place = blank.end()
    if (separator := _MBOX.match(raw, place)) is not None:
        place = separator.end()
    return place


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._left = MAX_PARTS
        self._looks = MAX_LOOKS

    def part(self, start: int, end: int, depth: int, default: str) -> Part:
        headers, body = read_head(self._raw, start, end)
        kind, parameters = content_type(headers.raw("content-type"))
        kind = kind or default
        parts: tuple[Part, ...] = ()
        if kind.startswith("multipart/") and depth < MAX_DEPTH:
            inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            parts = self._divided(parameters.get("boundary", ""), body, end, depth, inner)
            if not parts:
                # It says that it is divided and is not: what there is can be read all the same.
                kind = "text/plain" if b"\0" not in self._raw[body : body + 1000] else "application/octet-stream"
        self._left -= 1
        return Part(headers, kind, parameters, b"" if parts else self._raw[body:end], parts, begins=body)

    def _divided(self, boundary: str, start: int, end: int, depth: int, default: str) -> tuple[Part, ...]:
        delimiter = b"--" + boundary.rstrip().encode("utf-8", "surrogatepass")
        spans = list(self._spans(delimiter, start, end)) if boundary.strip() else []
        if not spans and (guessed := _GUESSED_BOUNDARY.search(self._raw, start, min(end, start + 20_000))) is not None:
            spans = list(self._spans(b"--" + guessed.group(1), start, end))
        parts: list[Part] = []
        for begin, stop in spans:
            if self._left <= 0:
                rest = self._raw[begin : spans[-1][1]]
                return (*parts, Part(Headers({}), "application/octet-stream", {}, rest, is_rest=True))
            parts.append(self.part(begin, stop, depth + 1, default))
        return tuple(parts)

    def _spans(self, delimiter: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """From where to where each part goes; the line break before a delimiter belongs to the delimiter."""
        raw = self._raw
        begin: int | None = None
        place = start
        while self._looks > 0 and (found := raw.find(delimiter, place, end)) >= 0:
            self._looks -= 1
            place = found + len(delimiter)
            line_end = raw.find(b"\n", place, end)
            tail = raw[place : min(place + 100, line_end if line_end >= 0 else end)]
            at_line = found == start or raw[found - 1 : found] == b"\n"
            if not at_line or tail.strip(b" \t\r") not in (b"", b"--"):
                continue
            if begin is not None:
                yield begin, max(begin, found - (2 if raw[found - 2 : found] == b"\r\n" else 1))
            place = line_end if line_end >= 0 else end
            # Behind the last delimiter there should be none, and sometimes are more.
            begin = None if tail.startswith(b"--") else min(place + 1, end)
        if begin is not None and begin < end:
            yield begin, end


def uuencoded(text: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Files that stand uuencoded in the middle of a text (as before MIME), and the text without them."""
    found: list[tuple[str, bytes]] = []
    kept: list[bytes] = []
    place = 0
    while len(found) < MAX_PARTS and (begin := _UU_BEGIN.search(text, place)) is not None:
        end = _UU_END.search(text, begin.end())
        if end is None:
            break
        content = _from_uu(text[begin.end() : end.start()])
        if not content:
            kept.append(text[place : end.end()])
        else:
            kept.append(text[place : begin.start()])
            found.append((one_line(begin.group(1).decode("utf-8", "replace")), content))
        place = end.end()
    return b"".join([*kept, text[place:]]), found


def _from_uu(body: bytes) -> bytes:
    """The bytes of uuencoded lines, with or without the lines around them; empty if there is none."""
    begin, end = _UU_BEGIN.search(body), _UU_END.search(body)
    lines = body[begin.end() if begin is not None else 0 : end.start() if end is not None else len(body)]
    result = []
    for line in lines.splitlines():
        if not line:
            continue
        # Some encoders write too much at the end of a line, and some relays take blanks off it.
        length = ((((line[0] - 32) & 63) * 4 + 5) // 3) + 1
        try:
            result.append(binascii.a2b_uu(line[:length]))
        except binascii.Error:
            continue
    return b"".join(result)


def read_headers(raw: bytes) -> Headers:
    """The head of a mail alone."""
    return read_head(raw, _beginning(raw), len(raw))[0]
