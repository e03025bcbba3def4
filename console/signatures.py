"""Which end of a mail is its signature. Nothing is removed from what is kept: this only says what to fold. Pure.

Folding too little costs a glance, folding too much hides what somebody said; so what looks like a sentence stays.
"""

from __future__ import annotations

import re

_DELIMITER = re.compile(r"^(?:--|_{5,}|—{2,}) ?$")
_DEVICE = re.compile(
    r"^\W*(?:(?:von|mit) mein(?:em|er) .{2,60} (?:gesendet|verschickt)|gesendet (?:von|mit|über) .{2,80}"
    r"|diese nachricht wurde von mein(?:em|er) .{2,80} gesendet|sent (?:from|via|with) .{2,80}"
    r"|(?:get|holen sie sich) outlook (?:for|für) \w+.{0,60}|outlook für \w+ .{0,60})\W*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?,]\s+\w")
"""“Sent from my phone. It hangs since.” is something to read."""
_CLOSING = re.compile(
    r"^\W*(?:"
    r"mit (?:freundlich|best|herzlich|lieb|viel|sonnig|kollegial)\w*(?: \w+)? gr(?:ü|ue)(?:ß|ss)en?\b[^.?]{0,40}"
    r"|(?:freundlich|best|herzlich|lieb|viel|schön)\w* gr(?:ü|ue)(?:ß|ss)e?\b[^.?]{0,40}"
    r"|(?:(?:with )?(?:kind|kindest|best|warm|many) regards|yours (?:sincerely|truly|faithfully))\b[^.?]{0,40}"
    r"|(?:gr(?:ü|ue)(?:ß|ss)e|mfg|lg|vg|bg|mit dank|regards|sincerely|best wishes|best|cheers|kr|br)"
    r"(?:\W+(?-i:[A-ZÄÖÜ])\S+){0,3}"
    r")\W*$",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"^\W*(?:diese (?:e-?mail|nachricht) (?:\(.{0,60}\) )?(?:und|enthält|ist|kann)\b|der inhalt dieser e-?mail"
    r"|this (?:e-?mail|message|communication) (?:\(.{0,60}\) )?(?:and|contains|may|is)\b"
    r"|the information (?:contained )?in this (?:e-?mail|message)|confidentiality notice)",
    re.IGNORECASE,
)
_CONFIDENTIAL = re.compile(
    r"vertraulich|confidential|privileged|unbefugt|intended (?:only|solely|recipient)", re.IGNORECASE
)
_AFTERTHOUGHT = re.compile(r"^\W*(?:p\.? ?p?\.?s\b|nachtrag\b|n\.?b\.?:)", re.IGNORECASE)

LONGEST = 25
"""So many lines may follow a closing; more is a letter that goes on."""
WIDEST = 90
"""A longer line is no line of an address."""


def split(text: str) -> tuple[str, str]:
    """What was said, and the signature below it, each with its line breaks. Without one: all of it, and nothing."""
    lines = text.splitlines()
    place = min(_delimiter(lines), _closing(lines), _device(lines), _disclaimer(lines))
    said, rest = "\n".join(lines[:place]).rstrip(), "\n".join(lines[place:]).strip()
    # A mail that is nothing but a signature is shown as it is.
    return (said, rest) if said.strip() and re.search(r"\w", rest) else (text, "")


def _delimiter(lines: list[str]) -> int:
    """The usual line of two hyphens, unless what follows is too long to be a signature (RFC 3676, 4.3)."""
    for place in range(len(lines) - 1, -1, -1):
        if _DELIMITER.match(lines[place]):
            return place if _is_block(lines[place + 1 :]) else len(lines)
    return len(lines)


def _device(lines: list[str]) -> int:
    """What a telephone or a program adds at the very end."""
    place = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].strip()
        if not line:
            continue
        if not _DEVICE.match(line) or _SENTENCE.search(line):
            break
        place = number
    return place


def _closing(lines: list[str]) -> int:
    """Below the greeting and the name: the address, the telephone, the company."""
    for place, line in enumerate(lines):
        if not _CLOSING.match(line):
            continue
        after = [number for number in range(place + 1, len(lines)) if lines[number].strip()]
        # The name is said with the greeting; a single line more is hardly worth folding.
        if len(after) >= 3 and _is_block([lines[number] for number in after]):
            return after[1]
    return len(lines)


def _disclaimer(lines: list[str]) -> int:
    for place, line in enumerate(lines):
        if _DISCLAIMER.match(line) and (place == 0 or not lines[place - 1].strip()):
            rest = " ".join(lines[place:])
            if _CONFIDENTIAL.search(rest) and not any(map(_AFTERTHOUGHT.match, lines[place:])):
                return place
    return len(lines)


def _is_block(lines: list[str]) -> bool:
    """Whether these lines are an address and the like, not somebody who goes on talking."""
    for place, line in enumerate(lines):
        if _DISCLAIMER.match(line):
            return place <= LONGEST
        if _AFTERTHOUGHT.match(line) or line.rstrip().endswith("?"):
            return False
        if len(line) > WIDEST and not _CONFIDENTIAL.search(line) and "http" not in line:
            return False
    return len(lines) <= LONGEST
