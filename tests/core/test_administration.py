"""What admins set up: nobody locks everybody out, and no ticket is left with somebody who is gone."""

from __future__ import annotations

import pytest
from argon2 import extract_parameters
from sqlalchemy.orm import Session

from core import administration, intake, staff
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.models import Agent, Role, Ticket
from core.tickets import actions
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _save(database: Database, clock: SetClock, agent_id: int | None, email: str, role: Role = Role.AGENT) -> int:
    hashed = staff.hash_password("a long password") if agent_id is None else None
    return database.write_now(administration.save_agent, agent_id, email, "Name", role, "de", [1], hashed, clock.now())


def test_who_is_shut_out_is_out_at_once_and_their_tickets_go_back(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    database.write_now(actions.take_over, 1, desk.ben, clock.now())
    token = database.write_now(staff.open_session, desk.ben, clock.now())
    database.write_now(administration.set_active, desk.ben, False, clock.now())
    assert database.read_now(staff.signed_in, token, clock.now()) is None
    assert database.read_now(Session.get_one, Ticket, 1).assignee_id is None
    database.write_now(administration.set_active, desk.ben, True, clock.now())
    assert database.read_now(Session.get_one, Agent, desk.ben).active


def test_the_last_admin_stays(database: Database, desk: Desk, clock: SetClock) -> None:
    first = _save(database, clock, None, "chef@desk.example", Role.ADMIN)
    with pytest.raises(Conflict):
        _save(database, clock, first, "chef@desk.example", Role.AGENT)
    with pytest.raises(Conflict):
        database.write_now(administration.set_active, first, False, clock.now())
    _save(database, clock, None, "zweite@desk.example", Role.ADMIN)
    _save(database, clock, first, "chef@desk.example", Role.AGENT)


def test_a_new_password_signs_out_everywhere(database: Database, desk: Desk, clock: SetClock) -> None:
    token = database.write_now(staff.open_session, desk.anna, clock.now())
    hashed = staff.hash_password("another long one")
    database.write_now(
        administration.save_agent, desk.anna, "anna@desk.example", "Anna", Role.AGENT, "de", [], hashed, clock.now()
    )
    assert database.read_now(staff.signed_in, token, clock.now()) is None


@pytest.mark.parametrize("email", ["", "no address", "ben@desk.example"])
def test_an_address_that_cannot_be_is_refused(database: Database, desk: Desk, clock: SetClock, email: str) -> None:
    with pytest.raises(InvalidInput):
        _save(database, clock, None, email)


def test_a_domain_belongs_to_one_customer(database: Database, desk: Desk, clock: SetClock) -> None:
    new = database.write_now(administration.save_organization, None, "Gamma", ["@Gamma.example "], None, clock.now())
    message = letter(desk, clock)
    database.write_now(intake.receive, message, clock.now())
    with pytest.raises(InvalidInput):
        database.write_now(administration.save_organization, new, "Gamma", ["alpha.example"], None, clock.now())
    with pytest.raises(InvalidInput):
        database.write_now(administration.save_organization, None, "Gamma", [], None, clock.now())
    with pytest.raises(InvalidInput):
        database.write_now(administration.save_organization, None, "Delta", ["no domain"], None, clock.now())


def test_teams_have_a_level_and_a_name_of_their_own(database: Database, desk: Desk, clock: SetClock) -> None:
    team = database.write_now(administration.save_team, None, "Drucker & Co", 3)
    database.write_now(administration.save_team, team, "Drucker", 2)
    for name, level in (("Drucker & Co", 3), ("", 1), ("Neu", 4)):
        with pytest.raises(InvalidInput):
            database.write_now(administration.save_team, None, name, level)


def test_who_is_nobody_takes_as_long_to_refuse(database: Database, desk: Desk) -> None:
    nobody, hashed = database.read_now(staff.password_hash_of, "nobody@desk.example")
    assert nobody is None
    assert extract_parameters(hashed) == extract_parameters(staff.hash_password("a long password"))
    assert not staff.fits(hashed, "a long password")
