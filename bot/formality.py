"""How a German text addresses its reader: with *Sie*, with *du*, or not at all."""

from __future__ import annotations

import re

_SIE = re.compile(r"\b(?:(?P<sie>Sie)|Ihnen|Ihr(?:e[mnrs]?)?)\b(?:\s+(?P<next>\w+))?")
_DU = re.compile(r"\b(?:du|dich|dir|dein(?:e[mnrs]?)?|euch|euer|eure[mnrs]?)\b", re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[.!?:…]\s+|[„(]|\n\s*)(?:[-*•]\s+|\d+\.\s+)?$")


def says_sie(text: str) -> bool:
    """The reader is addressed with *Sie*, *Ihnen* or *Ihr*.

    At the beginning of a sentence *Sie* may be somebody else: before a verb in the singular it is (*Sie sieht …*).
    Before a plural it is taken for the reader; where *they* is meant, another word says so (*Diese …*).
    """
    return any(_addresses(match, text) for match in _SIE.finditer(text))


def says_du(text: str) -> bool:
    """The reader is addressed with *du* or *ihr*."""
    return _DU.search(text) is not None


def _addresses(match: re.Match[str], text: str) -> bool:
    if match["sie"] is None or _BEGINS.search(text[: match.start()]) is None:
        return True
    return match["next"] is None or match["next"] == "sind" or match["next"].endswith("n")
