"""What a whole message is about: usually one thing, sometimes two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nlu.engine import Model, Parse

SECOND = 0.75
"""Each of two topics must be this certain by itself: a false second topic is worse than a missed one."""
MAX_SEGMENTS = 12

_GREETING = re.compile(
    r"^\s*(hallo|hi|hey|hello|guten (tag|morgen|abend)|moin|servus|grüezi|grüß gott|gruess gott|liebe[sr]?|dear"
    r"|sehr geehrte)"
    r"\b[^.!?\n]{0,50}[,!.]?\s*$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\s*(mit (freundlichen|besten|lieben) gr(ü|ue)(ß|ss)en|(viele|beste|liebe|freundliche|schöne) gr(ü|ue)(ß|ss)e"
    r"|mfg|lg|vg|gru(ß|ss)|kind regards|best regards|regards|best|cheers|thanks|thank you|danke|vielen dank"
    r"|-- ?)[^.!?]{0,40}$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"^\s*>")
_SEPARATOR = re.compile(
    r"(?<=[.!?])\s+|\n+|,\s+(?:und|and)\s+"
    r"|\s*(?:;|,?\s+\b(?:und )?(?:außerdem|ausserdem|zusätzlich|zweitens|übrigens|des weiteren"
    r"|(?:and )?(?:also|besides|second(?:ly)?|additionally|by the way))\b)\s*",
    re.IGNORECASE,
)


def body(text: str) -> str:
    """The text without greeting, quoted lines and what follows the closing; the text itself if nothing is left."""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line) or (_GREETING.match(line) and not kept):
            continue
        if kept and _CLOSING.match(line):
            break
        kept.append(line)
    return "\n".join(kept).strip() or text.strip()


def segments(text: str) -> list[str]:
    """Sentences and the like, long enough to be about something."""
    parts = [part.strip(" ,") for part in _SEPARATOR.split(body(text)) if part]
    return [part for part in parts if len(part.split()) >= 3][:MAX_SEGMENTS]


def topics(model: Model, text: str, language: str | None = None) -> list[Parse]:
    """One parse a topic, the main one first; its entities and language are the whole message's."""
    parts = segments(text)
    if len(parts) < 2:
        return model.parse([body(text)], language)
    parses = model.parse([body(text), *parts], language)
    whole, rest = parses[0], parses[1:]
    certain = _certain(rest)
    if len(certain) >= 2:
        # The whole of two problems often looks like a third one; the parts know better.
        ordered = sorted(certain[:2], key=lambda parse: parse.intent != whole.intent)
        return [_with(whole, ordered[0]), ordered[1]]
    if (whole.fallback or whole.ambiguous) and len(certain) == 1:
        # A long letter drowns its one clear sentence.
        return [_with(whole, certain[0])]
    return [whole]


def with_shown(model: Model, said: str, shown: str, language: str | None = None) -> list[Parse]:
    """The same for what somebody said and the text in the pictures they sent with it.

    Their own words count. Where those say too little ("see photo"), what the picture says does, as long as it is clear.
    Error codes and names of machines are taken from both; addresses and numbers of people are not: whatever else is
    on a screen is not about the one who photographed it.
    """
    own = topics(model, said, language) if said.strip() else []
    if not shown.strip():
        return own or topics(model, said, language)
    seen = topics(model, _flowing(shown), language)
    things = tuple(entity for entity in seen[0].entities if entity.name in _THINGS)
    is_clear = not (seen[0].fallback or seen[0].ambiguous)
    if own and (not is_clear or not (own[0].fallback or own[0].ambiguous)):
        return [replace(own[0], entities=own[0].entities + things), *own[1:]]
    written = own[0].language if own else language or seen[0].language
    kept = (own[0].entities if own else ()) + things
    return [replace(parse, text=said or shown, entities=kept, language=written) for parse in seen]


_THINGS = frozenset({"error_code", "asset_tag", "hostname", "ip_address"})


def _flowing(text: str) -> str:
    """Sentences that a screen breaks into lines, in one line each."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text))


def _certain(parses: Sequence[Parse]) -> list[Parse]:
    """The most certain segment of each problem, in the order of the text."""
    best: dict[str, Parse] = {}
    for parse in parses:
        if parse.intent is None or parse.fallback or parse.ambiguous or parse.confidence < SECOND:
            continue
        if parse.intent in _CONVERSATION:
            continue
        if parse.intent not in best or parse.confidence > best[parse.intent].confidence:
            best[parse.intent] = parse
    return list(best.values())


_CONVERSATION = frozenset(
    {"greet", "goodbye", "thank", "affirm", "deny", "talk_to_human", "ticket_status", "ticket_close", "complaint",
     "bot_challenge", "ask_opening_hours"}
)  # fmt: skip
"""Never a topic of their own beside a problem."""


def _with(whole: Parse, part: Parse) -> Parse:
    return replace(part, text=whole.text, entities=whole.entities, language=whole.language)
