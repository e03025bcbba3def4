"""What an admin chooses for a customer is kept, shown, and told to whoever writes to that customer's people."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.models import Organization, Role
from core.tickets import actions
from core.values import FormOfAddress
from tests.console.site import Browser, signed_in
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


@pytest.fixture
async def admin(database: Database, desk: Desk, clock: SetClock, tmp_path: Path) -> AsyncIterator[Browser]:
    async with signed_in(database, clock, tmp_path, Role.ADMIN, language="de") as browser:
        yield browser


async def _save(admin: Browser, form_of_address: str, name: str = "Alpha GmbH") -> httpx.Response:
    form = {"id": "1", "name": name, "domains": "alpha.example", "form_of_address": form_of_address}
    return await admin.post("/console/admin/organizations", **form)


async def test_a_customer_s_form_of_address_is_kept_and_given_up_again(admin: Browser, database: Database) -> None:
    for chosen, kept in (("informal", FormOfAddress.INFORMAL), ("formal", FormOfAddress.FORMAL), ("", None)):
        assert (await _save(admin, chosen)).status_code == 303
        assert (await database.read(Session.get_one, Organization, 1)).form_of_address is kept
        page = (await admin.get("/console/admin/organizations?edit=1")).text
        selected = re.findall(r'<option value="(\w*)" selected>', page)
        assert selected == ([chosen] if chosen else [])


async def test_a_mistake_keeps_the_choice(admin: Browser, database: Database) -> None:
    answer = await _save(admin, "informal", name=" ")
    assert answer.status_code == 422 and '<option value="informal" selected>' in answer.text
    assert (await database.read(Session.get_one, Organization, 1)).form_of_address is None


async def test_whoever_answers_sees_how_to_address_the_person(
    admin: Browser, database: Database, desk: Desk, clock: SetClock
) -> None:
    await database.write(intake.receive, letter(desk, clock), clock.now())
    await database.write(actions.take_over, 1, desk.anna, clock.now())
    page = (await admin.get("/console/tickets/1?guide=vpn_problem")).text
    assert "Deutsch (Sie)" in page and "starten Sie Ihren Router neu" in page
    await _save(admin, "informal")
    page = (await admin.get("/console/tickets/1?guide=vpn_problem")).text
    assert "Deutsch (du)" in page and "starte deinen Router neu" in page
