"""A desk with a Slack app at work, between a real database and a Slack that speaks its protocols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from channels.base import Surroundings
from channels.delivery import Delivery
from channels.slack.adapter import KIND
from channels.slack.channel import Slack
from channels.slack.configuration import SlackConfiguration
from channels.watch import Watch
from core import intake, outbox
from core.blobs import FolderBlobStore
from core.database import Database
from core.inboxes.kinds import InboxSettings
from core.models import Attachment, HistoryEntry, InboundReceipt, Inbox, Message, RequesterAddress, Ticket
from core.tickets import actions
from core.values import BOT, Draft, InboundMessage, Outcome, Receipt
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock
from tests.fakes.http import serving
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from tests.fakes.slack_workspace import APP, BOT_USER, Json

CARLA, DORA, ANNA = "U0CARLA", "U0DORA", "U0ANNA"
GENERAL, HELP, STAFF, SECRET = "C0GENERAL", "C0HELP", "C0STAFF", "C0SECRET"
PATIENCE = 20.0

Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found]], what: str) -> Found:
    """What ``look`` returns as soon as that is anything."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not (found := await look()):
        assert asyncio.get_running_loop().time() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.02)
    return found


def people(slack: FakeSlack) -> None:
    """Two who need help, one who gives it, and where they meet."""
    slack.add_user(CARLA, "Carla Neumann", "carla@alpha.example")
    slack.add_user(DORA, "Dora Lang", "dora@beta.example", "en-GB")
    slack.add_user(ANNA, "Anna Ahrens", "anna@desk.example")
    slack.add_channel(GENERAL, "general", CARLA, DORA, ANNA, BOT_USER)
    slack.add_channel(HELP, "help", CARLA, DORA, ANNA, BOT_USER)
    slack.add_channel(STAFF, "it-staff", ANNA, BOT_USER, is_private=True)
    slack.add_channel(SECRET, "secret", CARLA, DORA, is_private=True)


class SlackDesk:
    def __init__(self, slack: FakeSlack, database: Database, clock: SetClock, folder: Path, desk: Desk) -> None:
        self.slack, self.database, self.clock, self.desk = slack, database, clock, desk
        self.blobs = FolderBlobStore(folder / "blobs")
        self.inbox = 0
        self.failing = 0
        """So many of the next messages intake fails on."""
        self.adapter: Slack
        self.running: asyncio.Task[None]
        self._tasks: list[asyncio.Task[Any]] = []
        self._serving = AsyncExitStack()

    async def start(self, by_http: bool = False, **changes: Any) -> None:
        self.inbox = self.inbox or await self.database.write(self._add_inbox)
        settings = InboxSettings(
            self.inbox, "slack", "Slack", "Service Desk", "de", self.configured(by_http, **changes)
        )
        surroundings = Surroundings(self.database, self.blobs, self.clock, "http://desk.example", "secret")
        self.adapter = Slack(settings, surroundings)
        connected = asyncio.Event()
        watch = Watch(self.database, self.clock, "test")
        delivery = Delivery(self.database, self.clock, {self.inbox: self.adapter}, watch)
        self.running = asyncio.create_task(self.adapter.run(self.receive, connected.set))
        self._tasks = [self.running, asyncio.create_task(delivery.run()), asyncio.create_task(connected.wait())]
        if by_http:
            url = await self._serving.enter_async_context(serving(Starlette(routes=list(self.adapter.routes))))
            self.slack.events_url = f"{url}/slack/{APP}/events"
        await asyncio.wait({self._tasks[0], self._tasks[2]}, return_when=asyncio.FIRST_COMPLETED)

    def configured(self, by_http: bool = False, **changes: Any) -> SlackConfiguration:
        values: dict[str, Any] = {
            "app_id": APP,
            "receive": "http" if by_http else "socket",
            "bot_token": BOT_TOKEN,
            "app_token": APP_TOKEN,
            "signing_secret": SIGNING_SECRET,
            "watched": (HELP,),
            "max_megabytes": 1,
            "api_url": self.slack.api_url,
        }
        return SlackConfiguration(**{**values, **changes})

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._serving.aclose()

    def _add_inbox(self, session: Session) -> int:
        inbox = Inbox(
            channel="slack",
            address=APP,
            address_kind=KIND.address_kind,
            name="Slack",
            style=KIND.style,
            pushes=KIND.pushes,
            created_at=self.clock.now(),
        )
        session.add(inbox)
        session.flush()
        return inbox.id

    async def receive(self, message: InboundMessage) -> Receipt:
        if self.failing:
            self.failing -= 1
            raise ConnectionError("the database is away")
        return await self.database.write(intake.receive, message, self.clock.now())

    # -- what the desk does and knows -------------------------------------------------------------------------------

    async def say(self, text: str, ticket_id: int | None = None, **more: Any) -> int:
        """The bot says something on a ticket, or on the newest; the message's id."""

        def enqueue(session: Session) -> int:
            newest = session.scalars(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).one()
            ticket = actions.locked(session, ticket_id or newest)
            place = actions.current_conversation(session, ticket)
            return outbox.enqueue(session, ticket, place, BOT, "Firstline", Draft(text, **more), self.clock.now())

        return await self.database.write(enqueue)

    async def reply(self, text: str, ticket_id: int = 1) -> int:
        return await self.database.write(actions.reply, ticket_id, self.desk.anna, Draft(text), self.clock.now())

    async def taken(self, count: int) -> list[Message]:
        """What people sent, once it is ``count`` messages."""
        query = select(Message).where(Message.outbound.is_(False), Message.is_note.is_(False)).order_by(Message.id)

        async def look() -> list[Message]:
            found = await self.database.read(lambda session: list(session.scalars(query)))
            return found if len(found) >= count else []

        found = await until(look, f"{count} messages")
        assert len(found) == count, [one.text for one in found]
        return found

    async def message(self, message_id: int) -> Message:
        return await self.database.read(lambda session: session.get_one(Message, message_id))

    async def ticket(self, ticket_id: int = 1) -> Ticket:
        return await self.database.read(lambda session: session.get_one(Ticket, ticket_id))

    async def history(self, action: str) -> list[HistoryEntry]:
        query = select(HistoryEntry).where(HistoryEntry.action == action)
        return await self.database.read(lambda session: list(session.scalars(query)))

    async def ledger(self) -> list[tuple[Outcome, str]]:
        query = select(InboundReceipt).order_by(InboundReceipt.id)
        found = await self.database.read(lambda session: list(session.scalars(query)))
        return [(one.outcome, one.reason) for one in found]

    async def files(self) -> list[tuple[str, bytes]]:
        query = select(Attachment).order_by(Attachment.id)
        found = await self.database.read(lambda session: list(session.scalars(query)))
        return [(one.filename, self.blobs.get(one.sha256)) for one in found]

    async def addresses(self, kind: str) -> list[RequesterAddress]:
        query = select(RequesterAddress).where(RequesterAddress.kind == kind).order_by(RequesterAddress.id)
        return await self.database.read(lambda session: list(session.scalars(query)))

    async def posted(self, channel: str, count: int = 1) -> list[Json]:
        """What the app wrote in a channel, once it is ``count`` messages."""

        async def look() -> list[Json]:
            place = self.slack.channels.get(channel)
            found = [one for one in place.messages if one.get("bot_id")] if place is not None else []
            return found if len(found) >= count else []

        found = await until(look, f"{count} posts in {channel}")
        assert len(found) == count, [one["text"] for one in found]
        return found


@asynccontextmanager
async def desk_with(database: Database, clock: SetClock, folder: Path, **fake: Any) -> AsyncIterator[SlackDesk]:
    async with FakeSlack(**fake) as slack:
        people(slack)
        desk = SlackDesk(slack, database, clock, folder, await database.write(seed, clock))
        try:
            yield desk
        finally:
            await desk.stop()
