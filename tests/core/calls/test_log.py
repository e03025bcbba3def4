"""The quick log: a call becomes a ticket, or part of one, once, with who called and what comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake
from core.calls import log, people, reading
from core.calls.log import Note
from core.database import Database
from core.errors import Conflict, Mistakes
from core.models import (
    Call,
    Correction,
    Inbox,
    Message,
    Organization,
    Requester,
    RequesterAddress,
    Ticket,
)
from core.tickets import actions, views
from core.values import (
    Address,
    CallEvent,
    CallResult,
    CallStep,
    Delivery,
    Direction,
    Draft,
    InboundMessage,
    InboxStyle,
    ResolutionCode,
    Scale,
    Status,
    TicketKind,
)
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock

NUMBER = "+491701234567"


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


async def save(database: Database, clock: SetClock, desk: Desk, **note: Any) -> Ticket:
    """Anna writes down a call; the ticket."""
    values: dict[str, Any] = {"token": "t1", "notes": "VPN geht nicht"}
    ticket_id = await database.write(log.save, desk.anna, Note(**{**values, **note}), "[Anruf]", clock.now())
    return await database.read(lambda session: session.get_one(Ticket, ticket_id))


async def only(database: Database, model: Any) -> Any:
    return await database.read(lambda session: session.scalars(select(model)).one())


async def know(database: Database, clock: SetClock, name: str = "Carla Neumann", number: str = NUMBER) -> int:
    """A requester of Alpha's with a number; their id."""

    def add(session: Session) -> int:
        alpha = session.scalars(select(Organization).where(Organization.key == "alpha")).one()
        person = Requester(name=name, organization_id=alpha.id, language="de", created_at=clock.now())
        session.add(person)
        session.flush()
        session.add(RequesterAddress(requester_id=person.id, kind="phone", value=number))
        session.add(RequesterAddress(requester_id=person.id, kind="email", value="carla@alpha.example"))
        return person.id

    return await database.write(add)


async def ring(database: Database, clock: SetClock, step: CallStep, key: str = "c1", **more: Any) -> None:
    """A telephone system tells of a call, on a line that is made for it."""

    def tell(session: Session) -> None:
        inbox = session.scalar(select(Inbox).where(Inbox.channel == "phone"))
        if inbox is None:
            inbox = Inbox(channel="phone", address="main", address_kind="phone", name="Telefon", created_at=clock.now())
            inbox.style, inbox.can_send = InboxStyle.DIALOGUE, False
            session.add(inbox)
            session.flush()
        event = CallEvent(key=key, step=step, at=clock.now(), number=NUMBER, region="DE", **more)
        message = InboundMessage(
            inbox_id=inbox.id,
            dedupe_key=f"{key}:{step}",
            sender=Address("phone", NUMBER),
            text="",
            received_at=clock.now(),
            subject="Rückruf: {caller}",
            placeholder="[Anruf]",
            call=event,
            for_people=True,
        )
        intake.receive(session, message, clock.now())

    await database.write(tell)


async def test_a_new_caller_is_kept_with_name_number_and_customer(
    database: Database, clock: SetClock, desk: Desk
) -> None:
    beta = await database.read(
        lambda session: session.scalars(select(Organization.id).where(Organization.key == "beta")).one()
    )
    ticket = await save(database, clock, desk, name=" Petra Neu ", number="0170 1234567", organization_id=beta)
    person = await only(database, Requester)
    address = await only(database, RequesterAddress)
    assert (person.name, person.organization_id) == ("Petra Neu", beta)
    assert (address.kind, address.value, address.verified_at) == ("phone", NUMBER, None)
    assert (ticket.subject, ticket.assignee_id, ticket.level) == ("VPN geht nicht", desk.anna, 1)
    assert ticket.status is Status.OPEN and ticket.organization_id == beta and ticket.waiting_since is None


async def test_without_a_telephone_system_an_inbox_is_there_by_itself(
    database: Database, clock: SetClock, desk: Desk
) -> None:
    await save(database, clock, desk, name="Petra")
    await save(database, clock, desk, token="t2", name="Paul")
    query = select(Inbox).where(Inbox.channel == "phone")
    inbox = await database.read(lambda session: session.scalars(query).one())
    assert not inbox.can_send and inbox.address == log.BY_HAND


async def test_the_same_form_sent_twice_is_one_call(database: Database, clock: SetClock, desk: Desk) -> None:
    first = await save(database, clock, desk, name="Petra")
    again = await save(database, clock, desk, name="Petra")
    assert first.id == again.id
    await only(database, Call)
    await only(database, Message)


async def test_a_known_number_needs_no_name(database: Database, clock: SetClock, desk: Desk) -> None:
    carla = await know(database, clock)
    ticket = await save(database, clock, desk, number="0170/1234567")
    assert ticket.requester_id == carla and (await only(database, Requester)).id == carla


async def test_somebody_else_on_a_known_number_does_not_take_it(
    database: Database, clock: SetClock, desk: Desk
) -> None:
    carla = await know(database, clock)
    ticket = await save(database, clock, desk, number=NUMBER, name="Jonas Weiß")
    assert ticket.requester_id != carla
    owner = await database.read(people.owner, NUMBER)
    assert owner == carla
    detail = await database.read(views.detail, ticket.id)
    assert detail.requester.name == "Jonas Weiß" and detail.numbers == (NUMBER,) and not detail.can_write


async def test_solved_on_the_telephone(database: Database, clock: SetClock, desk: Desk) -> None:
    ticket = await save(
        database, clock, desk, name="Petra", solved=ResolutionCode.WORKAROUND, intent="vpn_problem",
        guessed="vpn_problem", confidence=0.83, kind=TicketKind.INCIDENT, impact=Scale.MEDIUM, urgency=Scale.HIGH,
    )  # fmt: skip
    assert ticket.status is Status.RESOLVED and ticket.resolution_code is ResolutionCode.WORKAROUND
    assert (ticket.intent, ticket.confidence, ticket.kind, ticket.priority) == (
        "vpn_problem",
        0.83,
        TicketKind.INCIDENT,
        2,
    )


async def test_handed_on_to_a_team(database: Database, clock: SetClock, desk: Desk) -> None:
    ticket = await save(database, clock, desk, name="Petra", team="network-l2")
    detail = await database.read(views.detail, ticket.id)
    assert detail.team is not None and detail.team.key == "network-l2"
    assert ticket.level == 2 and ticket.assignee_id is None and ticket.handed_off_at is not None


async def test_another_topic_than_guessed_is_a_correction(database: Database, clock: SetClock, desk: Desk) -> None:
    ticket = await save(
        database, clock, desk, name="Petra", intent="wifi_problem", guessed="vpn_problem", confidence=0.7
    )
    correction = await only(database, Correction)
    assert (correction.predicted, correction.intent) == ("vpn_problem", "wifi_problem")
    assert (ticket.intent, ticket.confidence) == ("wifi_problem", 1.0)


async def test_a_call_on_a_ticket_that_is_there_joins_it(database: Database, clock: SetClock, desk: Desk) -> None:
    receipt = await database.write(intake.receive, letter(desk, clock), clock.now())
    assert receipt.ticket_id is not None
    person = (await database.read(lambda session: session.get_one(Ticket, receipt.ticket_id))).requester_id
    ticket = await save(database, clock, desk, requester_id=person, number=NUMBER, ticket_id=receipt.ticket_id)
    assert ticket.id == receipt.ticket_id and ticket.assignee_id == desk.anna
    # Who also wrote a mail is answered by mail, although the call was later.
    clock.advance(minutes=1)
    message_id = await database.write(actions.reply, ticket.id, desk.anna, Draft("Bitte neu starten."), clock.now())
    answer = await database.read(lambda session: session.get_one(Message, message_id))
    assert answer.in_reply_to is not None
    detail = await database.read(views.detail, ticket.id)
    assert detail.channel == "mail" and detail.can_write and detail.numbers == (NUMBER,)


async def test_nobody_can_be_written_to_on_the_telephone(database: Database, clock: SetClock, desk: Desk) -> None:
    ticket = await save(database, clock, desk, name="Petra", number=NUMBER)
    with pytest.raises(Conflict, match="Call the person"):
        await database.write(actions.reply, ticket.id, desk.anna, Draft("Hallo"), clock.now())
    with pytest.raises(Conflict, match="Call the person"):
        await database.write(actions.hand_back, ticket.id, desk.anna, {}, "", clock.now())


async def test_the_call_that_a_telephone_system_told_of_is_the_one_written_down(
    database: Database, clock: SetClock, desk: Desk
) -> None:
    carla = await know(database, clock)
    await ring(database, clock, CallStep.NEW, people=("Anna", "Ben"))
    await ring(database, clock, CallStep.ANSWERED, people=("Anna",))
    call = await only(database, Call)
    ticket = await save(database, clock, desk, call_id=call.id, requester_id=carla)
    clock.advance(minutes=3)
    await ring(database, clock, CallStep.ENDED)
    call = await only(database, Call)
    assert call.ticket_id == ticket.id and call.talked_for == timedelta(minutes=3)
    assert call.result is CallResult.TALKED
    again = await save(database, clock, desk, token="t9", call_id=call.id, notes="Noch etwas")
    message = await only(database, Message)
    assert again.id == ticket.id and message.text == "VPN geht nicht\n\nNoch etwas"


async def test_a_missed_call_is_written_down_on_its_own_ticket(database: Database, clock: SetClock, desk: Desk) -> None:
    await ring(database, clock, CallStep.ENDED)
    back = await only(database, Ticket)
    ticket = await save(
        database, clock, desk, ticket_id=back.id, requester_id=back.requester_id, direction=Direction.OUT,
        notes="Zurückgerufen: VPN geht wieder.", number=NUMBER,
    )  # fmt: skip
    assert ticket.id == back.id and ticket.waiting_since is None and ticket.assignee_id == desk.anna
    detail = await database.read(views.detail, ticket.id)
    calls = [entry.call for entry in detail.timeline if entry.call is not None]
    assert [(call.direction, call.result) for call in calls] == [
        (Direction.IN, CallResult.MISSED),
        (Direction.OUT, CallResult.TALKED),
    ]
    said = [entry.message for entry in detail.timeline if entry.call is not None]
    assert said[1] is not None and said[1].outbound and said[1].delivery is Delivery.DELIVERED


async def test_who_was_only_a_number_gets_a_name(database: Database, clock: SetClock, desk: Desk) -> None:
    await ring(database, clock, CallStep.ENDED)
    nobody = await only(database, Requester)
    ticket = await save(database, clock, desk, number=NUMBER, name="Petra Neu")
    person = await only(database, Requester)
    assert (person.id, person.name) == (nobody.id, "Petra Neu") and ticket.requester_id == nobody.id
    await save(database, clock, desk, token="t2", requester_id=nobody.id, name="Another")
    assert (await only(database, Requester)).name == "Petra Neu"


async def test_a_call_back_that_nobody_answered_is_still_owed(database: Database, clock: SetClock, desk: Desk) -> None:
    await ring(database, clock, CallStep.ENDED)
    back = await only(database, Ticket)
    ticket = await save(
        database, clock, desk, ticket_id=back.id, requester_id=back.requester_id, direction=Direction.OUT,
        reached=False, notes="",
    )  # fmt: skip
    assert ticket.waiting_since is not None


@pytest.mark.parametrize(
    ("note", "fields"),
    [
        ({"notes": " "}, {"notes", "who"}),
        ({"number": "12"}, {"number", "who"}),
        ({"number": "abc", "name": "Petra"}, {"number"}),
        ({"requester_id": 4711}, {"who"}),
        ({"name": "Petra", "organization_id": 4711}, {"organization"}),
        ({"name": "Petra", "team": "nobody"}, {"team"}),
    ],
)
async def test_what_is_missing_is_named_at_its_field(
    database: Database, clock: SetClock, desk: Desk, note: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(Mistakes) as mistakes:
        await save(database, clock, desk, **note)
    assert set(mistakes.value.fields) == fields
    assert await database.read(lambda session: list(session.scalars(select(Ticket)))) == []


@pytest.mark.parametrize("typed", ["0170 12345", "+49 170", "0049170", "1234567", "neumann", "Carla alpha", "carla@a"])
async def test_people_are_found_by_part_of_a_number_or_a_name(
    database: Database, clock: SetClock, desk: Desk, typed: str
) -> None:
    carla = await know(database, clock)
    assert [one.id for one in await database.read(people.find, typed)] == [carla]


@pytest.mark.parametrize("typed", ["", "x", "%", "__", "0171", "neumann beta"])
async def test_nobody_is_found_by_what_fits_nobody(database: Database, clock: SetClock, desk: Desk, typed: str) -> None:
    await know(database, clock)
    assert await database.read(people.find, typed) == []


async def test_a_call_is_shown_to_whose_telephone_it_rings(database: Database, clock: SetClock, desk: Desk) -> None:
    async def seen(agent: int) -> list[str]:
        return [one.state for one in await database.read(reading.current, agent, clock.now())]

    await ring(database, clock, CallStep.NEW, people=("Anna", "Ben"))
    assert (await seen(desk.anna), await seen(desk.ben)) == (["ringing"], ["ringing"])
    await ring(database, clock, CallStep.ANSWERED, people=("Ben",))
    assert (await seen(desk.anna), await seen(desk.ben)) == ([], ["talking"])
    await ring(database, clock, CallStep.ENDED)
    assert await seen(desk.ben) == ["talked"], "it is still to be written down"
    clock.advance(minutes=16)
    assert await seen(desk.ben) == []
    await ring(database, clock, CallStep.NEW, "c2", people=("a telephone nobody has entered",))
    assert (await seen(desk.anna), await seen(desk.ben)) == (["ringing"], ["ringing"])
    call = (await database.read(reading.newest))[0].call
    await database.write(reading.put_away, call.id, desk.anna)
    assert (await seen(desk.anna), await seen(desk.ben)) == ([], ["ringing"])
    clock.advance(minutes=6)
    assert await seen(desk.ben) == [], "nobody lets it ring so long"
