"""Inboxes at work: each stands and falls by itself, follows its settings, and runs once where it must."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from channels import runner
from channels.base import Receive, Surroundings
from channels.delivery import Delivery
from channels.doors import Doors
from channels.supervisor import Supervisor
from channels.watch import Watch
from core import intake, outbox
from core.blobs import FolderBlobStore
from core.database import Database
from core.errors import InboxProblem
from core.inboxes import editing, health
from core.inboxes.editing import Form
from core.inboxes.health import Health
from core.models import Inbox, InboxState, Message, RunState, Ticket
from core.sealing import Seal
from core.signals import Signal, Topic, emit
from core.tickets import actions
from core.values import Draft, InboundMessage, Receipt
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock
from tests.fakes.letterbox import KIND, LetterboxAdapter

SEAL = Seal("a secret of the tests")


class Process:
    """What one process of a desk has for its inboxes."""

    def __init__(self, database: Database, clock: SetClock, name: str = "one") -> None:
        self.adapter = LetterboxAdapter()
        self.watch = Watch(database, clock, name)
        surroundings = Surroundings(database, FolderBlobStore(Path("/nowhere")), clock, "http://desk", "secret")
        self.supervisor = Supervisor({"letterbox": self.adapter}, surroundings, SEAL, self.watch)
        self.delivery = Delivery(database, clock, self.supervisor.channels, self.watch)
        self._database = database
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    async def _receive(self, message: InboundMessage) -> Receipt:
        return await self._database.write(intake.receive, message, self._clock.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Process]:
        receive: Receive = self._receive
        self._tasks = [
            asyncio.create_task(one) for one in (self.supervisor.run(receive), self.watch.run(), self.delivery.run())
        ]
        try:
            yield self
        finally:
            await self.stop()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(runner, "RENEW", 0.05)
    monkeypatch.setattr("channels.watch.EVERY", 0.05)
    monkeypatch.setattr("channels.watch.AT_LEAST", 0.1)


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    """With the tests' own inboxes alone."""
    desk = await database.write(seed, clock)
    for inbox_id in (desk.chat, desk.mail):
        await database.write(editing.set_state, inbox_id, InboxState.ARCHIVED)
    return desk


async def add(database: Database, clock: SetClock, street: str = "Elm Street", **typed: str) -> int:
    form = Form(name=street, typed={"street": street, **typed})
    return await database.write(editing.save, KIND, None, form, SEAL, clock.now())


async def until(condition: Callable[[], object]) -> None:
    """Wait for what is bound to come."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def healthy(database: Database, clock: SetClock, inbox_id: int, wanted: Callable[[Health], object]) -> Health:
    """The inbox's health as every page reads it, once it is as wanted."""
    async with asyncio.timeout(60):
        while True:
            found = (await database.read(health.read, clock.now()))[inbox_id]
            if wanted(found):
                return found
            await asyncio.sleep(0.01)


async def test_a_new_inbox_begins_without_a_restart(database: Database, desk: Desk, clock: SetClock) -> None:
    async with Process(database, clock).running() as process:
        inbox_id = await add(database, clock)
        process.adapter.letters.append("Der Drucker druckt nicht.")
        found = await healthy(database, clock, inbox_id, lambda one: one.is_running and one.received_at)
        assert found.verdict == "good" and found.received_at == clock.now()
        assert await database.read(lambda session: session.scalar(select(func.count()).select_from(Ticket))) == 1


async def test_one_that_crashes_is_its_own_trouble_and_is_run_again(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = await add(database, clock)
    async with Process(database, clock).running() as process:
        await until(lambda: "Elm Street" in process.adapter.running)
        process.adapter.failures = [InboxProblem("{host} is away.", "Wait.", host="mx")] * 2
        process.adapter.crash = ZeroDivisionError("a mistake")
        await until(lambda: process.adapter.starts == 4 and process.adapter.running)
        found = await healthy(database, clock, inbox_id, lambda one: one.is_running and one.problem)
        assert str(found.problem) == "mx is away." and found.verdict == "good"


async def test_while_it_fails_its_health_says_why_and_how_to_mend_it(
    database: Database, desk: Desk, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 3600.0)
    broken = await add(database, clock)
    process = Process(database, clock)
    process.adapter.failures = [ZeroDivisionError("a mistake")]
    async with process.running():
        found = await healthy(database, clock, broken, lambda one: one.runs and one.runs[0].retry_at)
        assert found.verdict == "problem" and found.runs[0].state is RunState.RETRYING
        assert found.current_problem is not None and "ZeroDivisionError: a mistake" in str(found.current_problem)
        other = await add(database, clock, "Oak Street")
        await healthy(database, clock, other, lambda one: one.is_running)


async def test_a_paused_one_takes_and_sends_nothing_and_goes_on_where_it_was(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = await add(database, clock)
    async with Process(database, clock).running() as process:
        process.adapter.letters.append("Der Drucker druckt nicht.")
        await healthy(database, clock, inbox_id, lambda one: one.received_at)
        await database.write(editing.set_state, inbox_id, InboxState.PAUSED)
        await until(lambda: not process.adapter.running)
        await database.write(actions.reply, 1, desk.anna, Draft("Bitte neu starten."), clock.now())
        clock.advance(minutes=1)
        found = await healthy(database, clock, inbox_id, lambda one: one.verdict == "paused")
        assert (found.backlog, process.adapter.sent) == (1, [])
        await database.write(editing.set_state, inbox_id, InboxState.ACTIVE)
        await until(lambda: process.adapter.sent == ["Bitte neu starten."])
        await healthy(database, clock, inbox_id, lambda one: one.sent_at and not one.backlog)


async def test_a_changed_one_is_made_anew_and_the_others_run_on(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first, _ = await add(database, clock), await add(database, clock, "Oak Street")
    async with Process(database, clock).running() as process:
        await until(lambda: len(process.adapter.running) == 2)
        form = Form(name="Elm Street", typed={"street": "Elm Street", "colour": "blue"})
        await database.write(editing.save, KIND, first, form, SEAL, clock.now())
        await until(lambda: process.adapter.starts == 3)
        assert process.supervisor.channels[first].inbox.configuration.colour == "blue"  # type: ignore[attr-defined]
        # Who takes over there is nothing the adapter knows: it runs on.
        await database.write(editing.save, KIND, first, replace(form, team_id=1), SEAL, clock.now())
        await database.write(editing.remove, first)
        await until(lambda: process.adapter.running == {"Oak Street"})
        assert process.adapter.starts == 3


async def test_trouble_with_sending_is_the_inbox_s_and_ends_with_the_next_success(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = await add(database, clock)
    async with Process(database, clock).running() as process:
        process.adapter.letters.append("Der Drucker druckt nicht.")
        await healthy(database, clock, inbox_id, lambda one: one.received_at)
        process.adapter.refusal = InboxProblem("The password is wrong.", "Enter it again.")
        await database.write(actions.reply, 1, desk.anna, Draft("Bitte neu starten."), clock.now())
        clock.advance(seconds=6)
        await healthy(database, clock, inbox_id, lambda one: one.verdict == "problem" and one.backlog == 1)
        process.adapter.refusal = None
        clock.advance(minutes=5)
        found = await healthy(database, clock, inbox_id, lambda one: one.verdict == "good" and one.sent_at)
        assert found.backlog == 0 and str(found.problem) == "The password is wrong."


async def test_of_two_processes_one_runs_an_exclusive_inbox_and_the_other_takes_over(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = await add(database, clock, exclusive="yes")
    async with Process(database, clock).running() as one:
        await until(lambda: one.adapter.running)
        async with Process(database, clock, "two").running() as two:
            both = [("one", RunState.RUNNING), ("two", RunState.STANDBY)]
            await healthy(
                database, clock, inbox_id, lambda found: [(run.process, run.state) for run in found.runs] == both
            )
            assert not two.adapter.running
            await one.stop()
            await until(lambda: two.adapter.running)
            assert not one.adapter.running


async def test_who_fell_silent_loses_the_lease_and_stops(
    database: Database, desk: Desk, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, clock, exclusive="yes")
    async with Process(database, clock).running() as one, Process(database, clock, "two").running() as two:
        await until(lambda: one.adapter.running or two.adapter.running)
        holder, other = (one, two) if one.adapter.running else (two, one)

        async def silent(self: runner.Runner) -> bool:
            return True

        monkeypatch.setattr(runner.Runner, "_renew", silent)
        await asyncio.sleep(0.1)
        clock.advance(minutes=1)
        monkeypatch.setattr(runner, "STANDBY_POLL", 0.02)
        await database.write(_wake)
        await until(lambda: other.adapter.running)
        monkeypatch.undo()
        await until(lambda: not holder.adapter.running)
        assert other.adapter.running


def _wake(session: Session) -> None:
    """A standing by process looks at its next poll; here at once."""
    emit(session, Signal(Topic.INBOX, session.scalars(select(Inbox.id).where(Inbox.channel == "letterbox")).one()))


async def test_a_process_that_ends_is_not_counted_any_more(database: Database, desk: Desk, clock: SetClock) -> None:
    inbox_id = await add(database, clock)
    async with Process(database, clock).running():
        await healthy(database, clock, inbox_id, lambda one: one.is_running)
    assert (await database.read(health.read, clock.now()))[inbox_id].verdict == "stopped"


async def test_secrets_of_another_desk_are_a_problem_and_not_a_crash(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    form = Form(name="Elm", typed={"street": "Elm", "key": "right"})
    inbox_id = await database.write(editing.save, KIND, None, form, Seal("another secret"), clock.now())
    async with Process(database, clock).running() as process:
        found = await healthy(database, clock, inbox_id, lambda one: one.verdict == "problem")
        assert found.current_problem is not None and "secret" in str(found.current_problem)
        assert inbox_id not in process.supervisor.channels
        again = Form(name="Elm", typed={"street": "Elm", "key": "right"})
        await database.write(editing.save, KIND, inbox_id, again, SEAL, clock.now())
        await healthy(database, clock, inbox_id, lambda one: one.verdict == "good")


async def test_what_a_paused_inbox_serves_says_come_back_later(database: Database, desk: Desk, clock: SetClock) -> None:
    inbox_id = await add(database, clock, "elm")
    async with Process(database, clock).running() as process:
        await until(lambda: process.adapter.running)
        transport = httpx.ASGITransport(Starlette(routes=[Doors(process.supervisor)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
            assert (await client.post("/letterbox/elm")).text == "open"
            assert (await client.get("/letterbox/elm")).status_code == 405
            assert (await client.get("/letterbox/oak")).status_code == 404
            await database.write(editing.set_state, inbox_id, InboxState.PAUSED)
            await until(lambda: not process.adapter.running)
            paused = await client.post("/letterbox/elm", headers={"origin": "https://customer.example"})
            assert (paused.status_code, paused.headers["access-control-allow-origin"]) == (503, "*")
            await database.write(editing.set_state, inbox_id, InboxState.ARCHIVED)
            await until(lambda: not list(process.supervisor.doors()))
            assert (await client.post("/letterbox/elm")).status_code == 404


async def test_a_message_no_process_can_send_waits_without_counting_as_tried(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = await add(database, clock)
    async with Process(database, clock).running() as process:
        process.adapter.letters.append("Der Drucker druckt nicht.")
        await healthy(database, clock, inbox_id, lambda one: one.received_at)
        process.supervisor.channels.clear()
        await database.write(actions.reply, 1, desk.anna, Draft("Hallo"), clock.now())
        clock.advance(seconds=6)
        await asyncio.sleep(0.1)
        claimed = await database.write(_claim, clock)
        assert [one.attempts for one in claimed] == [1]
        process.delivery.deliver(claimed)
        await process.delivery.drain()
        clock.advance(seconds=6)
        assert [one.attempts for one in await database.write(_claim, clock)] == [1]
        said = await database.read(lambda session: session.scalars(select(Message).where(Message.outbound)).one())
        assert said.delivery == "queued"


def _claim(session: Session, clock: SetClock) -> list[outbox.Claimed]:
    return outbox.claim(session, clock.now())
