"""Business hours under a name: kept, changed, and turned into the calendars that promises are made by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import holidays
from holidays import registry
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, Mistakes, NotFound
from core.models import BusinessCalendar, DeskSettings, Inbox, Organization
from core.tickets.calendar import DAYS, Calendar, OwnDay, calendar, holidays_of, own_day, spans_of, zone_of

LONGEST_NAME = 120
MOST_DAYS = 200

_WORKDAY, _FRIDAY = ("08:00-17:00",), ("08:00-16:00",)
OFFICE = (("mon", _WORKDAY), ("tue", _WORKDAY), ("wed", _WORKDAY), ("thu", _WORKDAY), ("fri", _FRIDAY))


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the desk's own: closed, or open at other ``hours``. ``date`` is ISO; a ``yearly`` one returns."""

    date: str
    name: str
    hours: tuple[str, ...] = ()
    yearly: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """Everything that makes a calendar, as plain values; without any, office hours in Germany."""

    time_zone: str = "Europe/Berlin"
    week: tuple[tuple[str, tuple[str, ...]], ...] = OFFICE
    country: str = "DE"
    region: str = ""
    days: tuple[Day, ...] = ()

    @classmethod
    def of(
        cls, time_zone: str, hours: Mapping[str, Sequence[str]], country: str, region: str, days: Sequence[Any]
    ) -> Hours:
        """From what a row holds."""
        week = tuple((day, tuple(hours[day])) for day in DAYS if hours.get(day))
        own = tuple(Day(one["date"], one["name"], tuple(one["hours"]), one["yearly"]) for one in days)
        return cls(time_zone, week, country, region, own)

    def calendar(self, language: str = "") -> Calendar:
        """The calendar, with holidays named in that language; it is made once. Raises ``InvalidInput``."""
        return _calendar(self, language)

    def check(self) -> None:
        """Raises ``Mistakes`` that name every field that cannot be: ``mon``, ``day-0``, ``time_zone``, ``region`` …"""
        wrong: dict[str, InvalidInput] = {}
        for name, read in self._parts():
            try:
                read()
            except InvalidInput as mistake:
                wrong[name] = mistake
        if wrong:
            raise Mistakes(wrong)

    def _parts(self) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = [
            ("time_zone", lambda: zone_of(self.time_zone)),
            ("region" if self.region else "country", lambda: holidays_of(self.country, self.region)),
        ]
        parts += [(day, lambda hours=hours: spans_of(hours)) for day, hours in self.week]
        parts += [(f"day-{place}", lambda one=one: _own(one)) for place, one in enumerate(self.days)]
        return parts


@lru_cache(maxsize=256)
def _calendar(hours: Hours, language: str) -> Calendar:
    own = [_own(one) for one in hours.days]
    return calendar(hours.time_zone, dict(hours.week), hours.country, hours.region, own, language)


def _own(day: Day) -> OwnDay:
    return own_day(day.date, day.name, day.hours, day.yearly)


@dataclass(frozen=True, slots=True)
class Line:
    """A calendar in the list, with who uses it."""

    calendar: BusinessCalendar
    is_default: bool
    organizations: tuple[str, ...] = field(default=())
    inboxes: tuple[str, ...] = field(default=())


def everything(session: Session) -> list[Line]:
    """All calendars, the default one first."""
    default = session.scalar(select(DeskSettings.calendar_id))
    found = list(session.scalars(select(BusinessCalendar).order_by(BusinessCalendar.name)))
    lines = [
        Line(
            one,
            one.id == default,
            tuple(session.scalars(select(Organization.name).where(Organization.calendar_id == one.id))),
            tuple(session.scalars(select(Inbox.name).where(Inbox.calendar_id == one.id))),
        )
        for one in found
    ]
    return sorted(lines, key=lambda line: not line.is_default)


def hours_of(row: BusinessCalendar) -> Hours:
    return Hours.of(row.time_zone, row.hours, row.country, row.region, row.days)


def save(session: Session, calendar_id: int | None, name: str, hours: Hours, now: datetime) -> int:
    """Add a calendar or change it; promises made from now on keep to it. Raises ``Mistakes``."""
    wrong: dict[str, InvalidInput] = {}
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        wrong["name"] = InvalidInput("Give the business hours a name.", "name")
    taken = session.scalar(select(BusinessCalendar.id).where(BusinessCalendar.name == name))
    if taken not in (None, calendar_id):
        wrong["name"] = InvalidInput("There are business hours of this name already.", "name")
    if len(hours.days) > MOST_DAYS:
        wrong["days"] = InvalidInput("At most {most} days of your own.", "days", most=MOST_DAYS)
    try:
        hours.check()
    except Mistakes as mistakes:
        wrong |= mistakes.fields
    if wrong:
        raise Mistakes(wrong)
    row = find(session, calendar_id) if calendar_id is not None else BusinessCalendar()
    row.name, row.time_zone, row.country, row.region = name, hours.time_zone, hours.country, hours.region
    row.hours = {day: _texts(texts) for day, texts in hours.week}
    row.days = [{"date": d.date, "name": d.name, "hours": _texts(d.hours), "yearly": d.yearly} for d in hours.days]
    row.updated_at = now
    session.add(row)
    session.flush()
    return row.id


def _texts(hours: Sequence[str]) -> list[str]:
    """Hours in their one normal form."""
    return [str(span) for span in spans_of(hours)]


def make_default(session: Session, calendar_id: int) -> None:
    """From now on these are the hours of everybody who has no others."""
    session.get_one(DeskSettings, 1).calendar_id = find(session, calendar_id).id


def remove(session: Session, calendar_id: int) -> None:
    """Raises ``Conflict`` for one that is in use."""
    row = find(session, calendar_id)
    line = next(one for one in everything(session) if one.calendar.id == row.id)
    if line.is_default:
        raise Conflict("These are the desk's own hours. Make others the default first.")
    if line.organizations or line.inboxes:
        users = ", ".join((*line.organizations, *line.inboxes))
        raise Conflict("These hours are still used by {users}. Give them others first.", users=users)
    session.delete(row)


def find(session: Session, calendar_id: int) -> BusinessCalendar:
    row = session.get(BusinessCalendar, calendar_id)
    if row is None:
        raise NotFound("Those business hours do not exist any more.")
    return row


def countries() -> list[str]:
    """ISO codes of the countries whose holidays are known."""
    return sorted(codes[1] for codes in registry.COUNTRIES.values())


def regions(country: str) -> list[tuple[str, str]]:
    """The parts of a country that have holidays of their own: code and name, by name."""
    try:
        named = holidays.country_holidays(country).get_subdivision_aliases() if country else {}
    except NotImplementedError:
        return []
    return sorted(((code, names[0] if names else code) for code, names in named.items()), key=lambda one: one[1])
