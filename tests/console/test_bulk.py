"""Many tickets at once: each is a use case of its own, and those that fail are named in plain words."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from console import bulk
from console.actions import ACTIONS
from core import intake
from core.database import Database
from core.models import Ticket
from core.tickets import actions, lists
from core.tickets.lists import View
from core.values import Status
from tests.console.conftest import Signed
from tests.core.desk import letter
from tests.fakes.clock import SetClock


async def _tickets(database: Database, anna: Signed, clock: SetClock, count: int) -> list[int]:
    """Tickets that people have."""
    ids = []
    for _ in range(count):
        receipt = await database.write(intake.receive, letter(anna.desk, clock), clock.now())
        ids.append(receipt.ticket_id or 0)
        await database.write(actions.assign, ids[-1], anna.desk.ben, anna.desk.ben, clock.now())
        await database.write(actions.assign, ids[-1], anna.desk.ben, None, clock.now())
    return ids


async def _ticket(database: Database, ticket_id: int) -> Ticket:
    return await database.read(Session.get_one, Ticket, ticket_id)


async def test_all_that_are_selected_become_mine(database: Database, anna: Signed, clock: SetClock) -> None:
    ids = await _tickets(database, anna, clock, 3)
    answer = await anna.post("/console/bulk", view="person", action="take-over", ticket=ids[:2])
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/views/person?done=take-over:2")
    assert "2 Tickets übernommen." in (await anna.get(answer.headers["location"])).text
    assert [(await _ticket(database, one)).assignee_id for one in ids] == [anna.desk.anna, anna.desk.anna, None]


async def test_one_that_fails_stops_no_other_and_stays_selected(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    ids = await _tickets(database, anna, clock, 3)
    await database.write(actions.take_over, ids[1], anna.desk.ben, clock.now())
    answer = await anna.post("/console/bulk", view="team", action="take-over", ticket=[*ids, 4711])
    assert answer.status_code == 409
    assert "Bei 2 von 4 hat es geklappt." in answer.text
    assert "Ben hat dieses Ticket schon." in answer.text
    assert "Ein Ticket FL-5711 gibt es nicht." in answer.text
    assert [(await _ticket(database, one)).assignee_id for one in ids] == [
        anna.desk.anna,
        anna.desk.ben,
        anna.desk.anna,
    ]


async def test_an_error_nobody_expected_is_one_ticket_s_own(
    database: Database, anna: Signed, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await _tickets(database, anna, clock, 2)
    resolve = ACTIONS["resolve"]

    def breaks(session: Session, ticket_id: int, *rest: object) -> None:
        if ticket_id == ids[0]:
            raise ZeroDivisionError
        resolve(session, ticket_id, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(bulk, "ACTIONS", {**ACTIONS, "resolve": breaks})
    answer = await anna.post("/console/bulk", view="person", action="resolve", ticket=ids, code="spam")
    assert answer.status_code == 409 and "Hier ging etwas schief." in answer.text
    assert [(await _ticket(database, one)).status for one in ids] == [Status.OPEN, Status.RESOLVED]


async def test_every_action_for_many_works(database: Database, anna: Signed, clock: SetClock) -> None:
    ids = await _tickets(database, anna, clock, 2)
    forms: dict[str, dict[str, object]] = {
        "assign": {"assignee": anna.desk.anna},
        "classify": {"impact": "high", "urgency": "high"},
        "escalate": {"team": "network-l2", "why": "Netz"},
        "take-over": {},
        "snooze": {"hours": "4"},
        "read": {},
        "resolve": {"code": "workaround", "remark": "bis Montag"},
    }
    assert set(forms) == set(bulk.BULK)
    for action, fields in forms.items():
        answer = await anna.post("/console/bulk", view="person", action=action, ticket=ids, **fields)
        assert answer.status_code == 303, (action, answer.text)
    for one in ids:
        ticket = await _ticket(database, one)
        assert (ticket.priority, ticket.level, ticket.status) == (1, 2, Status.RESOLVED)
    rows = await database.read(lists.view_rows, View.RESOLVED, anna.desk.anna, clock.now())
    assert [row.unread for row in rows] == [False, False]


async def test_a_mistake_keeps_what_was_selected_and_filled_in(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    ids = await _tickets(database, anna, clock, 2)
    answer = await anna.post(
        "/console/bulk", view="person", action="escalate", ticket=ids, team="security", why=" ", remark="fast fertig"
    )
    assert answer.status_code == 409 and answer.text.count("damit das andere Team") == 1, "one reason, said once"
    assert answer.text.count(" checked>") >= 2
    assert '<option value="security" selected>' in answer.text and ">fast fertig</textarea>" in answer.text
    answer = await anna.post("/console/bulk", view="person", action="", ticket=ids)
    assert answer.status_code == 422 and "Wählen Sie, was" in answer.text
    answer = await anna.post("/console/bulk", view="person", action="classify", ticket=ids)
    assert answer.status_code == 422 and "Wählen Sie eine Auswirkung" in answer.text


@pytest.mark.parametrize("tickets", [[], ["x"], ["-1"], ["9" * 30]])
async def test_nothing_sensible_selected_is_said_kindly(anna: Signed, tickets: list[str]) -> None:
    answer = await anna.post("/console/bulk", view="person", action="resolve", ticket=tickets, code="solved")
    assert answer.status_code == 422 and "mindestens ein Ticket" in answer.text


async def test_there_is_no_other_action_for_many(database: Database, anna: Signed, clock: SetClock) -> None:
    [one] = await _tickets(database, anna, clock, 1)
    assert (await anna.post("/console/bulk", view="person", action="reply", ticket=[one])).status_code == 404


async def test_one_stays_at_the_ticket_that_was_open(database: Database, anna: Signed, clock: SetClock) -> None:
    ids = await _tickets(database, anna, clock, 2)
    answer = await anna.post("/console/bulk", view="team", action="read", ticket=ids[:1], open=ids[1])
    assert answer.headers["location"] == f"/console/tickets/{ids[1]}?view=team&done=read:1"
    assert (await anna.get("/console/views/team?done=%3Cb%3E:1")).status_code == 200
