"""Business hours: when people are at the desk, and how much of a span of time that was. Pure.

A calendar is a time zone, the opening spans of each weekday, the holidays and the desk's own days, which go before
both. All moments are aware datetimes; the arithmetic is done on the UTC line, so days on which clocks change have the
hours they really have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from core.errors import InvalidInput

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = 24 * 60
_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2})([:.](?P<minute>[0-5][0-9]))?")
HORIZON_DAYS = 366 * 2
"""How far ahead an opening is looked for; a calendar that is closed longer never opens."""


@dataclass(frozen=True, slots=True)
class Span:
    """Opening hours within one day; ``end`` 00:00 means midnight at the day's end."""

    start: time
    end: time

    def __str__(self) -> str:
        end = "24:00" if self.end == time() else f"{self.end:%H:%M}"
        return f"{self.start:%H:%M}-{end}"


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day with hours of its own, closed without any; ``year`` None means every year."""

    year: int | None
    month: int
    day: int
    name: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What one day is like; ``name`` is that of a holiday or an own day."""

    date: date
    spans: tuple[Span, ...]
    name: str


@dataclass(frozen=True)
class Calendar:
    """``week`` has one tuple of spans a weekday, Monday first, sorted and not overlapping."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    closed: Mapping[date, str]
    """Holidays and their names."""
    own: Mapping[tuple[int | None, int, int], OwnDay] = field(default_factory=dict)
    """Own days by year, month and day."""

    def plan(self, day: date) -> DayPlan:
        """When people are there on a local day, and why if it is no ordinary one."""
        own = self.own.get((day.year, day.month, day.day)) or self.own.get((None, day.month, day.day))
        if own is not None:
            return DayPlan(day, own.spans, own.name)
        if day in self.closed:
            return DayPlan(day, (), self.closed[day])
        return DayPlan(day, self.week[day.weekday()], "")

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
            for span in self.plan(day).spans:
                until = day + timedelta(days=1) if span.end == time() else day
                start = datetime.combine(day, span.start, self.zone).astimezone(UTC)
                end = datetime.combine(until, span.end, self.zone).astimezone(UTC)
                if start < end:
                    yield start, end


def calendar(
    time_zone: str,
    hours: Mapping[str, tuple[str, ...]],
    country: str = "",
    region: str = "",
    own: Sequence[OwnDay] = (),
    language: str = "",
) -> Calendar:
    """A calendar from settings: ``hours`` like ``{"mon": ("08:00-12:00", "13:00-17:00")}``, ISO country and region.

    Holidays are named in ``language`` where their names are known in it. Raises ``InvalidInput`` that says which value
    cannot be used.
    """
    week = tuple(spans_of(hours.get(day, ())) for day in DAYS)
    days = {(one.year, one.month, one.day): one for one in own}
    return Calendar(zone_of(time_zone), week, holidays_of(country, region, language), days)


def zone_of(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            "“{name}” is no time zone; use a name such as Europe/Berlin.", "time_zone", name=time_zone
        ) from None


def own_day(day: str, name: str, hours: Sequence[str], yearly: bool) -> OwnDay:
    """An own day from an ISO date and hours as of a weekday; without hours it is closed."""
    try:
        at = date.fromisoformat(day)
    except ValueError:
        raise InvalidInput("“{day}” is no date; write 2026-12-24.", "days", day=day) from None
    return OwnDay(None if yearly else at.year, at.month, at.day, name, spans_of(hours))


def spans_of(texts: Sequence[str]) -> tuple[Span, ...]:
    """The spans of a day, sorted. Raises ``InvalidInput`` for what is none, and for spans that overlap."""
    spans = sorted((_span(text) for text in texts), key=lambda span: span.start)
    for earlier, later in pairwise(spans):
        if earlier.end == time() or later.start < earlier.end:
            raise InvalidInput("These hours overlap.", "hours")
    return tuple(spans)


def _span(text: str) -> Span:
    start, _, end = text.replace("–", "-").partition("-")
    begins, ends = _clock(start), _clock(end)
    if begins is None or ends is None or begins == _MIDNIGHT:
        raise InvalidInput("“{span}” is no span of time; write 08:00-17:00.", "hours", span=text)
    if ends <= begins:
        raise InvalidInput("“{span}” ends before it starts.", "hours", span=text)
    return Span(time(*divmod(begins, 60)), time() if ends == _MIDNIGHT else time(*divmod(ends, 60)))


def _clock(text: str) -> int | None:
    """The minute of the day a time of day names, such as ``8``, ``8:30`` or ``08.30``; None if it names none."""
    found = _CLOCK.fullmatch(text.strip())
    minutes = int(found["hour"]) * 60 + int(found["minute"] or 0) if found is not None else _MIDNIGHT + 1
    return minutes if minutes <= _MIDNIGHT else None


def holidays_of(country: str, region: str, language: str = "") -> Mapping[date, str]:
    """Public holidays by ISO country and region; none without a country."""
    if not country:
        return {}
    try:
        found = holidays.country_holidays(country, subdiv=region or None)
        known = next((one for one in found.supported_languages if language and one.startswith(language)), None)
        return found if known is None else holidays.country_holidays(country, subdiv=region or None, language=known)
    except NotImplementedError:
        raise InvalidInput(
            "No holidays are known for {place}.", "region" if region else "country", place=f"{country} {region}".strip()
        ) from None
