"""The desk's form of address, and the customer's own, in what the bot says."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.formality import says_du, says_sie
from bot.worker import Worker, claim
from core import intake
from core.database import Database
from core.flood import Flood
from core.models import DeskSettings, Message, Organization
from core.values import Address, FormOfAddress
from tests.core.desk import Desk, chat_message, letter, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

FORMAL, INFORMAL = FormOfAddress.FORMAL, FormOfAddress.INFORMAL


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


def _choose(session: Session, customer: str, form: FormOfAddress | None) -> None:
    session.scalars(select(Organization).where(Organization.key == customer)).one().form_of_address = form


def _speak(session: Session, form: FormOfAddress) -> None:
    session.get_one(DeskSettings, 1).form_of_address = form


async def _worker(database: Database, clock: SetClock, form: FormOfAddress) -> Worker:
    await database.write(_speak, form)
    worker = Worker(database, clock, MODELS.content, lambda claimed: None, Flood())
    worker.ready(MODELS.model)
    return worker


async def _said(database: Database, worker: Worker, clock: SetClock, ticket_id: int) -> str:
    while jobs := await database.write(claim, clock.now(), True):
        worker.start(jobs)
        await worker.drain()
    found = select(Message.text).where(Message.ticket_id == ticket_id, Message.outbound).order_by(Message.id)
    return await database.read(lambda session: "\n".join(session.scalars(found)))


@pytest.mark.parametrize(
    ("desk_says", "alpha", "expected"),
    [(FORMAL, None, FORMAL), (INFORMAL, None, INFORMAL), (FORMAL, INFORMAL, INFORMAL), (INFORMAL, FORMAL, FORMAL)],
)
async def test_each_customer_hears_its_own_form(
    database: Database,
    desk: Desk,
    clock: SetClock,
    desk_says: FormOfAddress,
    alpha: FormOfAddress | None,
    expected: FormOfAddress,
) -> None:
    await database.write(_choose, "alpha", alpha)
    worker = await _worker(database, clock, desk_says)
    for customer, form in (("alpha", expected), ("beta", desk_says)):
        sender = Address("email", f"carla@{customer}.example", "Carla")
        receipt = await database.write(intake.receive, letter(desk, clock, sender=sender), clock.now())
        said = await _said(database, worker, clock, receipt.ticket_id or 0)
        assert said.startswith("Guten Tag Carla!" if form is FORMAL else "Hallo Carla!")
        assert (says_sie(said), says_du(said)) == (form is FORMAL, form is INFORMAL), said


async def test_a_confirmation_says_du(database: Database, desk: Desk, clock: SetClock) -> None:
    """Sent without understanding anything, because that takes too long."""
    receipt = await database.write(intake.receive, letter(desk, clock), clock.now())
    clock.advance(seconds=25)
    await database.write(_speak, INFORMAL)
    worker = Worker(database, clock, MODELS.content, lambda claimed: None, Flood())
    for job in await database.write(claim, clock.now(), False):
        worker.start([job])
    await worker.drain()
    found = select(Message.text).where(Message.ticket_id == receipt.ticket_id, Message.outbound)
    [said] = await database.read(lambda session: list(session.scalars(found)))
    assert "Deine Nachricht ist angekommen" in said and not says_sie(said)


async def test_english_has_one_form(database: Database, desk: Desk, clock: SetClock) -> None:
    worker = await _worker(database, clock, INFORMAL)
    message = chat_message(desk, clock, "My VPN does not connect any more", language="en")
    receipt = await database.write(intake.receive, message, clock.now())
    said = await _said(database, worker, clock, receipt.ticket_id or 0)
    assert "Disconnect the VPN" in said
