"""sipgate.io's push API, as its documentation has it: forms in, XML out, causes, groups, forwarding, mailboxes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Agent, Call, Conversation, Message, Requester, RequesterAddress, Ticket
from core.values import ActorKind, CallResult, Direction, Outcome, Status, TicketKind
from tests.channels.phone.system import System, subscription, telephone
from tests.contract.bench import until
from tests.contract.ground import Ground

MISSED = ["busy", "cancel", "noAnswer", "congestion", "notFound"]


async def calls(ground: Ground) -> list[Call]:
    return await ground.database.read(lambda session: list(session.scalars(select(Call).order_by(Call.id))))


async def tickets(ground: Ground) -> list[Ticket]:
    return await ground.database.read(lambda session: list(session.scalars(select(Ticket).order_by(Ticket.id))))


async def miss(system: System, call: str, **more: str) -> None:
    await system.push("newCall", call, users=["Anna", "Ben"], **more)
    system.ground.clock.advance(seconds=20)
    await system.push("hangup", call, cause="cancel", **more)


async def test_a_new_call_is_kept_and_what_follows_is_asked_for(ground: Ground) -> None:
    async with telephone(ground) as system:
        asked = subscription(await system.push("newCall", "c1", users=["Anna"], **{"userId[]": "w0"}))
        assert asked == {"onAnswer": system.url, "onHangup": system.url}
        [call] = await calls(ground)
    assert (call.number, call.line, call.result) == ("+491701234567", "+4930555000", None)
    assert call.people == ["Anna", "w0"]


async def test_an_answered_call_has_its_duration_and_who_answered(ground: Ground) -> None:
    async with telephone(ground) as system:
        await system.push("newCall", "c1", users=["Anna", "Ben"])
        ground.clock.advance(seconds=8)
        await system.push("answer", "c1", user="Anna", answeringNumber="4930555001")
        ground.clock.advance(seconds=200)
        await system.push("hangup", "c1", cause="normalClearing")
        [call] = await calls(ground)
    assert call.result is CallResult.TALKED and call.answered_by == "Anna" and call.agent_id == ground.desk.anna
    assert (call.rang_for, call.talked_for) == (timedelta(seconds=8), timedelta(seconds=200))
    assert await tickets(ground) == []
    assert await ground.ledger() == [Outcome.IGNORED]


@pytest.mark.parametrize("cause", MISSED)
async def test_a_missed_call_becomes_a_call_back(ground: Ground, cause: str) -> None:
    async with telephone(ground) as system:
        await system.push("newCall", "c1", users=["Anna", "Ben"])
        await system.push("hangup", "c1", cause=cause)
        [ticket] = await tickets(ground)
        [message] = await ground.taken()
    assert ticket.subject == "Rückruf: +49 170 1234567" and ticket.kind is TicketKind.SERVICE_REQUEST
    assert ticket.level == 1 and ticket.status is Status.NEW and ticket.waiting_since is not None
    assert message.text == "[Telefonanruf]" and message.author_kind is ActorKind.REQUESTER


async def test_who_is_known_by_the_number_is_named(ground: Ground) -> None:
    def know(session: Session) -> None:
        carla = Requester(name="Carla Neumann", created_at=ground.clock.now())
        session.add(carla)
        session.flush()
        session.add(RequesterAddress(requester_id=carla.id, kind="phone", value="+491701234567"))

    await ground.database.write(know)
    async with telephone(ground) as system:
        await miss(system, "c1")
        [ticket] = await tickets(ground)
    assert ticket.subject == "Rückruf: Carla Neumann"
    people = await ground.database.read(lambda session: list(session.scalars(select(Requester))))
    assert len(people) == 1


async def test_who_calls_again_waits_on_the_same_ticket_until_somebody_called_back(ground: Ground) -> None:
    async with telephone(ground) as system:
        await miss(system, "c1")
        await miss(system, "c2")
        [ticket] = await tickets(ground)
        assert len(await ground.taken()) == 2
        ground.clock.advance(minutes=10)
        await system.push("newCall", "c3", direction="out", from_="4930555000", to="491701234567", users=["Ben"])
        await system.push("answer", "c3", direction="out", from_="4930555000", to="491701234567")
        ground.clock.advance(seconds=90)
        await system.push("hangup", "c3", direction="out", to="491701234567", cause="normalClearing")
        [ticket] = await tickets(ground)
        call = (await calls(ground))[-1]
    assert call.direction is Direction.OUT and call.ticket_id == ticket.id and call.agent_id == ground.desk.ben
    assert call.talked_for == timedelta(seconds=90)
    assert ticket.waiting_since is None and ticket.status is Status.OPEN
    query = select(Message).where(Message.ticket_id == ticket.id, Message.outbound)
    said = await ground.database.read(lambda session: session.scalars(query).one())
    assert (said.author_kind, said.author_name) == (ActorKind.AGENT, "Ben")
    conversations = await ground.database.read(lambda session: list(session.scalars(select(Conversation))))
    assert len(conversations) == 1 and conversations[0].last_seq == 3


async def test_a_forwarded_call_goes_on_as_another_one(ground: Ground) -> None:
    async with telephone(ground) as system:
        await system.push("newCall", "c1", users=["Anna"])
        await system.push("hangup", "c1", cause="forwarded")
        assert await tickets(ground) == []
        await system.push("newCall", "c2", users=["Ben"], diversion="4930555001")
        await system.push("hangup", "c2", cause="noAnswer", diversion="4930555001")
        assert len(await tickets(ground)) == 1


async def test_what_a_mailbox_took_was_missed(ground: Ground) -> None:
    async with telephone(ground) as system:
        await system.push("newCall", "c1", users=["Anna"])
        await system.push("answer", "c1", user="voicemail")
        await system.push("hangup", "c1", cause="normalClearing")
        [call] = await calls(ground)
    assert call.result is CallResult.MISSED and call.to_mailbox and len(await tickets(ground)) == 1


async def test_a_withheld_number_makes_no_ticket(ground: Ground) -> None:
    async with telephone(ground) as system:
        await miss(system, "c1", from_="anonymous")
        [call] = await calls(ground)
    assert call.number == "" and call.result is CallResult.MISSED
    assert await tickets(ground) == [] and await ground.ledger() == [Outcome.IGNORED]


async def test_missed_calls_make_no_tickets_where_that_is_switched_off(ground: Ground) -> None:
    async with telephone(ground, missed=False) as system:
        await miss(system, "c1")
    assert await tickets(ground) == [] and await ground.ledger() == [Outcome.IGNORED]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1), (0, 0, 2, 1, 1, 2)])
async def test_order_and_repetition_change_nothing(ground: Ground, order: tuple[int, ...]) -> None:
    steps = [("newCall", {"users": ["Anna"]}), ("answer", {"user": "Anna"}), ("hangup", {"cause": "normalClearing"})]
    async with telephone(ground) as system:
        for place in order:
            name, more = steps[place]
            answer = await system.push(name, "c1", **more)  # type: ignore[arg-type]
            assert answer.status_code == 200
        [call] = await calls(ground)
    assert (call.result, call.answered_by, call.number) == (CallResult.TALKED, "Anna", "+491701234567")
    assert call.started_at == call.answered_at == call.ended_at and call.talked_for == timedelta(0)
    assert await tickets(ground) == []


async def test_a_missed_call_told_twice_is_one_call_back(ground: Ground) -> None:
    async with telephone(ground) as system:
        await miss(system, "c1")
        await system.push("hangup", "c1", cause="cancel")
        await system.push("newCall", "c1", users=["Anna"])
        [call] = await calls(ground)
    assert call.result is CallResult.MISSED and len(await ground.taken()) == 1
    assert await ground.ledger() == [Outcome.TICKETED, Outcome.DUPLICATE]


async def test_many_telephones_that_tell_at_once_make_one_call_back(ground: Ground) -> None:
    async with telephone(ground) as system:
        await asyncio.gather(*(system.push("hangup", f"c{n}", cause="cancel") for n in range(4)))
    assert len(await tickets(ground)) >= 1 and len(await ground.taken()) == 4


async def test_a_call_whose_end_was_never_told_was_missed(ground: Ground) -> None:
    async with telephone(ground) as system:
        await system.push("newCall", "c1", users=["Anna"])
    ground.clock.advance(minutes=6)
    assert await tickets(ground) == []
    async with telephone(ground, key="other"):
        assert await tickets(ground) == [], "that is another line's call"
    query = select(Call.inbox_id)
    [inbox_id] = await ground.database.read(lambda session: list(session.scalars(query)))
    running = asyncio.create_task(system.channel.run(ground.receive, lambda: None))
    [ticket] = await until(lambda: tickets(ground), "the ticket")
    running.cancel()
    assert ticket.subject == "Rückruf: +49 170 1234567" and inbox_id == system.inbox_id


async def test_what_nobody_knows_the_address_of_is_refused(ground: Ground) -> None:
    async with telephone(ground) as system:
        wrong = system.url.rpartition("/")[0] + "/" + "0" * 32
        answer = await system.client.post(wrong, data={"event": "newCall", "callId": "c1"})
        assert answer.status_code == 404
        assert (await system.client.get(system.url)).status_code == 405
        assert (await system.client.post(system.url, content=b"\xff\xfe=%")).status_code in (200, 422)
        assert (await system.client.post(system.url, content=b"x" * 70_000)).status_code == 413
        assert (await system.push("dtmf", "c1", dtmf="1")).status_code == 200
    assert await calls(ground) == []


async def test_a_desk_that_could_not_keep_the_beginning_hears_the_rest(ground: Ground) -> None:
    async with telephone(ground) as system:
        ground.dies = ["before"]
        assert subscription(await system.push("newCall", "c1", users=["Anna"]))
        assert await calls(ground) == []
        ground.dies = ["before"]
        assert (await system.push("hangup", "c1", cause="cancel")).status_code == 503
        await system.push("hangup", "c1", cause="cancel")
    assert len(await tickets(ground)) == 1


async def test_an_agent_is_known_by_what_the_telephone_system_calls_them(ground: Ground) -> None:
    def prefer(session: Session) -> None:
        session.get_one(Agent, ground.desk.ben).preferences = {"telephone": "w7, Benjamin Ott"}

    await ground.database.write(prefer)
    async with telephone(ground) as system:
        await system.push("answer", "c1", user="Benjamin Ott")
        await system.push("answer", "c2", user="somebody else", userId="w7")
        await system.push("answer", "c3", user="somebody else")
        found = [call.agent_id for call in await calls(ground)]
    assert found == [ground.desk.ben, ground.desk.ben, None]
