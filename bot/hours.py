"""When people are at the desk, as one says it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from itertools import groupby

from babel.dates import format_date, get_day_names

from core.tickets.calendar import Calendar, Span

_ALL_DAY = (Span(time(), time()),)
_WORDS = {
    "de": {"around": "rund um die Uhr", "and": " und ", "clock": " Uhr"},
    "en": {"around": "around the clock", "and": " and ", "clock": ""},
}


def week(calendar: Calendar, language: str) -> str:
    """The ordinary week, such as ``Mo–Do 08:00–17:00 Uhr, Fr 08:00–14:00 Uhr``; empty if nobody is ever there."""
    if all(spans == _ALL_DAY for spans in calendar.week):
        return _WORDS[language]["around"]
    names = get_day_names("abbreviated", locale=language)
    parts = []
    for spans, run in groupby(enumerate(calendar.week), key=lambda one: one[1]):
        days = [place for place, _ in run]
        if spans:
            first, last = names[days[0]].rstrip("."), names[days[-1]].rstrip(".")
            name = first if len(days) == 1 else f"{first}–{last}"
            parts.append(f"{name} {of(spans, language)}")
    return ", ".join(parts)


def of(spans: Sequence[Span], language: str) -> str:
    """The hours of one day, such as ``08:00–12:00 und 13:00–17:00 Uhr``."""
    words = _WORDS[language]
    if tuple(spans) == _ALL_DAY:
        return words["around"]
    return words["and"].join(str(span).replace("-", "–") for span in spans) + words["clock"]


def day_name(day: date, language: str) -> str:
    """A day as one says it, such as ``Samstag, 28. November``."""
    pattern = "EEEE, d. MMMM" if language == "de" else "EEEE d MMMM"
    return str(format_date(day, pattern, locale=language))
