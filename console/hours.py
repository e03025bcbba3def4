"""Business hours in the administration: the list, and a page each with a preview of the days to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.dates import format_date, format_time
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.administration import Administration
from console.auth import SignedIn
from console.forms import Filled, texts
from core import calendars
from core.calendars import Day, Hours, Line
from core.errors import DeskError
from core.tickets.calendar import DAYS, Calendar
from web.languages import translator
from web.outside import read_form

ROOT = "/console/admin/hours"
AHEAD = 7
SPARE_DAYS = 2
"""Empty rows for own days at the end of the form; saving brings new ones."""
NEAR = ("DE", "AT", "CH")
"""Countries that stand first in the list."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One day of the preview, in the reader's language."""

    day: str
    hours: str
    name: str
    is_today: bool


class HoursPages:
    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self._database = administration.database
        self._clock = administration.clock
        admins = administration.required
        self.routes: Sequence[BaseRoute] = [
            Route(ROOT, admins(self._list)),
            Route(f"{ROOT}/new", admins(self._new), methods=["GET", "POST"]),
            Route(f"{ROOT}/{{calendar:int}}", admins(self._one), methods=["GET", "POST"]),
        ]

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        lines, language = await self._database.read(calendars.everything), signed_in.agent.language
        state = {line.calendar.id: self._state(calendars.hours_of(line.calendar), language) for line in lines}
        return await self._administration.page(signed_in, "hours", "admin_hours.html", lines=lines, state=state)

    async def _new(self, request: Request, signed_in: SignedIn) -> Response:
        if request.method == "POST":
            return await self._submitted(request, signed_in, None)
        return await self._show(signed_in, None, "", Hours())

    async def _one(self, request: Request, signed_in: SignedIn) -> Response:
        line = await self._database.read(_find, request.path_params["calendar"])
        if request.method == "POST":
            return await self._submitted(request, signed_in, line)
        return await self._show(signed_in, line, line.calendar.name, calendars.hours_of(line.calendar))

    async def _submitted(self, request: Request, signed_in: SignedIn, line: Line | None) -> Response:
        """Save, show a preview of what was typed, make it the default, or remove it."""
        form = await read_form(request)
        typed, hours, known = texts(form), _hours(form), line.calendar.id if line is not None else None
        name = typed.get("name", "")
        try:
            match typed.get("do", "save"):
                case "preview":
                    hours.check()
                    return await self._show(signed_in, line, name, hours)
                case "default" if known is not None:
                    await self._database.write(calendars.make_default, known)
                case "remove" if known is not None:
                    await self._database.write(calendars.remove, known)
                    return RedirectResponse(ROOT, 303)
                case _:
                    known = await self._database.write(calendars.save, known, name, hours, self._clock.now())
        except DeskError as error:
            return await self._show(signed_in, line, name, hours, error)
        return RedirectResponse(f"{ROOT}/{known}", 303)

    async def _show(
        self, signed_in: SignedIn, line: Line | None, name: str, hours: Hours, error: DeskError | None = None
    ) -> Response:
        language, values = signed_in.agent.language, _values(name, hours)
        filled = Filled.wrong(values, error, language) if error is not None else Filled(values)
        return await self._administration.page(
            signed_in,
            "hours",
            "admin_calendar.html",
            filled.status,
            line=line,
            filled=filled,
            weekdays=[(day, _weekday(place, language)) for place, day in enumerate(DAYS)],
            rows=range(len(hours.days) + SPARE_DAYS),
            zones=sorted(available_timezones()),
            countries=_countries(language),
            regions=calendars.regions(hours.country),
            preview=self._preview(hours, language),
            state=self._state(hours, language),
        )

    def _preview(self, hours: Hours, language: str) -> list[Shown]:
        """The next days, as far as what was typed makes a calendar."""
        try:
            calendar = hours.calendar(language)
        except DeskError:
            return []
        today = self._clock.now().astimezone(calendar.zone).date()
        return [_shown(calendar, today + timedelta(days=ahead), ahead == 0, language) for ahead in range(AHEAD)]

    def _state(self, hours: Hours, language: str) -> str:
        """Whether people are there right now, and until or from when."""
        try:
            calendar = hours.calendar(language)
        except DeskError:
            return ""
        now, translate = self._clock.now(), translator(language)
        opening = calendar.next_opening(now)
        if opening is None:
            return translate("Never open")
        if opening <= now:
            return translate("Open now")
        local = opening.astimezone(calendar.zone)
        day = format_date(local, "EEEE, d. MMMM" if language == "de" else "EEEE d MMMM", locale=language)
        clock = format_time(local, "HH:mm", locale=language)
        return translate("Closed now; opens on {day} at {clock}").format(day=day, clock=clock)


def _find(session: Session, calendar_id: int) -> Line:
    calendars.find(session, calendar_id)
    return next(line for line in calendars.everything(session) if line.calendar.id == calendar_id)


def _shown(calendar: Calendar, day: date, is_today: bool, language: str) -> Shown:
    plan, translate = calendar.plan(day), translator(language)
    pattern = "EEEE, dd.MM." if language == "de" else "EEEE, d MMM"
    hours = ", ".join(str(span).replace("-", "–") for span in plan.spans) or translate("Closed")
    return Shown(format_date(day, pattern, locale=language), hours, plan.name, is_today)


def _weekday(place: int, language: str) -> str:
    # Any Monday will do.
    return format_date(date(2024, 1, 1) + timedelta(days=place), "EEEE", locale=language)


def _countries(language: str) -> list[tuple[str, str]]:
    names: Mapping[str, str] = Locale.parse(language).territories
    known = [(code, names.get(code, code)) for code in calendars.countries()]
    return sorted(known, key=lambda one: (NEAR.index(one[0]) if one[0] in NEAR else len(NEAR), one[1]))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())


def _hours(form: FormData) -> Hours:
    """What was typed; rows of own days without a date and a name are no days."""
    columns: dict[str, list[Any]] = {name: form.getlist(f"day_{name}") for name in ("date", "name", "hours", "yearly")}
    days = tuple(
        Day(str(on).strip(), str(name).strip(), _split(str(hours)), str(yearly) == "yes")
        for on, name, hours, yearly in zip(*columns.values(), strict=False)
        if str(on).strip() or str(name).strip()
    )
    typed = texts(form)
    week = tuple((day, _split(typed.get(day, ""))) for day in DAYS)
    country, region = typed.get("country", ""), typed.get("region", "")
    return Hours(
        time_zone=typed.get("time_zone", "").strip(),
        week=tuple((day, hours) for day, hours in week if hours),
        country=country,
        # Of another country than the one chosen now there is no region.
        region=region if region in dict(calendars.regions(country)) else "",
        days=days,
    )


def _values(name: str, hours: Hours) -> dict[str, str]:
    """What stands in the form."""
    values = {"name": name, "time_zone": hours.time_zone, "country": hours.country, "region": hours.region}
    values |= {day: ", ".join(spans) for day, spans in hours.week}
    for place, day in enumerate(hours.days):
        values[f"day-{place}"] = day.date
        values[f"day-{place}-name"] = day.name
        values[f"day-{place}-hours"] = ", ".join(day.hours)
        values[f"day-{place}-yearly"] = "yes" if day.yearly else ""
    return values
