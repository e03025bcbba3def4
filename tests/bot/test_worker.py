"""The bot at work: what happens before there is a model, without one, and when a turn breaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.worker import Worker, claim
from core import intake
from core.database import Database
from core.flood import Flood
from core.models import Message, Ticket
from core.tickets import actions
from core.tickets.decisions import SILENCE
from core.values import Address, Draft, ResolutionCode, Status
from nlu.engine import NluUnavailable, Parse
from tests.core.desk import Desk, chat_message, letter, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock


class Away:
    """An engine that cannot be reached."""

    version, intents = "away", ()
    embed, save = MODELS.model.embed, MODELS.model.save

    def parse(self, texts: Sequence[str], language: str | None = None) -> list[Parse]:
        raise NluUnavailable("the server does not answer")


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


@pytest.fixture
async def worker(database: Database, clock: SetClock) -> Worker:
    return Worker(database, clock, MODELS.content, lambda claimed: None, Flood())


async def _work(database: Database, worker: Worker, clock: SetClock) -> int:
    """Do what is due; returns how much it was."""
    jobs = await database.write(claim, clock.now(), worker.understands)
    worker.start(jobs)
    await worker.drain()
    return len(jobs)


def _said(session: Session) -> list[str]:
    return list(session.scalars(select(Message.text).where(Message.outbound).order_by(Message.id)))


async def test_a_letter_is_confirmed_once_even_while_nothing_can_be_understood(
    database: Database, desk: Desk, worker: Worker, clock: SetClock
) -> None:
    await database.write(intake.receive, letter(desk, clock), clock.now())
    assert await _work(database, worker, clock) == 0, "the message waits for the model"
    clock.advance(seconds=25)
    await _work(database, worker, clock)
    [confirmation] = await database.read(_said)
    assert "FL-1001" in confirmation and "Guten Tag Carla" in confirmation
    worker.ready(MODELS.model)
    await _work(database, worker, clock)
    [_, proposal] = await database.read(_said)
    assert "1. " in proposal and "Ihre Nachricht ist angekommen" not in proposal


async def test_a_quick_proposal_is_the_confirmation(
    database: Database, desk: Desk, worker: Worker, clock: SetClock
) -> None:
    worker.ready(MODELS.model)
    await database.write(intake.receive, letter(desk, clock), clock.now())
    await _work(database, worker, clock)
    clock.advance(minutes=1)
    await _work(database, worker, clock)
    [proposal] = await database.read(_said)
    assert "FL-1001" in proposal and "1. " in proposal


async def test_when_understanding_is_away_people_take_over_and_the_person_hears_it(
    database: Database, desk: Desk, worker: Worker, clock: SetClock
) -> None:
    worker.ready(Away())
    await database.write(intake.receive, chat_message(desk, clock), clock.now())
    await _work(database, worker, clock)
    ticket = await database.read(Session.get_one, Ticket, 1)
    assert ticket.level == 1 and ticket.packet["reason"] == "understanding_unavailable"
    assert len(await database.read(_said)) == 1


async def test_a_turn_that_breaks_is_tried_again_and_then_handed_over(
    database: Database, desk: Desk, worker: Worker, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.ready(MODELS.model)
    monkeypatch.setattr("bot.worker.decide", lambda turn: 1 / 0)
    await database.write(intake.receive, chat_message(desk, clock), clock.now())
    for _ in range(4):
        await _work(database, worker, clock)
        clock.advance(minutes=5)
    assert (await database.read(Session.get_one, Ticket, 1)).level == 1


async def test_silence_after_help_is_counted_apart(
    database: Database, desk: Desk, worker: Worker, clock: SetClock
) -> None:
    worker.ready(MODELS.model)
    await database.write(intake.receive, letter(desk, clock), clock.now())
    await _work(database, worker, clock)
    clock.at += SILENCE + timedelta(minutes=1)
    await _work(database, worker, clock)
    ticket = await database.read(Session.get_one, Ticket, 1)
    assert (ticket.status, ticket.resolution_code) == (Status.RESOLVED, ResolutionCode.UNCONFIRMED)


async def test_who_left_the_chat_and_an_address_is_answered_by_mail_in_the_same_ticket(
    database: Database, desk: Desk, worker: Worker, clock: SetClock
) -> None:
    worker.ready(MODELS.model)
    await database.write(intake.receive, chat_message(desk, clock, "Ich will einen Menschen"), clock.now())
    await _work(database, worker, clock)
    await database.write(intake.receive, chat_message(desk, clock, "Ich bin carla@alpha.example"), clock.now())
    await _work(database, worker, clock)
    await database.write(actions.reply, 1, desk.anna, Draft("Bitte neu starten."), clock.now())
    clock.advance(minutes=4)
    await _work(database, worker, clock)

    def by_mail(session: Session) -> Message:
        return session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()

    message = await database.read(by_mail)
    assert message.ticket_id == 1 and message.text.endswith("Bitte neu starten.")
    answer = letter(
        desk,
        clock,
        "Hat geholfen.",
        sender=Address("email", "carla@alpha.example"),
        references=(message.external_id or "",),
    )
    assert (await database.write(intake.receive, answer, clock.now())).ticket_id == 1
