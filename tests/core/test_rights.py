"""What each role may, use case by use case; and whom a ticket goes to that somebody has to decide about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake, replies
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from core.knowledge import editing
from core.models import Agent, HistoryEntry, Role, SavedView, TeamMember, Ticket
from core.rights import RIGHTS, Right, may
from core.search import saved
from core.tickets import actions, escalation, lists
from tests.core.desk import Desk, letter, make, seed
from tests.fakes.clock import SetClock

Act = Callable[[Session, Desk, SetClock], object]


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    """Ben's open ticket."""
    desk = database.write_now(seed, clock)
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    database.write_now(actions.take_over, 1, desk.ben, clock.now())
    return desk


def _publish(session: Session, desk: Desk, clock: SetClock) -> None:
    article = editing.create(session, "VPN", "de", None, "", desk.anna, clock.now())
    version = editing.save_draft(session, article, "VPN", "", "So geht es.", desk.anna, clock.now())
    editing.publish(session, version, desk.anna, clock.now())


def _share_answer(session: Session, desk: Desk, clock: SetClock) -> None:
    replies.save(session, None, "Gruß", "Hallo", "Hello", None, clock.now(), desk.anna)


def _change_shared_answer(session: Session, desk: Desk, clock: SetClock) -> None:
    shared = replies.save(session, None, "Gruß", "Hallo", "Hello", None, clock.now())
    replies.save(session, shared, "Gruß", "Hi", "Hi", None, clock.now(), desk.anna, own=True)


def _remove_shared_answer(session: Session, desk: Desk, clock: SetClock) -> None:
    replies.remove(session, replies.save(session, None, "Gruß", "Hallo", "Hello", None, clock.now()), desk.anna)


def _forget_shared_search(session: Session, desk: Desk, clock: SetClock) -> None:
    session.add(SavedView(name="Alle", query="drucker"))
    session.flush()
    saved.forget(session, 1, desk.anna)


LEADS_ONLY: dict[str, Act] = {
    "take a colleague's ticket": lambda session, desk, clock: actions.take_over(
        session, 1, desk.anna, clock.now(), force=True
    ),
    "give a colleague's ticket away": lambda session, desk, clock: actions.assign(
        session, 1, desk.anna, desk.anna, clock.now()
    ),
    "put a colleague's ticket back": lambda session, desk, clock: actions.assign(
        session, 1, desk.anna, None, clock.now()
    ),
    "pass a colleague's ticket on": lambda session, desk, clock: actions.escalate(
        session, 1, desk.anna, "network-l2", "Netz", "", clock.now()
    ),
    "give a colleague's ticket to the bot": lambda session, desk, clock: actions.hand_back(
        session, 1, desk.anna, {}, "", clock.now()
    ),
    "publish": _publish,
    "withdraw": lambda session, desk, clock: editing.withdraw(session, 1, desk.anna, clock.now()),
    "write an answer for everybody": _share_answer,
    "change an answer of everybody": _change_shared_answer,
    "remove an answer of everybody": _remove_shared_answer,
    "keep a search for everybody": lambda session, desk, clock: saved.keep(session, "x", "vpn", desk.anna, True),
    "forget a search of everybody": _forget_shared_search,
    "see another team's list": lambda session, desk, clock: lists.team_rows(
        session, "security", desk.anna, clock.now()
    ),
}


@pytest.mark.parametrize("what", LEADS_ONLY)
def test_leads_and_admins_may_what_agents_may_not(database: Database, desk: Desk, clock: SetClock, what: str) -> None:
    with pytest.raises(NotAllowed):
        database.write_now(LEADS_ONLY[what], desk, clock)
    for role in (Role.LEAD, Role.ADMIN):
        database.write_now(make, desk.anna, role)

        def tried(session: Session) -> None:
            LEADS_ONLY[what](session, desk, clock)
            raise _Undone

        with pytest.raises(_Undone):
            database.write_now(tried)


class _Undone(Exception):
    """Every attempt begins from the same desk."""


def test_each_role_may_all_that_the_one_before_may() -> None:
    assert RIGHTS[Role.AGENT] < RIGHTS[Role.LEAD] < RIGHTS[Role.ADMIN] == frozenset(Right)
    assert not may(Role.LEAD, Right.ADMINISTRATE)


def test_an_agent_works_with_what_is_theirs_or_nobody_s(database: Database, desk: Desk, clock: SetClock) -> None:
    now = clock.now()
    database.write_now(actions.assign, 1, desk.ben, desk.anna, now)
    database.write_now(actions.escalate, 1, desk.anna, "network-l2", "Netz", "", now)
    database.write_now(actions.take_over, 1, desk.ben, now)
    database.write_now(actions.hand_back, 1, desk.ben, {}, "", now)
    own = database.write_now(replies.save, None, "Meine", "Hallo", "Hello", None, now, desk.anna, True)
    assert [one.title for one in database.read_now(replies.offered, None, desk.anna)] == ["Meine"]
    assert database.read_now(replies.offered, None, desk.ben) == []
    for stranger in (
        lambda session: replies.save(session, own, "x", "x", "x", None, now, desk.ben, True),
        lambda session: replies.remove(session, own, desk.ben),
    ):
        with pytest.raises(NotFound):
            database.write_now(stranger)
    database.write_now(replies.remove, own, desk.anna)
    database.write_now(saved.keep, "Drucker", "drucker", desk.anna, False)
    assert [one.name for one in database.read_now(saved.seen_by, desk.anna)] == ["Drucker"]
    assert database.read_now(saved.seen_by, desk.ben) == []
    database.write_now(saved.forget, 1, desk.ben)
    database.write_now(saved.forget, 1, desk.anna)
    assert database.read_now(saved.seen_by, desk.anna) == []


def _lead(session: Session, name: str, team_id: int, clock: SetClock, active: bool = True) -> int:
    lead = Agent(
        email=f"{name}@desk.example",
        name=name.title(),
        password_hash="-",
        role=Role.LEAD,
        active=active,
        created_at=clock.now(),
    )
    session.add(lead)
    session.flush()
    session.add(TeamMember(team_id=team_id, agent_id=lead.id))
    return lead.id


def test_a_ticket_that_needs_a_decision_goes_to_the_lead_of_its_team(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    def ask(agent: int, reason: str = "Der Kunde droht mit Kündigung.") -> int:
        return database.write_now(escalation.to_lead, 1, agent, reason, clock.now())

    with pytest.raises(InvalidInput):
        ask(desk.anna, " ")
    with pytest.raises(Conflict, match="Service Desk has no other lead"):
        ask(desk.anna)
    database.write_now(_lead, "fern", 2, clock)
    database.write_now(_lead, "gone", 1, clock, active=False)
    lea = database.write_now(_lead, "lea", 1, clock)
    assert ask(desk.anna) == lea, "anybody may ask, also about a colleague's ticket"
    ticket = database.read_now(Session.get_one, Ticket, 1)
    assert (ticket.assignee_id, ticket.team_id, ticket.level) == (lea, 1, 1)
    entry = database.read_now(
        lambda session: session.scalars(select(HistoryEntry).order_by(HistoryEntry.id.desc())).first()
    )
    assert entry is not None and (entry.action, entry.detail["lead"]) == ("escalated_to_lead", "Lea")
    for agent in (desk.anna, lea):
        with pytest.raises(Conflict):
            ask(agent)


def test_of_several_leads_the_one_with_the_fewest_tickets_gets_it(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first, second = (database.write_now(_lead, name, 1, clock) for name in ("lea", "mira"))
    assert database.write_now(escalation.to_lead, 1, desk.anna, "Warum", clock.now()) == first
    for number in (2, 3):
        database.write_now(intake.receive, letter(desk, clock, text=f"Nummer {number}"), clock.now())
    assert database.write_now(escalation.to_lead, 2, desk.anna, "Warum", clock.now()) == second
    assert database.write_now(escalation.to_lead, 3, first, "Warum", clock.now()) == second, "never oneself"


def test_a_lead_sees_every_team_s_list_and_an_agent_their_own(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(actions.escalate, 1, desk.ben, "network-l2", "Netz", "", clock.now())
    assert [(line.key, line.count) for line in database.read_now(lists.teams)] == [
        ("service-desk", 0),
        ("network-l2", 1),
        ("security", 0),
        ("network", 0),
    ]

    def join(session: Session) -> None:
        session.add(TeamMember(team_id=2, agent_id=desk.anna))

    database.write_now(join)
    assert [row.id for row in database.read_now(lists.team_rows, "network-l2", desk.anna, clock.now())] == [1]
    with pytest.raises(NotAllowed):
        database.read_now(lists.team_rows, "network-l2", desk.ben, clock.now())
    with pytest.raises(NotFound):
        database.read_now(lists.team_rows, "nobody", desk.anna, clock.now())
