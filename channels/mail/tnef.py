"""``winmail.dat``: what Outlook wraps files in when it thinks that everybody has Outlook ([MS-OXTNEF], [MS-OXPROPS]).

A reader of our own: the known one lets thirty bytes keep it busy for hours, and takes zeros off the end of files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.mail.charsets import decode

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 200
MAX_DEPTH = 4

_MESSAGE = 1
_BODY, _TITLE, _DATA, _RENDERING = 0x800C, 0x8010, 0x800F, 0x9002
_MESSAGE_PROPERTIES, _ATTACHMENT, _CODEPAGE = 0x9003, 0x9005, 0x9007
_SIZES = {0x0: 0, 0x1: 0, 0x2: 2, 0x3: 4, 0x4: 4, 0x5: 8, 0x6: 8, 0x7: 8, 0xA: 4, 0xB: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0xD, 0x102
_HTML, _PLAIN, _INTERNET_CODEPAGE = 0x1013, 0x1000, 0x3FDE
_DATA_OBJECT, _SHORT_NAME, _LONG_NAME, _MIME, _CONTENT_ID, _DISPLAY_NAME = (
    0x3701,
    0x3704,
    0x3707,
    0x370E,
    0x3712,
    0x3001,
)
_EMBEDDED_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")


@dataclass(slots=True)
class TnefFile:
    name: str = ""
    media_type: str = ""
    content_id: str = ""
    content: bytes = b""


@dataclass(slots=True)
class Tnef:
    """What was inside. ``text`` and ``html`` are the message's own words, where they stand there."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)


def read(data: bytes, depth: int = 0) -> Tnef | None:
    """Open it as far as it is whole; None if it is no TNEF."""
    if not data.startswith(SIGNATURE):
        return None
    found = Tnef()
    codepage = "cp1252"
    file = TnefFile()
    for level, name, content in _attributes(data):
        if name == _CODEPAGE and len(content) >= 4:
            codepage = f"cp{_number(content)}"
        elif level == _MESSAGE and name == _BODY:
            found.text = _text(content, codepage)
        elif level == _MESSAGE and name == _MESSAGE_PROPERTIES:
            _read_message(found, content, codepage)
        elif name == _RENDERING:
            if len(found.files) >= MAX_FILES:
                break
            file = TnefFile()
            found.files.append(file)
        elif name == _TITLE:
            file.name = file.name or _text(content, codepage)
        elif name == _DATA:
            file.content = content
        elif name == _ATTACHMENT:
            _read_file(found, file, content, codepage, depth)
    found.files = [one for one in found.files if one.content][:MAX_FILES]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(level, name, content) of each attribute, up to where the data breaks off."""
    place = 6
    while place + 9 <= len(data):
        level, name, _, length = struct.unpack_from("<BHHI", data, place)
        yield level, name, data[place + 9 : place + 9 + length]
        place += 9 + length + 2


def _read_message(found: Tnef, content: bytes, codepage: str) -> None:
    charset = codepage
    html: bytes | str = b""
    for name, value in _properties(content, codepage):
        if name == _INTERNET_CODEPAGE and isinstance(value, bytes) and len(value) >= 4:
            number = _number(value)
            charset = {65001: "utf-8", 28591: "iso-8859-1", 20127: "us-ascii", 20866: "koi8-r"}.get(
                number, f"cp{number}"
            )
        elif name == _PLAIN:
            found.text = found.text or (value if isinstance(value, str) else _text(value, codepage))
        elif name == _HTML:
            html = value
    if html:
        found.html = html if isinstance(html, str) else _text(html, charset)


def _read_file(found: Tnef, file: TnefFile, content: bytes, codepage: str, depth: int) -> None:
    names: dict[int, str] = {}
    for name, value in _properties(content, codepage):
        if name == _DATA_OBJECT and isinstance(value, bytes):
            if value.startswith(_EMBEDDED_MESSAGE):
                value = value[len(_EMBEDDED_MESSAGE) :]
                inner = read(value, depth + 1) if depth < MAX_DEPTH else None
                if inner is not None:
                    found.files += inner.files
                    value = (inner.text or inner.html).encode()
                    file.media_type = "text/plain" if inner.text else "text/html"
            file.content = value or file.content
        elif isinstance(value, str):
            names.setdefault(name, value)
    file.name = names.get(_LONG_NAME) or names.get(_SHORT_NAME) or file.name or names.get(_DISPLAY_NAME, "")
    file.media_type = names.get(_MIME, "") or file.media_type
    file.content_id = names.get(_CONTENT_ID, "").strip("<> ")


def _properties(data: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """(name, first value) of each MAPI property, up to where the data breaks off or says what cannot be."""
    try:
        count, place = _number(data), 4
        while count and place < len(data):
            count -= 1
            kind, name = struct.unpack_from("<HH", data, place)
            place += 4
            if name >= 0x8000:
                place = _behind_name(data, place)
            is_many, kind = bool(kind & 0x1000), kind & ~0x1000
            values, place = _values(data, place, kind, is_many)
            if values:
                yield name, _typed(values[0], kind, codepage)
    except (struct.error, ValueError):
        return


def _behind_name(data: bytes, place: int) -> int:
    (is_string,) = struct.unpack_from("<I", data, place + 16)
    if not is_string:
        return place + 24
    (length,) = struct.unpack_from("<I", data, place + 20)
    return place + 24 + int(length) + -int(length) % 4


def _values(data: bytes, place: int, kind: int, is_many: bool) -> tuple[list[bytes], int]:
    """The values of one property, and where the next one begins; every value takes room, so their number is bounded."""
    is_variable = kind in (_STRING, _UNICODE, _OBJECT, _BINARY)
    if not is_variable and kind not in _SIZES:
        raise ValueError("no such type")
    count = 1
    if is_variable or is_many:
        (count,) = struct.unpack_from("<I", data, place)
        place += 4
    values: list[bytes] = []
    for _ in range(count):
        if is_variable:
            (length,) = struct.unpack_from("<I", data, place)
            place += 4
        else:
            length = _SIZES[kind]
        if place + length > len(data) or (length == 0 and not is_variable and count > 1):
            raise ValueError("breaks off")
        values.append(data[place : place + length])
        place += length + -length % 4
    return values, place


def _typed(value: bytes, kind: int, codepage: str) -> str | bytes:
    if kind == _UNICODE:
        return decode(value, "utf-16-le").rstrip("\0")
    return _text(value, codepage) if kind == _STRING else value


def _text(value: bytes, charset: str) -> str:
    return decode(value.rstrip(b"\0"), charset)


def _number(data: bytes) -> int:
    (number,) = struct.unpack_from("<I", data)
    return int(number)
