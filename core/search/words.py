"""Words as they are searched: without case, accents and the ways an umlaut is written. Pure."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:[-.@'_][^\W_]+)*")
_PLAIN = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "ı": "i"})
SHORTEST_PART = 4
"""A compound is found by its parts from this length on."""


def fold(text: str) -> str:
    """Lower case, letters without their marks: ``Müller`` and ``muller`` become the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def variants(word: str) -> list[str]:
    """How a searched word may have been written: ``mueller`` also finds ``Müller``."""
    folded = fold(word)
    short = re.sub(r"(?<=[^aeiouq])([aou])e", r"\1", folded)
    return list(dict.fromkeys([folded, short]))


def parts(text: str) -> str:
    """For an index that only finds the beginnings of words: each word and its endings (``etagendrucker drucker …``)."""
    found: dict[str, None] = {}
    for word in _WORD.findall(fold(text)):
        found[word] = None
        for start in range(1, len(word) - SHORTEST_PART + 1):
            found[word[start:]] = None
    return " ".join(found)


def excerpt(text: str, words: list[str], around: int = 20) -> list[tuple[str, bool]]:
    """The place in a text where the first word stands, in pieces: (words, whether they were searched for)."""
    flat = " ".join(text.split())
    # Folding may change lengths; each folded character remembers where it came from.
    folded, origin = [], []
    for place, character in enumerate(flat):
        for one in fold(character):
            folded.append(one)
            origin.append(place)
    haystack = "".join(folded)
    wanted = [variant for word in words for variant in variants(word) if variant]
    spans = sorted(
        {
            (origin[found.start()], origin[found.end() - 1] + 1)
            for word in wanted
            for found in re.finditer(re.escape(word), haystack)
        }
    )
    begin = max(0, spans[0][0] - around) if spans else 0
    end = min(len(flat), begin + 10 * around)
    pieces: list[tuple[str, bool]] = [("… ", False)] if begin else []
    at = begin
    for start, stop in spans:
        if start < at or stop > end:
            continue
        pieces += [(flat[at:start], False), (flat[start:stop], True)]
        at = stop
    pieces.append((flat[at:end] + (" …" if end < len(flat) else ""), False))
    return [piece for piece in pieces if piece[0]]
