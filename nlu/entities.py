"""Recognisers for what people quote to a service desk, and for the entities of the training data."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any

import phonenumbers

from nlu.engine import Entity
from nlu.training_data import TrainingData

REGIONS = ("DE", "AT", "CH")

_NUMBERED_ERROR = r"\b(?:fehler(?:code|nummer|meldung)?|error(?: code)?|code)\s*[:#]?\s*(\d{2,6}|[A-Z]{1,4}-?\d{2,6})\b"
_STOP_CODE = r"\b(?:stop\s?code|stillstandcode|stoppcode|stopcode)\s*:?\s*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+){1,7})\b"
"""What Windows shows on a blue screen."""
_IPV4 = r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
_IPV6 = r"(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?!\w)"
_HOST = r"\b(?:srv|server|host|dc|fs|prt|print|web|db|sql|app)[a-z]*-?[a-z0-9-]*\d\b"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("ticket_number", r"(?<!\w)(?:FL-?\s?\d{3,}|#\d{3,})\b"),
        ("email", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+(?![\w@])"),
        ("error_code", r"\b0x[0-9a-f]{4,8}\b"),
        ("error_code", _NUMBERED_ERROR),
        ("error_code", _STOP_CODE),
        ("asset_tag", r"\b(?:NB|PC|LT|WS|MON|DR|TB|HN|INV|DOCK|SRV)-?\d{3,6}\b"),
        ("ip_address", rf"{_IPV4}|{_IPV6}"),
        ("hostname", _HOST),
    )
)


class Recogniser:
    """Finds entities; where two overlap, the longer one stays."""

    def __init__(
        self, patterns: Sequence[tuple[str, str]], lookups: dict[str, tuple[str, str]], synonyms: dict[str, str]
    ) -> None:
        """``patterns`` are (entity, regex); ``lookups`` map lower-case text to (entity, value)."""
        self._patterns = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in patterns]
        self._lookups = lookups
        self._synonyms = synonyms
        words = sorted(map(re.escape, lookups), key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None

    @classmethod
    def of(cls, data: TrainingData) -> Recogniser:
        lookups = {text.lower(): (name, text) for name, text in data.lookups}
        for example in data.examples:
            for mark in example.annotations:
                lookups[example.text[mark.start : mark.end].lower()] = (mark.name, mark.value)
        return cls(data.regexes, lookups, dict(data.synonyms))

    def dump(self) -> dict[str, Any]:
        return {
            "patterns": [[name, pattern.pattern] for name, pattern in self._patterns],
            "lookups": {text: list(found) for text, found in self._lookups.items()},
            "synonyms": self._synonyms,
        }

    @classmethod
    def restore(cls, stored: dict[str, Any]) -> Recogniser:
        lookups = {text: (name, value) for text, (name, value) in stored["lookups"].items()}
        return cls([(name, pattern) for name, pattern in stored["patterns"]], lookups, stored["synonyms"])

    def find(self, text: str) -> tuple[Entity, ...]:
        """All entities, in the order of the text."""
        found = sorted(self._all(text[:4000]), key=lambda entity: (entity.start - entity.end, entity.start))
        kept: list[Entity] = []
        for entity in found:
            if all(entity.end <= other.start or entity.start >= other.end for other in kept):
                kept.append(entity)
        return tuple(sorted(kept, key=lambda entity: entity.start))

    def _all(self, text: str) -> Iterator[Entity]:
        for name, pattern in _PATTERNS:
            for match in pattern.finditer(text):
                group = 1 if pattern.groups and match.group(1) else 0
                value = _normal(name, match.group(group))
                if value:
                    yield Entity(name, value, match.start(group), match.end(group), match.group(group))
        yield from _phone_numbers(text)
        for name, pattern in self._patterns:
            for match in pattern.finditer(text):
                yield self._entity(name, match.group(), match)
        if self._words is not None:
            for match in self._words.finditer(text):
                name, value = self._lookups[match.group().lower()]
                yield self._entity(name, value, match)

    def _entity(self, name: str, value: str, match: re.Match[str]) -> Entity:
        return Entity(name, self._synonyms.get(value.lower(), value), match.start(), match.end(), match.group())


def _normal(name: str, written: str) -> str:
    """The value as the desk keeps it; empty if it only looked like one."""
    if name == "asset_tag":
        letters = re.match(r"[A-Za-z]+", written)
        assert letters is not None
        return f"{letters.group().upper()}-{written[letters.end() :].lstrip('-')}"
    if name == "ticket_number":
        return f"FL-{re.sub(r'[^0-9]', '', written)}"
    if name == "ip_address":
        try:
            return str(ipaddress.ip_address(written))
        except ValueError:
            return ""
    return written.lower() if name in ("email", "hostname") else written


def _phone_numbers(text: str) -> Iterator[Entity]:
    if sum(character.isdigit() for character in text) < 6:
        return
    for match in phonenumbers.PhoneNumberMatcher(text, REGIONS[0], leniency=phonenumbers.Leniency.VALID):
        value = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        yield Entity("phone_number", value, match.start, match.end, match.raw_string)
