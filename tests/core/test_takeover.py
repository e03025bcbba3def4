"""The human wins every race: after a takeover the bot says nothing, whatever it was doing at that moment."""

from __future__ import annotations

import asyncio
import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import worker
from core import intake, outbox
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAllowed
from core.models import Message, Role, Ticket
from core.tickets import actions, decisions
from core.values import ActorKind, Decision, Delivery, Draft, Handoff, ResolutionCode, Status
from tests.core.desk import Desk, chat_message, letter, make, seed
from tests.fakes.clock import SetClock

RACES = 100


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def _bot_messages(session: Session, ticket_id: int) -> list[Message]:
    query = select(Message).where(Message.ticket_id == ticket_id, Message.author_kind == ActorKind.BOT)
    return list(session.scalars(query.order_by(Message.id)))


async def test_the_bot_never_speaks_after_a_takeover(database: Database, desk: Desk, clock: SetClock) -> None:
    chance = random.Random(7)

    async def race(number: int) -> None:
        message = chat_message(desk, clock, thread_key=f"visitor-{number}")
        receipt = await database.write(intake.receive, message, clock.now())
        jobs = await database.write(worker.claim_one, clock.now(), receipt.work_id or 0)
        ticket_id = receipt.ticket_id or 0

        async def bot() -> None:
            await asyncio.sleep(chance.uniform(0, 0.01))
            decision = Decision(replies=(Draft("Erster Satz."), Draft("Zweiter Satz.")))
            await database.write(decisions.apply_decision, jobs[0].id, jobs[0].lease, decision, clock.now())

        async def human() -> int:
            await asyncio.sleep(chance.uniform(0, 0.01))
            return await database.write(actions.reply, ticket_id, desk.anna, Draft("Ich bin es."), clock.now())

        _, reply_id = await asyncio.gather(bot(), human())
        # Whatever is still claimable now must not be the bot's.
        later = await database.write(outbox.claim, clock.now(), None, receipt.conversation_id)
        assert all(one.message.author_kind is ActorKind.AGENT for one in later)
        for said in await database.read(_bot_messages, ticket_id):
            assert said.id < reply_id, "the bot spoke after the human"

    await asyncio.gather(*(race(number) for number in range(RACES)))


def test_a_reply_takes_over_and_takes_back_what_the_bot_had_queued(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    receipt = database.write_now(intake.receive, letter(desk, clock), clock.now())
    jobs = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    decision = Decision(replies=(Draft("Vorschlag"),))
    database.write_now(decisions.apply_decision, jobs[0].id, jobs[0].lease, decision, clock.now(), False)
    database.write_now(actions.reply, receipt.ticket_id or 0, desk.anna, Draft("Ich übernehme."), clock.now())
    [said] = database.read_now(_bot_messages, receipt.ticket_id or 0)
    assert said.delivery is Delivery.CANCELLED
    ticket = database.read_now(Session.get_one, Ticket, receipt.ticket_id)
    assert (ticket.level, ticket.assignee_id, ticket.status) == (1, desk.anna, Status.PENDING)


def test_a_handoff_keeps_the_waiting_clock(database: Database, desk: Desk, clock: SetClock) -> None:
    wrote = clock.now()
    receipt = database.write_now(intake.receive, chat_message(desk, clock), wrote)
    clock.advance(minutes=2)
    jobs = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    decision = Decision(replies=(Draft("Ich hole jemanden."),), handoff=Handoff("asked_for_person", {}))
    database.write_now(decisions.apply_decision, jobs[0].id, jobs[0].lease, decision, clock.now())
    assert database.read_now(Session.get_one, Ticket, receipt.ticket_id).waiting_since == wrote


def test_after_a_handoff_the_bot_is_silent_until_it_is_handed_back(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    receipt = database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    jobs = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    decision = Decision(replies=(Draft("Ich hole jemanden."),), handoff=Handoff("asked_for_person", {}))
    database.write_now(decisions.apply_decision, jobs[0].id, jobs[0].lease, decision, clock.now())
    again = database.write_now(intake.receive, chat_message(desk, clock, "Hallo?"), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), again.work_id or 0)
    chatter = Decision(replies=(Draft("Ich bin noch da!"),))
    assert database.write_now(decisions.apply_decision, job.id, job.lease, chatter, clock.now()) is None
    assert len(database.read_now(_bot_messages, receipt.ticket_id or 0)) == 1
    database.write_now(actions.hand_back, receipt.ticket_id or 0, desk.anna, {"ask": "asset_tag"}, "", clock.now())
    ticket = database.read_now(Session.get_one, Ticket, receipt.ticket_id)
    assert ticket.level == 0 and ticket.bot_state["resume"] == {"ask": "asset_tag"}
    [job] = database.write_now(worker.claim, clock.now(), True)
    assert database.write_now(decisions.apply_decision, job.id, job.lease, chatter, clock.now()) is not None


def test_a_lost_lease_changes_nothing(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    clock.advance(minutes=5)
    [other] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    decision = Decision(replies=(Draft("Zu spät."),))
    assert database.write_now(decisions.apply_decision, job.id, job.lease, decision, clock.now()) is None
    assert database.write_now(decisions.apply_decision, other.id, other.lease, decision, clock.now()) is not None


def test_a_colleague_s_ticket_is_not_taken_by_accident(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(actions.take_over, receipt.ticket_id or 0, desk.anna, clock.now())
    with pytest.raises(Conflict, match="Anna"):
        database.write_now(actions.take_over, receipt.ticket_id or 0, desk.ben, clock.now())
    with pytest.raises(NotAllowed):
        database.write_now(actions.take_over, receipt.ticket_id or 0, desk.ben, clock.now(), True)
    database.write_now(make, desk.ben, Role.LEAD)
    database.write_now(actions.take_over, receipt.ticket_id or 0, desk.ben, clock.now(), True)
    assert database.read_now(Session.get_one, Ticket, receipt.ticket_id).assignee_id == desk.ben


def test_escalating_needs_a_reason_and_goes_up_and_back(database: Database, desk: Desk, clock: SetClock) -> None:
    ticket_id = database.write_now(intake.receive, chat_message(desk, clock), clock.now()).ticket_id or 0
    database.write_now(actions.take_over, ticket_id, desk.anna, clock.now())
    with pytest.raises(InvalidInput):
        database.write_now(actions.escalate, ticket_id, desk.anna, "network-l2", " ", "", clock.now())
    for team, level in (("network-l2", 2), ("network", 3), ("service-desk", 1)):
        database.write_now(actions.escalate, ticket_id, desk.anna, team, "weil", "Neustart", clock.now())
        ticket = database.read_now(Session.get_one, Ticket, ticket_id)
        assert (ticket.level, ticket.assignee_id) == (level, None)


def test_a_reopened_ticket_of_the_bot_goes_on_with_the_bot(database: Database, desk: Desk, clock: SetClock) -> None:
    receipt = database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    solved = Decision(replies=(Draft("Gelöst."),), resolve=ResolutionCode.SELF_RESOLUTION)
    database.write_now(decisions.apply_decision, job.id, job.lease, solved, clock.now())
    assert database.read_now(Session.get_one, Ticket, receipt.ticket_id).status is Status.RESOLVED
    again = database.write_now(intake.receive, chat_message(desk, clock, "Doch nicht."), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), again.work_id or 0)
    back = Decision(replies=(Draft("Weiter geht es."),), reopen=True)
    assert database.write_now(decisions.apply_decision, job.id, job.lease, back, clock.now()) is not None
    ticket = database.read_now(Session.get_one, Ticket, receipt.ticket_id)
    assert (ticket.level, ticket.status) == (0, Status.OPEN)
