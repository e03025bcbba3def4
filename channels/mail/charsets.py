"""Bytes as text, whatever their charset was called, and whether or not it was the right one. Pure; never raises.

Labels are read as browsers read them (the WHATWG Encoding Standard): ``us-ascii`` and ``iso-8859-1`` mean Windows-1252,
``gb2312`` means GB 18030, and so on.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

import charset_normalizer

_ALIASES = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "logical": "iso-8859-8",
    "visual": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "windows-936": "gb18030",
    "chinese": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "korean": "cp949",
    "windows-949": "cp949",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-ce": "mac_latin2",
    "x-mac-centraleurroman": "mac_latin2",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "x-mac-icelandic": "mac_iceland",
    "x-mac-croatian": "mac_croatian",
    "x-mac-romanian": "mac_romanian",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-unicode-2-0-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "koi8": "koi8-r",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
}
_NO_TEXT = frozenset(
    {"rot13", "rot_13", "hex", "base64", "bz2", "zlib", "uu", "quopri", "idna", "punycode", "undefined", "mbcs", "oem"}
    | {"unicode_escape", "raw_unicode_escape", "charmap"}
)
"""Codecs of Python that are no charsets, or must not be run on bytes from outside."""
_WIDE = ("utf_16", "utf_32")
_STATEFUL = ("utf_7", "iso2022", "hz", *_WIDE)
"""Charsets whose bytes say nothing about UTF-8, being ASCII or none at all."""
_LABEL = re.compile(r"[a-z0-9_.:+-]{2,40}")
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b(I")
_EAST_ASIAN = ("cp932", "cp949", "gb18030", "big5hkscs", "euc_jp")
_GUESSED = 20_000
"""So many bytes are looked at where a charset must be guessed."""
_CANDIDATES = ["cp1251", "koi8_r", "gb18030", "cp932", "euc_jp", "cp949", "big5", "cp1253", "cp1255", "cp1256"]
"""What mail that says nothing is written in where it is not Western European; with more to choose from it is guessed
worse."""


def decode(content: bytes, label: str | None) -> str:
    """The text: by its label, unless the bytes say plainly that they are UTF-8; what fits nothing is guessed."""
    name = codec(label)
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8", "replace").removeprefix("\ufeff")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    elif name is not None and name.startswith(_WIDE) and content.isascii() and b"\0" not in content and b" " in content:
        name = None
    if name is None or not name.startswith(_STATEFUL):
        if content.isascii():
            return _japanese(content) if b"\x1b" in content else content.decode("ascii")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if name is not None and name != "utf_8":
        try:
            return _by(name, content)
        except UnicodeError:
            if name == "iso2022_jp_ext" and content.isascii():
                return _windows_japanese(content)
            if name in _EAST_ASIAN or (name.startswith(_STATEFUL) and content.isascii()):
                return content.decode(name, "replace")
    return _guessed(content, is_utf8=name == "utf_8")


@cache
def codec(label: str | None) -> str | None:
    """Python's name of the charset that a label means, or None if nobody knows."""
    found = _LABEL.search((label or "").strip().lower().removeprefix("3d"))
    if found is None:
        return None
    name = found.group()
    try:
        normal = codecs.lookup(_ALIASES.get(name, name)).name.replace("-", "_")
    except (LookupError, ValueError):
        windows = re.fullmatch(r"(?:windows|win|cp|ibm|x-cp|dos)[-_]?(\d{3,4})", name)
        if windows is None:
            return None
        try:
            normal = codecs.lookup(f"cp{windows.group(1)}").name
        except LookupError:
            return None
    return None if normal in _NO_TEXT else normal


def _by(name: str, content: bytes) -> str:
    if name == "cp1252":
        # The five bytes that Windows-1252 leaves open are control characters, as browsers have them.
        return content.decode("cp1252", "firstline-latin1")
    if name == "utf_16" and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # Without a mark RFC 2781 says big endian, and Windows does the other.
        little = content[1::2].count(0) >= content[0::2].count(0)
        return content.decode("utf-16-le" if little else "utf-16-be")
    return content.decode(name)


def _japanese(content: bytes) -> str:
    """ASCII with escape sequences: ISO-2022-JP, which is often sent without saying so."""
    if any(escape in content for escape in _ESCAPES):
        return _windows_japanese(content)
    return content.decode("ascii")


def _windows_japanese(content: bytes) -> str:
    """ISO-2022-JP as Windows writes it (code page 50220), with characters of its own such as ① and №."""
    kept: list[str] = []
    for piece in re.split(rb"(?=\x1b)", content):
        if not piece.startswith((b"\x1b$B", b"\x1b$@")):
            kept.append(piece.decode("iso2022_jp_ext", "replace"))
            continue
        body = piece[3:]
        pairs = (body[place : place + 2] for place in range(0, len(body) - 1, 2))
        kept.append(b"".join(_shifted(*pair) for pair in pairs).decode("cp932", "replace"))
    return "".join(kept)


def _shifted(row: int, cell: int) -> bytes:
    """A character of JIS X 0208 in Shift JIS."""
    lead = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    trail = cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E
    return bytes([lead & 0xFF, trail & 0xFF])


def _guessed(content: bytes, is_utf8: bool) -> str:
    """Without a label that helps: UTF-8 with some broken places, Western European, or what the bytes look like."""
    readable = content.decode("utf-8", "ignore")
    strays = len(content) - len(readable.encode())
    multibyte = sum(character > "\x7f" for character in readable[:_GUESSED])
    if multibyte and strays <= multibyte:
        return content.decode("utf-8", "firstline-latin1" if not is_utf8 else "firstline-cp1252")
    sample = content[:_GUESSED]
    high = sum(byte > 0x7F for byte in sample)
    if high * 3 > len(sample) >= 24:
        best = charset_normalizer.from_bytes(sample, cp_isolation=_CANDIDATES).best()
        if best is not None:
            return content.decode(best.encoding, "replace")
    return content.decode("cp1252", "firstline-latin1")


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("firstline-latin1", _as_latin1)
codecs.register_error("firstline-cp1252", _as_cp1252)
