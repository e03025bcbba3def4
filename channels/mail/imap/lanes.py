"""What must be known of raw mails before they are read: which wait for one another, and where they bounce to. Pure.

The mails of one sender, and those of one thread, are documented one after the other. It is coarse: two that have
nothing to do with each other may share a lane, never the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEAD = 64 * 1024
_FOLD = re.compile(rb"\r?\n[ \t]+")
_SENDER = re.compile(rb"(?im)^(?:from|reply-to|sender):[^\r\n]*?([^\s<>\"(),:;]+@[^\s<>\"(),:;]+)")
_THREAD = re.compile(rb"(?im)^(?:message-id|in-reply-to|references):([^\r\n]*)")
_RETURN_PATH = re.compile(rb"(?im)^return-path:[ \t]*<([^<>\r\n]*)>")
_ID = re.compile(rb"<[^<>\s]+>")


def lanes(mails: Mapping[int, bytes]) -> list[list[int]]:
    """The mails' numbers, in their order within each lane."""
    lane_of: dict[bytes, list[int]] = {}
    for uid in sorted(mails):
        marks = _marks(mails[uid])
        joined = {id(lane): lane for mark in marks if (lane := lane_of.get(mark)) is not None}
        mine = sorted([uid, *(one for lane in joined.values() for one in lane)])
        followers = [mark for mark, lane in lane_of.items() if id(lane) in joined]
        lane_of |= dict.fromkeys([*marks, *followers], mine)
    return list({id(lane): lane for lane in lane_of.values()}.values())


def _marks(raw: bytes) -> list[bytes]:
    """What another mail of the same sender or thread has too; never empty."""
    head = _head(raw)
    found = [sender.lower() for sender in _SENDER.findall(head)]
    for ids in _THREAD.findall(head):
        found += _ID.findall(ids)
    return found or [b"nobody"]


def return_path(raw: bytes) -> str | None:
    """The envelope's sender as whoever delivered the mail wrote it down (RFC 5321, 4.4): empty for a bounce."""
    found = _RETURN_PATH.search(_head(raw))
    return found.group(1).decode("utf-8", "replace").strip() if found is not None else None


def _head(raw: bytes) -> bytes:
    return _FOLD.sub(b" ", re.split(rb"\r?\n\r?\n", raw[:_HEAD], maxsplit=1)[0])
