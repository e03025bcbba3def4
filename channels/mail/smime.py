"""What a signature in S/MIME wraps up (RFC 8551, 3.5.2): the signed part of a mail, out of its CMS (RFC 5652). Pure.

Nothing is checked here. Both ways of writing lengths are read, those that are known beforehand and those of a stream,
in time in proportion to the size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

MAX_DEPTH = 20

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_OID, _OCTETS, _SEQUENCE, _EXPLICIT = 0x06, 0x04, 0x30, 0xA0
_CONSTRUCTED = 0x20
_END = b"\0\0"


class _Element(NamedTuple):
    """A value within the bytes: its tag, and where its content begins and ends."""

    tag: int
    begin: int
    end: int


def signed_part(content: bytes) -> bytes | None:
    """The part that was signed; None if there is none, or if this is something else, such as an encrypted mail."""
    try:
        return _signed_part(content)
    except (ValueError, IndexError, RecursionError):
        return None


def _signed_part(content: bytes) -> bytes | None:
    outer = _path(content, _Element(0, 0, len(content)), _SEQUENCE)
    kind, data = _first(content, outer, _OID), _path(content, outer, _EXPLICIT, _SEQUENCE)
    if content[kind.begin : kind.end] != _SIGNED_DATA:
        return None
    octets = next(_children(content, _path(content, data, _SEQUENCE, _EXPLICIT)))
    return b"".join(_octets(content, octets, 0)) or None


def _path(content: bytes, within: _Element, *tags: int) -> _Element:
    for tag in tags:
        within = _first(content, within, tag)
    return within


def _first(content: bytes, within: _Element, tag: int) -> _Element:
    for child in _children(content, within):
        if child.tag == tag:
            return child
    raise ValueError("there is no such element")


def _octets(content: bytes, element: _Element, depth: int) -> Iterator[bytes]:
    """A text of bytes, which may come in pieces."""
    if element.tag == _OCTETS:
        yield content[element.begin : element.end]
    elif element.tag == _OCTETS | _CONSTRUCTED and depth < MAX_DEPTH:
        for piece in _children(content, element):
            yield from _octets(content, piece, depth + 1)
    else:
        raise ValueError("no bytes")


def _children(content: bytes, within: _Element) -> Iterator[_Element]:
    place = within.begin
    while place < within.end and content[place : place + 2] != _END:
        element, place = _element(content, place, within.end, 0)
        yield element


def _element(content: bytes, place: int, stop: int, depth: int) -> tuple[_Element, int]:
    """The element that begins here, and where the next one does. Raises ``ValueError`` and ``IndexError``."""
    tag, length = content[place], content[place + 1]
    place += 2
    if tag & 0x1F == 0x1F or depth > MAX_DEPTH:
        raise ValueError("no element of a signed mail")
    if length == 0x80:
        begin = place
        while content[place : place + 2] != _END:
            _, place = _element(content, place, stop, depth + 1)
        return _Element(tag, begin, place), place + 2
    if length > 0x80:
        size = length & 0x7F
        length = int.from_bytes(content[place : place + size], "big")
        place += size
    if place + length > stop:
        raise ValueError("longer than what it is in")
    return _Element(tag, place, place + length), place + length
