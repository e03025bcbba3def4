"""Invitations by mail (RFC 5546, RFC 6047): what, when, where and from whom, as values and as a short text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date, format_time
from icalendar import Calendar, Event

from channels.mail.addresses import valid_address
from channels.mail.words import one_line
from web.languages import translator

MAX_CHARACTERS = 512 * 1024
MAX_LINES, MAX_LINE = 400, 2000
"""What is read of a calendar file: descriptions and attachments are most of it, and are not asked for."""
_NEEDED = re.compile(
    r"(?:BEGIN|END|METHOD|TZ\w+|DTSTART|DTEND|DURATION|SUMMARY|LOCATION|ORGANIZER|ATTENDEE|RRULE)[;:]", re.IGNORECASE
)
METHODS = {
    "REQUEST": "Invitation",
    "PUBLISH": "Event",
    "REPLY": "Answer to an invitation",
    "CANCEL": "Cancelled event",
    "COUNTER": "Proposal of another time",
    "DECLINECOUNTER": "Declined proposal of another time",
    "ADD": "Further dates of an event",
    "REFRESH": "Question about an event",
}
ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "accepted tentatively"}


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event. ``start`` and ``end`` are dates for what lasts whole days (``end`` is then the last of them).

    ``language`` is what its program writes in, if it says so; ``answers`` who said what, for an answer.
    """

    method: str
    title: str
    start: date
    end: date | None
    zone: str
    place: str
    organiser: str
    repeats: bool
    answers: tuple[tuple[str, str], ...]
    language: str

    @property
    def kind(self) -> str:
        """What it is, in English."""
        return METHODS[self.method]

    def lines(self, language: str) -> list[tuple[str, str]]:
        """What there is to say, as label and value in the reader's language."""
        _ = translator(language)
        found = [(_(self.kind), self.title or _("Without a title")), (_("When"), self._when(language))]
        if self.place:
            found.append((_("Where"), self.place))
        if self.organiser:
            found.append((_("Organiser"), self.organiser))
        found += [(_("Response"), f"{who}: {_(ANSWERS[what])}") for who, what in self.answers]
        return found

    def text(self, language: str) -> str:
        return "\n".join(f"{label}: {value}" for label, value in self.lines(language))

    def _when(self, language: str) -> str:
        _ = translator(language)
        day = format_date(self.start, "full", locale=language)
        last = format_date(self.end, "full", locale=language) if self.end else day
        if not isinstance(self.start, datetime):
            text = day if last == day else f"{day} – {last}"
        else:
            text = f"{day}, {format_time(self.start.time(), 'HH:mm', locale=language)}"
            if isinstance(self.end, datetime):
                until = format_time(self.end.time(), "HH:mm", locale=language)
                text += f"–{until}" if last == day else f" – {last}, {until}"
            text += f" ({self.zone})" if self.zone else ""
        return f"{text}, {_('repeated')}" if self.repeats else text


def read(text: str) -> Invitation | None:
    """The first event of a calendar file; None if there is none, or it cannot be read."""
    unfolded = text[:MAX_CHARACTERS].replace("\r", "").replace("\n ", "").replace("\n\t", "")
    lines = [line for line in unfolded.split("\n") if _NEEDED.match(line) and len(line) <= MAX_LINE]
    try:
        calendar = Calendar.from_ical("\r\n".join(_closed(lines[:MAX_LINES])))
        event = next(iter(calendar.walk("VEVENT")), None)
        return _invitation(calendar, event) if isinstance(event, Event) else None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError):
        return None


def _closed(lines: list[str]) -> list[str]:
    """The lines with whatever is still open closed: one that breaks off is read as far as it goes."""
    still_open: list[str] = []
    for line in lines:
        word, _, name = line.partition(":")
        if word.upper() == "BEGIN":
            still_open.append(name)
        elif word.upper() == "END" and still_open:
            still_open.pop()
    return [*lines, *(f"END:{name}" for name in reversed(still_open))]


def _invitation(calendar: Any, event: Event) -> Invitation | None:
    begin = event.get("DTSTART")
    start = getattr(begin, "dt", None)
    if not isinstance(start, date):
        return None
    method = str(calendar.get("METHOD", "PUBLISH")).upper()
    organiser = event.get("ORGANIZER")
    return Invitation(
        method=method if method in METHODS else "PUBLISH",
        title=_text(event.get("SUMMARY")),
        start=start,
        end=_end(event, start),
        zone=_zone(begin, start),
        place=_text(event.get("LOCATION")),
        organiser=_person(organiser) if organiser is not None else "",
        repeats=event.get("RRULE") is not None,
        answers=_answers(event) if method == "REPLY" else (),
        language=_parameter(event.get("SUMMARY"), "LANGUAGE")[:2].lower(),
    )


def _end(event: Event, start: date) -> date | None:
    end = getattr(event.get("DTEND"), "dt", None)
    duration = getattr(event.get("DURATION"), "dt", None)
    if end is None and isinstance(duration, timedelta):
        end = start + duration
    if not isinstance(end, date) or isinstance(end, datetime) != isinstance(start, datetime):
        return None
    # The end of whole days is the first day that is free again.
    return end if isinstance(start, datetime) else max(start, end - timedelta(days=1))


def _zone(begin: Any, start: date) -> str:
    """What the time is in: the name the program gave it."""
    if not isinstance(start, datetime) or start.tzinfo is None:
        return ""
    return _parameter(begin, "TZID")[:60] or start.tzname() or ""


def _answers(event: Event) -> tuple[tuple[str, str], ...]:
    attendees = event.get("ATTENDEE", [])
    asked = (attendees if isinstance(attendees, list) else [attendees])[:20]
    said = ((_person(one), _parameter(one, "PARTSTAT").upper()) for one in asked)
    return tuple((who, answer) for who, answer in said if answer in ANSWERS)


def _person(value: Any) -> str:
    """A name with its address, as far as there are any."""
    name = one_line(_parameter(value, "CN")).strip("'\"")[:200]
    text = str(value)
    address = valid_address(text[7:] if text[:7].lower() == "mailto:" else text) or ""
    return f"{name} <{address}>" if name and address and name.lower() != address else name or address


def _parameter(value: Any, name: str) -> str:
    parameters = getattr(value, "params", None)
    return one_line(str(parameters.get(name, ""))) if parameters is not None else ""


def _text(value: Any) -> str:
    return one_line(str(value))[:300] if value is not None else ""
