"""What the bot may know before it decides a turn."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.models import Team, Ticket
from core.tickets import actions, facts
from core.values import Address, TicketKind
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _hand(session: Session, ticket_id: int, team: str, clock: SetClock) -> None:
    found = session.scalars(select(Team).where(Team.key == team)).one()
    ticket = session.get_one(Ticket, ticket_id)
    ticket.level, ticket.team_id, ticket.handed_off_at = found.level, found.id, clock.now()


def _chat(database: Database, desk: Desk, clock: SetClock, visitor: str) -> tuple[int, int]:
    """A visitor writes; their ticket and the work that asks what to do."""
    message = chat_message(desk, clock, sender=Address("webchat", visitor), thread_key=visitor)
    receipt = database.write_now(intake.receive, message, clock.now())
    return receipt.ticket_id or 0, receipt.work_id or 0


def test_every_team_has_a_queue_of_its_own_and_later_ones_wait_behind(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    tickets = [_chat(database, desk, clock, f"visitor-{number}") for number in range(5)]
    for (ticket_id, _), team in zip(tickets, ("service-desk", "security", "security", "service-desk"), strict=False):
        clock.advance(minutes=1)
        database.write_now(_hand, ticket_id, team, clock)
    fresh = database.read_now(facts.read, tickets[4][1], clock.now())
    assert fresh.team == "service-desk" and not fresh.is_taken
    lengths = {key: queue.length for key, queue in fresh.queues.items()}
    assert lengths == {"service-desk": 2, "security": 2, "network-l2": 0, "network": 0}
    waiting = database.read_now(facts.read, tickets[1][1], clock.now())
    assert (waiting.team, waiting.queues["security"].length) == ("security", 0)


def test_a_ticket_is_taken_once_somebody_has_acted_on_it_even_if_they_let_it_go(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    ticket_id, work_id = _chat(database, desk, clock, "visitor-1")
    database.write_now(_hand, ticket_id, "service-desk", clock)
    assert not database.read_now(facts.read, work_id, clock.now()).is_taken
    database.write_now(actions.take_over, ticket_id, desk.anna, clock.now())
    database.write_now(actions.assign, ticket_id, desk.anna, None, clock.now())
    assert database.read_now(facts.read, work_id, clock.now()).is_taken


@pytest.mark.parametrize(
    ("channel", "kind", "known"),
    [
        ("mail", TicketKind.INCIDENT, True),
        ("mail", TicketKind.SERVICE_REQUEST, False),
        ("chat", TicketKind.INCIDENT, False),
    ],
)
def test_trouble_is_what_several_known_people_report_and_no_order_or_nameless_visitor(
    database: Database, desk: Desk, clock: SetClock, channel: str, kind: TicketKind, known: bool
) -> None:
    for number in range(facts.REPORTS):
        if channel == "mail":
            message = letter(desk, clock, sender=Address("email", f"person-{number}@alpha.example"))
        else:
            message = chat_message(desk, clock, sender=Address("webchat", f"v-{number}"), thread_key=f"v-{number}")
        database.write_now(intake.receive, message, clock.now())

    def tell(session: Session) -> None:
        organization = session.scalars(select(Ticket.organization_id).where(Ticket.organization_id.is_not(None)))
        customer = organization.first()
        for ticket in session.scalars(select(Ticket)):
            ticket.intent, ticket.kind, ticket.organization_id = "vpn_problem", kind, customer or 1

    database.write_now(tell)
    asking = letter(desk, clock, "Gibt es eine Störung?", sender=Address("email", "ben@alpha.example"))
    receipt = database.write_now(intake.receive, asking, clock.now())
    found = database.read_now(facts.read, receipt.work_id or 0, clock.now()).trouble
    assert found == (("vpn_problem",) if known else ())
