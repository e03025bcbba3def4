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


_DATED = re.compile(r"^\s*(?:on|am)\b.*\d{1,2}[:.]\d{2}\b.*", re.IGNORECASE | re.DOTALL)
"""An attribution that names a time of day needs no ``>`` after it: HTML turned into text has none."""
_RULE = re.compile(r"^[\s_=*–—-]{5,}$")


_HINTS = (">", ":", "nachricht", "message", "gesendet")
"""Without any of these there is nothing to look for, which many mails can be told at once."""


def new_text(text: str) -> str:
    """The text above, between or below quotes; the whole text if nothing would be left."""
    folded = text.lower()
    if not any(hint in folded for hint in _HINTS):
        return text.strip()
    lines = text.splitlines()
    start, end = _quote(lines)
    result = _fresh(lines[:start], start < len(lines))
    if not result and end > start:
        # Answered below the quote, or between its lines: all that is not quoted is new.
        result = _fresh(lines[end:], False)
    if not result:
        unwrapped = quotequail.unwrap(text)
        result = str((unwrapped or {}).get("text_top") or "").strip()
    return result or text.strip()


def _fresh(lines: list[str], is_cut: bool) -> str:
    """What is not marked as quoted; without the rule that mail programs draw above a quote."""
    fresh = [line for line in lines if not line.lstrip().startswith(">")]
    while is_cut and fresh and (not fresh[-1].strip() or _RULE.match(fresh[-1])):
        fresh.pop()
    return "\n".join(fresh).strip()


def _quote(lines: list[str]) -> tuple[int, int]:
    """The line at which the quoted history is introduced, and the one after an attribution (or the same)."""
    # An attribution ends with a colon, and is often wrapped over two or three lines.
    colons = [line.rstrip().endswith(":") for line in lines]
    for place, line in enumerate(lines):
        if _ORIGINAL.match(line):
            return place, place
        for height in (1, 2, 3):
            if not any(colons[place + height - 1 : place + height]):
                continue
            joined = " ".join(part.strip() for part in lines[place : place + height])
            if _GERMAN_HEADER.match(joined) and _is_quoted(lines, place, height, joined):
                return place, place + height
        if (
            _HEADER_BLOCK.match(line)
            and sum(bool(_HEADER_MORE.match(more)) for more in lines[place + 1 : place + 5]) >= 2
        ):
            return place, place
    return len(lines), len(lines)


def _is_quoted(lines: list[str], place: int, height: int, attribution: str) -> bool:
    """Whether what follows an attribution is a quote, and the attribution no sentence of the writer's own."""
    after = [line for line in lines[place + height :] if line.strip()][:3]
    if not after or any(line.lstrip().startswith(">") for line in after):
        return True
    dated = _DATED.match(attribution) is not None and ("@" in attribution or re.search(r"\b\d{4}\b", attribution))
    return bool(dated) and any(line.strip() for line in lines[:place])
