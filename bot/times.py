"""The moment somebody wants to be called back, as people write it in German and English. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_CLOCK = re.compile(
    r"\b(?:um|gegen|ab|nach|at|around|after|from)?\s*(?<![\d.])(?P<hour>[01]?\d|2[0-3])"
    r"(?:(?::|\.|h)(?P<minute>[0-5]\d)(?:\s*(?:uhr|h))?|\s*uhr(?:\s*(?P<minute2>[0-5]\d))?|\s*(?P<half>am|pm)\b)",
    re.IGNORECASE,
)
_DAYS = {
    "heute": 0, "today": 0, "morgen": 1, "tomorrow": 1, "übermorgen": 2, "uebermorgen": 2,
}  # fmt: skip
_WEEKDAYS = {
    name: index
    for index, names in enumerate(
        [
            ("montag", "monday"), ("dienstag", "tuesday"), ("mittwoch", "wednesday"), ("donnerstag", "thursday"),
            ("freitag", "friday"), ("samstag", "saturday"), ("sonntag", "sunday"),
        ]
    )
    for name in names
}  # fmt: skip
_PARTS = {
    "vormittag": time(10), "morning": time(10), "mittag": time(12), "noon": time(12),
    "nachmittag": time(14), "afternoon": time(14), "abend": time(18), "evening": time(18),
}  # fmt: skip


def wanted_moment(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The future moment a text names, such as ``morgen um 9 Uhr`` or ``Friday 3pm``; None if it names none."""
    words = re.findall(r"[a-zäöüß]+", text.lower())
    clock = _clock(text, words)
    if clock is None:
        return None
    local = now.astimezone(zone)
    day, weekday = _day(words, local.date()), _weekday(words)
    moment = datetime.combine(local.date() + timedelta(days=day or 0), clock, zone)
    if moment <= local:
        if day not in (None, 0) or weekday is not None:
            return moment + timedelta(days=7)
        moment += timedelta(days=1)
    return moment


def wanted_day(text: str, now: datetime, zone: ZoneInfo) -> date | None:
    """The day from today on that a text names, such as ``morgen`` or ``am Samstag``; None if it names none."""
    today = now.astimezone(zone).date()
    day = _day(re.findall(r"[a-zäöüß]+", text.lower()), today)
    return None if day is None else today + timedelta(days=day)


def _day(words: list[str], today: date) -> int | None:
    """How many days ahead of today the named one is."""
    day = next((_DAYS[word] for word in words if word in _DAYS and not _is_morning(word, words)), None)
    weekday = _weekday(words)
    return (weekday - today.weekday()) % 7 if day is None and weekday is not None else day


def _weekday(words: list[str]) -> int | None:
    return next((_WEEKDAYS[name] for word in words if (name := word.removesuffix("s")) in _WEEKDAYS), None)


def _clock(text: str, words: list[str]) -> time | None:
    match = _CLOCK.search(text)
    if match is None:
        return next((_PARTS[word] for word in words if word in _PARTS), None)
    hour = int(match["hour"])
    if (match["half"] or "").lower() == "pm" and hour < 12:
        hour += 12
    if (match["half"] or "").lower() == "am" and hour == 12:
        hour = 0
    return time(hour, int(match["minute"] or match["minute2"] or 0))


def _is_morning(word: str, words: list[str]) -> bool:
    """In *heute Morgen* and *Freitag morgen* the word is a part of the day."""
    place = words.index(word)
    return word == "morgen" and place > 0 and words[place - 1] in {"heute", "guten", *_WEEKDAYS}
