"""What a whole message is about: usually one thing, sometimes two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nlu.engine import Model, Parse

SECOND = 0.75
"""Each of two topics must be this certain by itself: a false second topic is worse than a missed one."""
CLAUSE = 0.85
"""Parts of one sentence must be more certain than sentences: they share words that only one of them means."""
SCRAP, SCRAP_WORDS = 0.95, 3
"""A sentence of so few words ("paper is in") is mostly a part of the story, and must be more certain still."""
MAX_SEGMENTS = 12
LIST_WORDS = 20
"""A longer sentence is a story and no list of matters."""
MOST = 3
"""More topics than that are for people to sort out."""

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
    # No sentence ends in "im 3. OG", "z. B." or "Abt. 4".
    r"(?<=[.!?])(?<!\b\d\.)(?<!\b\d\d\.)(?<!\b\w\.)(?<!\b(?:ca|nr|dr|st)\.)(?<!\b(?:tel|abt|str|vgl|bzw)\.)\s+|\n+|,\s+(?:und|and)\s+"
    r"|\s*(?:;|,?\s+\b(?:und )?(?:außerdem|ausserdem|zusätzlich|zweitens|übrigens|des weiteren"
    r"|(?:and )?(?:also|besides|second(?:ly)?|additionally|by the way))\b)\s*",
    re.IGNORECASE,
)
_CLAUSES = re.compile(r",\s+(?:(?:und|and)\s+)?|\s+(?:und|and|sowie)\s+", re.IGNORECASE)
_SUBORDINATE = re.compile(
    r"^(weil|da|dass|damit|wenn|falls|ob|obwohl|seit\w*|nachdem|bevor|sobald|während|sondern|aber|denn|um|also|dann|so|sonst"
    r"|because|when|whenever|if|that|although|since|after|before|while|as|which|who|but|then|so|to|otherwise)\b",
    re.IGNORECASE,
)
_WORKS_AGAIN = re.compile(
    r"^[^,.;!?]*\b(?:wieder|again|jetzt|now|back|inzwischen)\b[^,.;!?]*?(?:,\s*|\s+)(?:aber|nur|dafür|jedoch|but|only)\s+"
    r"(?:jetzt |nun |now )?(?=\w+\s+\w+\s+\w+)",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"\b(geht|gehen|läuft|laufen|funktioniert|klappt|tut|works?|working|runs?|is back|fine|ok)\b", re.IGNORECASE
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
    said = _still_wrong(body(text))
    parts = segments(said)
    clauses = _clauses(said) if len(parts) < 2 else []
    if len(parts) < 2 and not clauses:
        return model.parse([said], language)
    parses = model.parse([said, *(clauses or parts)], language)
    whole, rest = parses[0], parses[1:]
    certain = _certain(rest, is_list=bool(clauses))
    if clauses and len(certain) == len(clauses):
        return [_with(whole, certain[0]), *certain[1:MOST]]
    if not clauses and len(certain) >= 2:
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


def _still_wrong(text: str) -> str:
    """*My VPN works again, but the printer does not*: what works again is no matter any more."""
    match = _WORKS_AGAIN.match(text)
    return text[match.end() :] if match is not None and _GOOD.search(match.group()) else text


def _clauses(sentence: str) -> list[str]:
    """The parts of a short sentence that is a list of statements; empty if any of them cannot stand alone.

    In a story the parts belong together, whatever each of them looks like.
    """
    pieces = [piece.strip(" ,.!") for piece in _CLAUSES.split(sentence)]
    stand_alone = all(len(piece.split()) >= 3 and not _SUBORDINATE.match(piece) for piece in pieces)
    return pieces if len(pieces) >= 2 and stand_alone and len(sentence.split()) <= LIST_WORDS else []


def _certain(parses: Sequence[Parse], is_list: bool) -> list[Parse]:
    """The most certain segment of each problem, in the order of the text: of a list of statements, or of sentences."""
    best: dict[str, Parse] = {}
    for parse in parses:
        is_scrap = len(parse.text.split()) <= SCRAP_WORDS
        enough = CLAUSE if is_list else SCRAP if is_scrap else SECOND
        if parse.intent is None or parse.fallback or parse.ambiguous or parse.confidence < enough:
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
