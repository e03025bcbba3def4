"""A desk with one mailbox on a real Dovecot, and the processes that run it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from channels.base import Surroundings
from channels.mail.adapter import KIND
from core.blobs import FolderBlobStore
from core.database import Database
from core.inboxes import editing, positions
from core.inboxes.editing import Form
from core.inboxes.health import Health
from core.models import InboundReceipt, Message
from core.values import Outcome
from tests.channels.mailboxes import SEAL, Running, healthy
from tests.fakes.clock import SetClock
from tests.fakes.dovecot import PASSWORD, Dovecot

ADDRESS, USER = "support@desk.example", "support"
PATIENCE, LONG = 60.0, 600.0


class Place:
    """A desk with one mailbox, and the processes that run it."""

    def __init__(self, database: Database, clock: SetClock, folder: Path, server: Dovecot) -> None:
        self.database, self.clock, self.server = database, clock, server
        blobs = FolderBlobStore(folder / "blobs")
        self.surroundings = Surroundings(database, blobs, clock, "http://desk.example", "secret")
        self.inbox_id = 0

    async def set_up(self, **typed: str) -> None:
        """Save the mailbox's settings: first, or others."""
        whole = {"address": ADDRESS, **fetching(self.server, **typed)}
        inbox_id = self.inbox_id or None
        form = Form(name="Support", typed=whole)
        self.inbox_id = await self.database.write(editing.save, KIND, inbox_id, form, SEAL, self.clock.now())

    def process(self, name: str = "one") -> Running:
        return Running(self.database, self.clock, self.surroundings, name)

    async def health(self, wanted: Callable[[Health], object]) -> Health:
        """How the mailbox is doing, once it is as wanted."""
        return await healthy(self.database, self.clock, self.inbox_id, wanted)

    async def works(self) -> None:
        await self.health(lambda one: one.is_running and not one.current_problem)

    async def texts(self) -> list[str]:
        """What people wrote; those of different people came side by side, so in no order."""
        return sorted(message.text.strip() for message in await self.messages())

    async def messages(self) -> list[Message]:
        """What people wrote, in the order in which it was documented."""
        query = select(Message).where(Message.outbound.is_(False)).order_by(Message.id)
        return await self.database.read(lambda session: list(session.scalars(query)))

    async def ledger(self) -> dict[str, int]:
        """How many deliveries had each outcome."""
        query = select(InboundReceipt.outcome, func.count()).group_by(InboundReceipt.outcome)
        found = await self.database.read(lambda session: session.execute(query).all())
        return {str(outcome): count for outcome, count in found}

    async def aside(self) -> list[tuple[str, str]]:
        """Reason and subject of what was set aside."""
        query = select(InboundReceipt).where(InboundReceipt.outcome == Outcome.QUARANTINED).order_by(InboundReceipt.id)
        found = await self.database.read(lambda session: list(session.scalars(query)))
        return [(one.reason, one.about["subject"]) for one in found]

    async def tidied_to(self) -> int:
        found = await self.database.read(positions.read, self.inbox_id)
        return found.tidied_to if found is not None else -1


def fetching(server: Dovecot, **more: str) -> dict[str, str]:
    """What is typed for a mailbox on this machine that is read from its beginning."""
    return {
        "receive": "imap",
        "imap_host": "127.0.0.1",
        "imap_port": str(server.port),
        "imap_security": "none",
        "imap_username": USER,
        "imap_password": PASSWORD,
        "imap_begin": "all",
        **more,
    }


def letter(number: int | str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in {
        "From": f"Carla Neumann <carla-{number}@alpha.example>",
        "To": ADDRESS,
        "Subject": f"Frage {number}",
        "Message-ID": f"<{number}@alpha.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }.items():
        mail[name] = value
    mail.set_content(f"Der Drucker {number} druckt nicht mehr. Grüße!")
    return mail


def text(number: int | str) -> str:
    return f"Der Drucker {number} druckt nicht mehr. Grüße!"


async def until(look: Callable[[], Awaitable[Any]], wanted: Any, patience: float = PATIENCE) -> None:
    """Wait until ``look`` returns what is wanted."""
    found = None
    try:
        async with asyncio.timeout(patience):
            while (found := await look()) != wanted:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(patience / 3000)
    except TimeoutError:
        assert found == wanted
