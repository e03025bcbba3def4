"""Business hours: when people are at the desk, and how much of a span of time that was. Pure.

A calendar is a time zone, the opening spans of each weekday and the holidays. All moments are aware datetimes; the
arithmetic is done on the UTC line, so days on which clocks change have the hours they really have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from core.errors import InvalidInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 366 * 2
"""How far ahead an opening is looked for; a calendar that is closed longer never opens."""


@dataclass(frozen=True, slots=True)
class Span:
    """Opening hours within one day; ``end`` 00:00 means midnight at the day's end."""

    start: time
    end: time


@dataclass(frozen=True)
class Calendar:
    """``week`` has one tuple of spans a weekday, Monday first, sorted and not overlapping."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed: Mapping[date, str]
    """Holidays and their names."""

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._openings(at.astimezone(self.zone).date(), days=1))

    def next_opening(self, at: datetime) -> datetime | None:
        """``at`` itself when open, else the next moment people are there (UTC); None if there is none in two years."""
        at = at.astimezone(UTC)
        for start, end in self._openings(at.astimezone(self.zone).date(), HORIZON_DAYS):
            if at < end:
                return max(at, start)
        return None

    def add(self, at: datetime, working: timedelta) -> datetime | None:
        """The moment at which ``working`` of open time has passed since ``at`` (UTC); None if it never does."""
        at, left = at.astimezone(UTC), working
        for start, end in self._openings(at.astimezone(self.zone).date(), HORIZON_DAYS):
            begin = max(at, start)
            if begin >= end:
                continue
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much open time lies between two moments; zero if they are the wrong way round."""
        first, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        total = timedelta()
        for opens, closes in self._openings(first, (last - first).days + 1):
            total += max(timedelta(), min(closes, end.astimezone(UTC)) - max(opens, start.astimezone(UTC)))
        return total

    def _openings(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Open spans on the UTC line, in order, for the local days from ``first`` on."""
        for offset in range(days):
            day = first + timedelta(days=offset)
            if day in self.closed:
                continue
            for span in self.week[day.weekday()]:
                until = day + timedelta(days=1) if span.end == time() else day
                start = datetime.combine(day, span.start, self.zone).astimezone(UTC)
                end = datetime.combine(until, span.end, self.zone).astimezone(UTC)
                if start < end:
                    yield start, end


def calendar(time_zone: str, hours: Mapping[str, tuple[str, ...]], country: str = "", region: str = "") -> Calendar:
    """A calendar from settings: ``hours`` like ``{"mon": ("08:00-12:00", "13:00-17:00")}``, ISO country and region.

    Raises ``InvalidInput`` that says which value cannot be used.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInput(
            "“{name}” is no time zone; use a name such as Europe/Berlin.", "time_zone", name=time_zone
        ) from None
    week = tuple(_spans(day, hours.get(day, ())) for day in DAYS)
    return Calendar(zone, week, _holidays(country, region))


def _spans(day: str, texts: tuple[str, ...]) -> tuple[Span, ...]:
    spans = sorted((_span(day, text) for text in texts), key=lambda span: span.start)
    for earlier, later in pairwise(spans):
        if earlier.end == time() or later.start < earlier.end:
            raise InvalidInput("The hours of {day} overlap.", "hours", day=day)
    return tuple(spans)


def _span(day: str, text: str) -> Span:
    try:
        start, end = text.split("-")
        span = Span(
            time.fromisoformat(start.strip()), time() if end.strip() == "24:00" else time.fromisoformat(end.strip())
        )
    except ValueError:
        raise InvalidInput(
            "“{span}” on {day} is no span of time; write 08:00-17:00.", "hours", span=text, day=day
        ) from None
    if span.end != time() and span.end <= span.start:
        raise InvalidInput("“{span}” on {day} ends before it starts.", "hours", span=text, day=day)
    return span


def _holidays(country: str, region: str) -> Mapping[date, str]:
    if not country:
        return {}
    try:
        return holidays.country_holidays(country, subdiv=region or None)
    except NotImplementedError:
        raise InvalidInput(
            "No holidays are known for {place}.", "holidays_country", place=f"{country} {region}".strip()
        ) from None
