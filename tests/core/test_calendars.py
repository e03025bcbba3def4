"""Named business hours: whose count where, what may be typed, and what is live at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core import administration, calendars, desk_settings, intake
from core.calendars import Day, Hours
from core.database import Database
from core.errors import Conflict, InvalidInput, Mistakes, NotFound
from core.models import Inbox
from core.values import FormOfAddress
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock

NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def hours(**changes: Any) -> Hours:
    return Hours(**{"week": (("tue", ("08:00-17:00",)),), "country": "", **changes})


def _add(database: Database, clock: SetClock, name: str, wanted: Hours, calendar_id: int | None = None) -> int:
    return database.write_now(calendars.save, calendar_id, name, wanted, clock.now())


def test_a_customer_s_hours_go_before_the_inbox_s_and_those_before_the_desk_s(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())

    def opens() -> int:
        standing = database.read_now(desk_settings.of_ticket, 1)
        opening = standing.calendar.next_opening(NIGHT)
        assert opening is not None
        return opening.hour

    assert opens() == 2, "the desk of the tests is always open"
    of_inbox = _add(database, clock, "Inbox", hours(time_zone="UTC", week=(("tue", ("09:00-17:00",)),)))

    def give(session: Session, model: type[Any], row: int, calendar_id: int | None) -> None:
        session.get_one(model, row).calendar_id = calendar_id

    database.write_now(give, Inbox, desk.mail, of_inbox)
    assert opens() == 9
    of_customer = _add(database, clock, "Alpha", hours(time_zone="UTC", week=(("tue", ("05:00-17:00",)),)))
    database.write_now(
        administration.save_organization, 1, "Alpha", ["alpha.example"], FormOfAddress.FORMAL, clock.now(), of_customer
    )
    assert opens() == 5
    _add(database, clock, "Alpha", hours(time_zone="UTC", week=(("tue", ("06:00-17:00",)),)), of_customer)
    assert opens() == 6, "a change is live at once"
    with pytest.raises(InvalidInput):
        database.write_now(administration.save_organization, 1, "Alpha", [], None, clock.now(), 4711)


def test_what_is_typed_is_kept_in_one_form(database: Database, desk: Desk, clock: SetClock) -> None:
    typed = Hours(
        week=(("mon", ("8-12", "13:00 – 17.30")), ("sun", ())),
        region="BY",
        days=(Day("2026-12-24", "Heiligabend", ("8-12",), yearly=True), Day("2026-12-28", "Ausflug")),
    )
    kept = calendars.hours_of(database.read_now(calendars.find, _add(database, clock, "Büro", typed)))
    assert kept.week == (("mon", ("08:00-12:00", "13:00-17:30")),)
    assert kept.days[0] == Day("2026-12-24", "Heiligabend", ("08:00-12:00",), yearly=True)
    calendar = kept.calendar("de")
    assert calendar.plan(datetime(2027, 1, 6, tzinfo=UTC).date()).name == "Heilige Drei Könige"
    assert kept.calendar("en").plan(datetime(2027, 1, 6, tzinfo=UTC).date()).name == "Epiphany"


def test_every_mistake_is_named_at_its_field(database: Database, desk: Desk, clock: SetClock) -> None:
    wrong = Hours(
        time_zone="Mars/Olympus",
        week=(("mon", ("8-12", "11-17")), ("tue", ("late",)), ("wed", ("17-8",))),
        country="DE",
        region="XX",
        days=(Day("2026-12-24", "Heiligabend"), Day("soon", "Irgendwann"), Day("2026-12-25", "", ("x",))),
    )
    with pytest.raises(Mistakes) as raised:
        _add(database, clock, " ", wrong)
    assert raised.value.fields.keys() == {"name", "time_zone", "mon", "tue", "wed", "region", "day-1", "day-2"}
    with pytest.raises(Mistakes) as raised:
        _add(database, clock, "Immer", hours(country="XX"))
    assert raised.value.fields.keys() == {"name", "country"}


def test_what_is_in_use_stays(database: Database, desk: Desk, clock: SetClock) -> None:
    other = _add(database, clock, "Büro", hours())
    with pytest.raises(Conflict, match="default"):
        database.write_now(calendars.remove, 1)
    database.write_now(calendars.make_default, other)
    assert [line.is_default for line in database.read_now(calendars.everything)] == [True, False]

    def give(session: Session) -> None:
        session.get_one(Inbox, desk.mail).calendar_id = 1

    database.write_now(give)
    with pytest.raises(Conflict, match="Mail"):
        database.write_now(calendars.remove, 1)
    for missing in (calendars.remove, calendars.make_default):
        with pytest.raises(NotFound):
            database.write_now(missing, 4711)


def test_the_desk_s_settings_are_read_where_they_are_needed(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    database.write_now(desk_settings.save, "IT-Hilfe", "en", FormOfAddress.INFORMAL, 0.6, clock.now())
    standing = database.read_now(desk_settings.of_ticket, 1)
    assert (standing.name, standing.threshold, standing.form_of_address) == ("IT-Hilfe", 0.6, FormOfAddress.INFORMAL)
    assert database.read_now(desk_settings.of_desk).default_language == "en"
    with pytest.raises(Mistakes) as raised:
        database.write_now(desk_settings.save, "", "fr", FormOfAddress.FORMAL, 1.5, clock.now())
    assert raised.value.fields.keys() == {"name", "default_language", "threshold"}


def test_a_desk_without_settings_has_those_it_would_begin_with(database: Database, clock: SetClock) -> None:
    standing = database.read_now(desk_settings.of_desk)
    assert (standing.name, standing.threshold) == ("Service Desk", None)
    assert not standing.calendar.is_open(NIGHT)
