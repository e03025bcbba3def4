"""Which part of a mail is new. Nothing is ever removed from what is kept: this only says what to show first. Pure."""

from __future__ import annotations

import re

import quotequail

_GERMAN_HEADER = re.compile(
    r"^\s*(?:am\s.{4,120}(?:schrieb|hat .{2,80} geschrieben)\b.{0,120}:|.{2,120}\bschrieb(?: am .{4,60})?:"
    r"|on\s.{4,160}\bwrote:)\s*$",
    re.IGNORECASE | re.DOTALL,
)
_ORIGINAL = re.compile(
    r"^\s*(?:-{2,}|_{5,}|\*{3,})?\s*(?:urspr(?:ü|ue)ngliche nachricht|original(?:-| )?nachricht|original message"
    r"|weitergeleitete nachricht|forwarded message|von meinem .{2,30} gesendet)\s*(?:-{2,}|_{5,})?\s*$",
    re.IGNORECASE,
)
_HEADER_BLOCK = re.compile(r"^\s*\*?(?:von|from)\s*:\*?\s.+$", re.IGNORECASE)
_HEADER_MORE = re.compile(r"^\s*\*?(?:gesendet|datum|sent|date|an|to|betreff|subject|cc)\s*:\*?", re.IGNORECASE)


_HINTS = (">", ":", "nachricht", "message", "gesendet")
"""Without any of these there is nothing to look for, which many mails can be told at once."""


def new_text(text: str) -> str:
    """The text above or between quotes; the whole text if nothing would be left."""
    folded = text.lower()
    if not any(hint in folded for hint in _HINTS):
        return text.strip()
    lines = text.splitlines()
    cut = _cut(lines)
    fresh = [line for line in lines[:cut] if not line.lstrip().startswith(">")]
    result = "\n".join(fresh).strip()
    if not result:
        unwrapped = quotequail.unwrap(text)
        result = str((unwrapped or {}).get("text_top") or "").strip()
    return result or text.strip()


def _cut(lines: list[str]) -> int:
    """The line at which the quoted history begins."""
    # An attribution ends with a colon, and is often wrapped over two or three lines.
    colons = [line.rstrip().endswith(":") for line in lines]
    for place, line in enumerate(lines):
        if _ORIGINAL.match(line):
            return place
        for height in (1, 2, 3):
            if not any(colons[place + height - 1 : place + height]):
                continue
            joined = " ".join(part.strip() for part in lines[place : place + height])
            after = lines[place + height : place + height + 3]
            if _GERMAN_HEADER.match(joined) and (not after or any(part.lstrip().startswith(">") for part in after)):
                return place
        if (
            _HEADER_BLOCK.match(line)
            and sum(bool(_HEADER_MORE.match(more)) for more in lines[place + 1 : place + 5]) >= 2
        ):
            return place
    return len(lines)
