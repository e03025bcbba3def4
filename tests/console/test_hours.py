"""The pages for business hours and for the desk itself: previews, mistakes at their fields, nothing lost."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core import calendars, desk_settings
from core.database import Database
from core.models import Role
from tests.console.site import Browser, signed_in
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock

ROOT = "/console/admin/hours"


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


@pytest.fixture
async def browser(database: Database, desk: Desk, clock: SetClock, tmp_path: Path) -> AsyncIterator[Browser]:
    async with signed_in(database, clock, tmp_path, Role.ADMIN) as browser:
        yield browser


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Office",
        "time_zone": "Europe/Berlin",
        "country": "DE",
        "region": "BY",
        **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "8-12, 13-17"),
        "day_date": ["2026-11-26", "", ""],
        "day_name": ["Outing", "", ""],
        "day_hours": ["10-11", "", ""],
        "day_yearly": ["", "yes", ""],
        **changes,
    }


async def test_a_preview_shows_the_next_seven_days_before_anything_is_saved(
    browser: Browser, database: Database
) -> None:
    preview = (await browser.post(f"{ROOT}/new", do="preview", **typed())).text
    days = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td><td class="meta">([^<]*)</td>', preview)
    assert days[0] == ("Monday, 23 Nov", "08:00–12:00, 13:00–17:00", "")
    assert days[3] == ("Thursday, 26 Nov", "10:00–11:00", "Outing")
    assert days[5] == ("Saturday, 28 Nov", "Closed", "") and len(days) == 7
    assert "Open now" in preview
    assert len(await database.read(calendars.everything)) == 1


async def test_hours_are_added_changed_made_the_default_and_removed(browser: Browser, database: Database) -> None:
    added = await browser.post(f"{ROOT}/new", do="save", **typed())
    assert added.headers["location"] == f"{ROOT}/2"
    page = await browser.page(f"{ROOT}/2")
    assert 'value="08:00-12:00, 13:00-17:00"' in page and 'value="Outing"' in page
    assert '<option value="BY" selected>Bayern</option>' in page
    refused = await browser.post(f"{ROOT}/1", do="remove", **typed())
    assert refused.status_code == 409 and "Make others the default first" in refused.text
    await browser.post(f"{ROOT}/2", do="default", **typed())
    assert (await browser.post(f"{ROOT}/1", do="remove", **typed())).headers["location"] == ROOT
    assert "Office" in await browser.page(ROOT)
    assert (await browser.get(f"{ROOT}/1")).status_code == 404


async def test_mistakes_stand_at_their_fields_and_nothing_typed_is_lost(browser: Browser) -> None:
    wrong = typed(mon="late", day_date=["2026-11-26", "", "soon"], day_name=["Outing", "", "Sometime"], name="")
    for do in ("save", "preview"):
        answer = await browser.post(f"{ROOT}/new", do=do, **wrong)
        assert answer.status_code == 422
        assert answer.text.count("“late” is no span of time") == 2 and 'href="#field-mon"' in answer.text
        assert "“soon” is no date" in answer.text and 'href="#field-day-1"' in answer.text
        assert 'value="late"' in answer.text and 'value="Sometime"' in answer.text


async def test_another_country_brings_its_regions_and_drops_the_old_one(browser: Browser) -> None:
    page = (await browser.post(f"{ROOT}/new", do="preview", **typed(country="AT"))).text
    assert ">Wien</option>" in page and 'value="AT" selected' in page and "No holidays are known" not in page
    assert 'name="region"' not in (await browser.post(f"{ROOT}/new", do="preview", **typed(country=""))).text


async def test_the_desk_s_name_and_the_bot_s_threshold_are_live_with_the_next_page(
    browser: Browser, database: Database
) -> None:
    form = {"name": "IT-Hilfe", "default_language": "en", "form_of_address": "informal", "threshold": "62,5 %"}
    assert (await browser.post("/console/admin/desk", **form)).status_code == 303
    standing = await database.read(desk_settings.of_desk)
    assert (standing.name, standing.threshold) == ("IT-Hilfe", 0.625)
    page = await browser.page("/console/admin/desk")
    assert "<span>IT-Hilfe</span>" in page and 'value="62.5"' in page
    for threshold in ("much", "101", "-1"):
        answer = await browser.post("/console/admin/desk", **{**form, "name": "Other", "threshold": threshold})
        assert answer.status_code == 422 and 'value="Other"' in answer.text and f'value="{threshold}"' in answer.text
    await browser.post("/console/admin/desk", **{**form, "threshold": ""})
    assert (await database.read(desk_settings.of_desk)).threshold is None
