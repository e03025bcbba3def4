"""A desk for one adapter: its database, files, clock and delivery are real; its intake can be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.base import Channel, Surroundings
from channels.delivery import Delivery
from channels.watch import Watch
from core import intake, outbox
from core.blobs import FolderBlobStore
from core.database import Database
from core.models import (
    Attachment,
    Conversation,
    HistoryEntry,
    InboundReceipt,
    Inbox,
    Message,
    OutboxRow,
    RequesterAddress,
    Ticket,
)
from core.tickets import actions
from core.values import BOT, Draft, InboundMessage, InboxStyle, Outcome, Receipt
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock


class Died(Exception):
    """What intake raises when it was told to."""


@dataclass
class Ground:
    """``dies`` holds, for the next deliveries, whether intake fails ``before`` or ``after`` its commit."""

    database: Database
    clock: SetClock
    folder: Path
    desk: Desk
    dies: list[str] = field(default_factory=list)
    _delivering: asyncio.Task[None] | None = None

    @classmethod
    async def lay(cls, database: Database, clock: SetClock, folder: Path) -> Ground:
        return cls(database, clock, folder, await database.write(seed, clock))

    @property
    def blobs(self) -> FolderBlobStore:
        return FolderBlobStore(self.folder / "blobs")

    def surroundings(self, public_url: str, secret: str) -> Surroundings:
        """What the adapter may use of this desk."""
        return Surroundings(self.database, self.blobs, self.clock, public_url, secret)

    async def open_inbox(
        self, channel: str, address: str, style: InboxStyle = InboxStyle.DIALOGUE, can_send: bool = True
    ) -> int:
        """An inbox for an adapter that the seeded desk has none for; its id."""

        def add(session: Session) -> int:
            now = self.clock.now()
            inbox = Inbox(
                channel=channel,
                address=address,
                address_kind=channel,
                name=channel,
                style=style,
                can_send=can_send,
                created_at=now,
            )
            session.add(inbox)
            session.flush()
            return inbox.id

        return await self.database.write(add)

    async def receive(self, message: InboundMessage) -> Receipt:
        """What the adapter hands messages to."""
        fate = self.dies.pop(0) if self.dies else ""
        if fate == "before":
            raise Died("before the commit")
        receipt = await self.database.write(intake.receive, message, self.clock.now())
        if fate == "after":
            raise Died("after the commit")
        return receipt

    def deliver_through(self, channel: Channel) -> None:
        """From now on the desk sends through this adapter."""
        watch = Watch(self.database, self.clock, "test")
        delivery = Delivery(self.database, self.clock, {channel.inbox_id: channel}, watch)
        self._delivering = asyncio.create_task(delivery.run())

    async def stop_delivering(self) -> None:
        if self._delivering is not None:
            self._delivering.cancel()
            await asyncio.gather(self._delivering, return_exceptions=True)

    async def say(self, text: str, ticket_id: int | None = None, **more: object) -> int:
        """The bot says something on a ticket, or on the newest; the message's id."""
        draft = Draft(text, **more)  # type: ignore[arg-type]

        def enqueue(session: Session) -> int:
            newest = session.scalars(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).one()
            ticket = actions.locked(session, ticket_id or newest)
            place = actions.current_conversation(session, ticket)
            return outbox.enqueue(session, ticket, place, BOT, "Firstline", draft, self.clock.now())

        return await self.database.write(enqueue)

    # -- what the desk knows ----------------------------------------------------------------------------------------

    async def taken(self) -> list[Message]:
        """Everything people sent, in the order in which it came."""
        query = select(Message).where(Message.outbound.is_(False), Message.is_note.is_(False)).order_by(Message.id)
        return await self.database.read(lambda session: list(session.scalars(query)))

    async def message(self, message_id: int) -> Message:
        return await self.database.read(lambda session: session.get_one(Message, message_id))

    async def owed(self, message_id: int) -> OutboxRow:
        query = select(OutboxRow).where(OutboxRow.message_id == message_id)
        return await self.database.read(lambda session: session.scalars(query).one())

    async def files(self) -> list[tuple[str, bytes]]:
        """Names and bytes of what came with messages."""
        found = await self.database.read(
            lambda session: list(session.scalars(select(Attachment).order_by(Attachment.id)))
        )
        return [(one.filename, self.blobs.get(one.sha256)) for one in found]

    async def ledger(self) -> list[Outcome]:
        query = select(InboundReceipt.outcome).order_by(InboundReceipt.id)
        return await self.database.read(lambda session: list(session.scalars(query)))

    async def history(self, action: str) -> Sequence[HistoryEntry]:
        query = select(HistoryEntry).where(HistoryEntry.action == action).order_by(HistoryEntry.id)
        return await self.database.read(lambda session: list(session.scalars(query)))

    async def conversations(self) -> list[tuple[int, str]]:
        """Each conversation's id and whose address it is with."""
        query = (
            select(Conversation.id, RequesterAddress.value)
            .join(RequesterAddress, RequesterAddress.id == Conversation.address_id)
            .order_by(Conversation.id)
        )
        return await self.database.read(lambda session: [(id_, value) for id_, value in session.execute(query)])
