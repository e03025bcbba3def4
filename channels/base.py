"""What every channel is: ``run`` brings messages in, ``send`` takes one out; what an adapter gets and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from starlette.routing import BaseRoute

from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings, Kind
from core.values import InboundMessage, OutboundMessage, Receipt

Receive = Callable[[InboundMessage], Awaitable[Receipt]]
"""Hands a message to the desk; returns after the commit, so that the source may be acknowledged. Raises ``DeskError``
for what can never be accepted and anything else for "not now": the source must be told to try again."""

Connected = Callable[[], None]
"""Says that the inbox works from now on: it listens, or is signed in."""


class DeliveryError(Exception):
    """One message could not be sent. ``permanent`` alone decides whether it is tried again.

    The text is for staff: what the other side said, in one line. ``retry_after`` is what the other side asked for.
    Where the inbox is at fault and not the message (no connection, a wrong password), raise ``InboxProblem`` instead.
    """

    def __init__(self, reason: str, *, permanent: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


class Channel(Protocol):
    """One configured inbox's adapter. It knows its vendor; nobody else does. Making one has no effects."""

    inbox_id: int
    routes: Sequence[BaseRoute]
    """What it serves over HTTP, if anything, below a path that no other inbox has; only while the inbox is active."""

    async def run(self, receive: Receive, connected: Connected) -> None:
        """Bring in messages until cancelled; call ``connected`` as soon as it works.

        Raises ``core.errors.InboxProblem`` for what an admin can mend. Whatever it raises, it is run again after a
        pause, so there is no need to try again in here.
        """
        ...

    async def send(self, message: OutboundMessage) -> None:
        """Send one message, once more unchanged if called again. Raises ``DeliveryError`` or ``InboxProblem``.

        Any process may be asked to send, also one that does not run the inbox.
        """
        ...


@runtime_checkable
class CanTest(Protocol):
    """An adapter whose kind says ``can_test``. It is not running when it is asked."""

    async def test(self) -> None:
        """Try everything that can go wrong, without a lasting effect. Raises ``InboxProblem``."""
        ...


@runtime_checkable
class CanSendTest(Protocol):
    """An adapter whose kind names a ``test_recipient``."""

    async def send_test(self, recipient: str, text: str) -> None:
        """Send a text to somebody, outside of any ticket. Raises ``DeliveryError`` or ``InboxProblem``."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter may use of the desk. ``secret`` signs what travels through other people's hands.

    ``own_addresses`` are those of all the desk's inboxes, by their kind (``Kind.address_kind``), so that nobody talks
    to themselves; the supervisor keeps them up to date. ``impaired`` says of an inbox that it works but for a part of
    it, and when that part is tried again; ``Connected`` says that all is well again.
    """

    database: Database
    blobs: BlobStore
    clock: Clock
    public_url: str
    secret: str
    own_addresses: dict[str, frozenset[str]] = field(default_factory=dict)
    impaired: Callable[[int, InboxProblem, datetime], None] = lambda inbox_id, problem, retry_at: None


class Adapter(Protocol):
    """What a channel's folder offers to ``channels.registry``: what it says of itself, and how its inboxes are made."""

    @property
    def kind(self) -> Kind[Any]: ...

    def build(self, inbox: InboxSettings[Any], desk: Surroundings) -> Channel:
        """The adapter of one inbox, ready to be run."""
        ...
