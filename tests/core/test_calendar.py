"""Business hours: properties that hold for every calendar, and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.tickets.calendar import DAYS, Calendar, calendar, own_day, spans_of

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = calendar("Europe/Berlin", dict.fromkeys(DAYS[:5], ("08:00-12:00", "13:00-17:00")), "DE")

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
spans = st.lists(st.tuples(st.integers(0, 23), st.integers(1, 24)), max_size=2).map(
    lambda pairs: tuple(f"{a:02}:00-{b:02}:00" for a, b in pairs if a < b)[:1]
)
calendars = st.builds(
    lambda zone, hours: calendar(zone, dict(zip(DAYS, hours, strict=True))),
    st.sampled_from(["Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe"]),
    st.lists(spans, min_size=7, max_size=7),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_open_and_closed() -> None:
    assert OFFICE.is_open(at("2026-11-23T08:00"))
    assert not OFFICE.is_open(at("2026-11-23T12:00"))
    assert not OFFICE.is_open(at("2026-11-22T10:00"))
    assert not OFFICE.is_open(at("2026-12-25T10:00")), "a holiday"


def test_the_next_opening_skips_nights_weekends_and_holidays() -> None:
    assert OFFICE.next_opening(at("2026-12-24T18:00")) == at("2026-12-28T08:00")
    assert OFFICE.next_opening(at("2026-11-23T09:30")) == at("2026-11-23T09:30")


def test_working_time_runs_over_the_lunch_break() -> None:
    assert OFFICE.add(at("2026-11-23T11:00"), timedelta(hours=2)) == at("2026-11-23T14:00")


def test_days_on_which_clocks_change_have_the_hours_they_have() -> None:
    always = calendar("Europe/Berlin", dict.fromkeys(DAYS, ("00:00-24:00",)))
    assert always.between(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == timedelta(hours=23)
    assert always.between(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == timedelta(hours=25)


def test_a_calendar_that_never_opens_says_so() -> None:
    never = calendar("UTC", {})
    assert never.next_opening(at("2026-11-23T09:00")) is None
    assert never.add(at("2026-11-23T09:00"), timedelta(minutes=1)) is None


@pytest.mark.parametrize("hours", ["8-25", "17:00-08:00", "nine", "8", "08:60-17:00", "24:00-24:00"])
def test_hours_that_cannot_be_are_explained(hours: str) -> None:
    with pytest.raises(InvalidInput):
        calendar("Europe/Berlin", {"mon": (hours,)})


@pytest.mark.parametrize("hours", ["8-17", "08:00 – 17.00", "8:00-17"])
def test_hours_are_understood_as_people_write_them(hours: str) -> None:
    assert [str(span) for span in spans_of([hours])] == ["08:00-17:00"]


def test_own_days_go_before_holidays_and_weekdays() -> None:
    own = [
        own_day("2026-12-24", "Heiligabend", ["8-12"], yearly=True),
        own_day("2026-12-25", "Notdienst", ["10:00-11:00"], yearly=False),
        own_day("2026-12-28", "Betriebsausflug", [], yearly=False),
    ]
    office = calendar("Europe/Berlin", dict.fromkeys(DAYS[:5], ("08:00-17:00",)), "DE", own=own)
    assert office.is_open(at("2026-12-24T09:00")) and not office.is_open(at("2026-12-24T12:00"))
    assert office.plan(at("2027-12-24T00:00").date()).name == "Heiligabend"
    assert office.is_open(at("2026-12-25T10:30")), "open although it is a holiday"
    assert not office.is_open(at("2027-12-27T07:00")) and office.is_open(at("2027-12-28T09:00"))
    assert office.next_opening(at("2026-12-28T09:00")) == at("2026-12-29T08:00")


def test_overlapping_hours_are_refused() -> None:
    with pytest.raises(InvalidInput, match="overlap"):
        calendar("Europe/Berlin", {"mon": ("08:00-12:00", "11:00-13:00")})


@given(calendars, moments, st.integers(1, 60 * 100))
def test_adding_working_time_passes_exactly_that_much(any_: Calendar, start: datetime, minutes: int) -> None:
    working = timedelta(minutes=minutes)
    end = any_.add(start, working)
    if end is not None:
        assert end > start
        assert any_.between(start, end) == working


@given(calendars, moments, moments, moments)
def test_working_time_adds_up(any_: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    first, second, third = sorted((one, two, three))
    assert any_.between(first, second) + any_.between(second, third) == any_.between(first, third)


@given(calendars, moments)
def test_the_next_opening_is_open_and_nothing_before_it_is(any_: Calendar, start: datetime) -> None:
    opening = any_.next_opening(start)
    if opening is not None:
        assert any_.is_open(opening)
        assert any_.between(start, opening) == timedelta()
