"""From what a fax says of itself to ours, pure: who sent it, what it is about, what it answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from core.calls.numbers import UNKNOWN, normal, spoken
from core.values import Address, ticket_id_from_number

if TYPE_CHECKING:
    from channels.mail.parse import ParsedMail

KIND = "fax"
"""The kind of a requester's address that is a fax number."""

MOST_NUMBERS = 5
_NUMBER = re.compile(r"\bFL\s?[-–—]\s?(\d{4,9})\b", re.IGNORECASE)
_SUBJECT = re.compile(r"^(?:betreff|betr\.?|betrifft|subject|re|regarding|reference)\s*[:.]\s*(\S.*)$", re.IGNORECASE)
_SALUTATION = re.compile(
    r"^(?:sehr geehrte|guten (?:tag|morgen|abend)|hallo|liebe[rs]?\b|dear\b|hello\b|good (?:morning|afternoon)|moin)",
    re.IGNORECASE,
)
_TRANSMITTED = re.compile(
    r"^(?=.*\b\d{1,2}[:.]\d{2}\b)(?=.*(?:\b(?:s|p|pg|page|seite|nr)\b\.?\s*:?\s*\d|\d{1,3}\s*/\s*\d{1,3})).{0,120}$",
    re.IGNORECASE,
)
"""The line that a fax machine prints on every page: when, from whom, which page."""
_NUMBERS = (
    re.compile(r"(?<![\w@])(?:\+|00)\d[\d ()/.\-–]{5,20}\d(?![\w@])"),
    re.compile(r"(?<![\w@+])\(?0\d[\d ()/.\-–]{4,20}\d(?![\w@])"),
    re.compile(r"(?<![\w@+])\d{10,15}(?![\w])"),
)
"""How numbers are written, from what is one for certain to what may be: with a country, with a zero, mere digits."""
_MOMENT = re.compile(
    r"\b\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})?|\b\d{4}-\d\d-\d\d\b|\b20\d{6}\d*\b|\b\d{1,2}:\d\d(?::\d\d)?\b"
)
_LABELLED = re.compile(
    r"^\W*(?:sender|absender|von|from|caller(?: ?id)?|rufnummer|faxnummer|csid|tsi"
    r"|remote(?: ?csid)?)\s*[:=]\s*(.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who a fax is from, as far as that is told: ``number`` in any form, ``station`` as their machine calls itself."""

    number: str = ""
    station: str = ""

    def address(self, region: str, key: str) -> Address:
        """Who that is for the desk; somebody without a number is a stranger who cannot be answered."""
        number = normal(self.number, region) or normal(self.station, region)
        name = " ".join(self.station.split())[:80] if re.search(r"[^\W\d_]", self.station) else ""
        if not number:
            return Address(KIND, f"{UNKNOWN}{key[:40]}", name)
        return Address(KIND, number, name or spoken(number))


def of_sidecar(content: bytes) -> Origin:
    """What lies beside a fax in a folder, as ``firstline fax drop`` writes it. Anything else says nothing."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return Origin()
    if not isinstance(told, dict):
        return Origin()
    return Origin(*(str(told.get(name) or "").replace("\0", "").strip()[:200] for name in ("number", "station")))


def of_tiff(about: str) -> Origin:
    """What HylaFAX notes in a TIFF (ImageDescription): the sender's machine, below it what the exchange told."""
    lines = [line.replace("\0", "").strip().strip('"') for line in about.splitlines()]
    station, calls = (lines[0], lines[1:]) if lines else ("", [])
    number = next((line for line in calls if sum(map(str.isdigit, line)) >= 6), "")
    return Origin(number, "" if station.casefold() in ("<unspecified>", "<unknown>", "unknown") else station)


def of_mail(mail: ParsedMail, own: str, region: str) -> Origin:
    """The number in a gateway's mail: in its subject, its sender, a line such as “Absender: …”, or a file's name."""
    places = [_MOMENT.sub(" | ", text) for text in _places(mail)]
    for pattern in _NUMBERS:
        for found in (one for text in places for one in pattern.findall(text)):
            # Mere digits are a number with its country, as gateways write it in addresses.
            number = normal(f"+{found}" if pattern is _NUMBERS[2] else found, region)
            if number and number != own:
                return Origin(number)
    return Origin()


def _places(mail: ParsedMail) -> Iterator[str]:
    local, _, _ = mail.sender.value.partition("@")
    yield from (mail.subject, mail.sender.name)
    yield from (found.group(1) for line in mail.text.splitlines()[:200] if (found := _LABELLED.match(line.strip())))
    yield local
    yield from (re.sub(r"[_.]", " | ", file.filename) for file in mail.files)


def words(pages: Sequence[str]) -> str:
    """What the pages say, without the line that a machine printed on each."""
    kept = []
    for page in pages:
        lines = page.splitlines()
        if lines and _TRANSMITTED.match(lines[0]):
            lines = lines[1:]
        kept.append(_joined("\n".join(lines).strip()))
    return "\n\n".join(page for page in kept if page)


def _joined(page: str) -> str:
    """Lines that stand far apart are paragraphs to a machine: one that is full and ends amid a sentence goes on."""
    longest = max((len(line) for line in page.splitlines()), default=0)
    parts = page.split("\n\n")
    joined = parts[:1]
    for before, part in pairwise(parts):
        last = before.rpartition("\n")[2]
        goes_on = len(last) > longest * 0.6 and last[-1:] not in ".!?:,;" and not _SUBJECT.match(last)
        joined.append(("\n" if goes_on else "\n\n") + part)
    return "".join(joined)


def subject(text: str) -> str:
    """What it says it is about: a line “Betreff: …”, or the first words after the salutation; empty if neither."""
    lines = [line.strip() for line in text.splitlines()]
    for line in lines:
        if found := _SUBJECT.match(line):
            return found.group(1)[:200]
    for place, line in enumerate(lines):
        if _SALUTATION.match(line):
            return next((one[:200] for one in lines[place + 1 :] if len(one) > 2), "")
    return ""


def tickets(text: str) -> tuple[int, ...]:
    """The tickets whose numbers it quotes, as our letters ask for."""
    found = (ticket_id_from_number(number) for number in _NUMBER.findall(text))
    return tuple(dict.fromkeys(one for one in found if one is not None))[:MOST_NUMBERS]
