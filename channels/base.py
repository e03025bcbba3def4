"""What every channel is: ``run`` brings messages in, ``send`` takes one out, ``capabilities`` says what it can show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from starlette.routing import BaseRoute

from core.values import InboundMessage, InboxStyle, OutboundMessage, Receipt

Receive = Callable[[InboundMessage], Awaitable[Receipt]]
"""Hands a message to the desk; returns after the commit, so that the source may be acknowledged. Raises ``DeskError``
for what can never be accepted and anything else for "not now": the source must be told to try again."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``style`` decides how the bot talks there; ``buttons`` whether choices can be pressed or must be numbered.

    ``pushes`` says that what the other side accepted is on the person's screen, and nothing will confirm it later.
    """

    style: InboxStyle
    buttons: bool
    attachments: bool
    pushes: bool = False


class DeliveryError(Exception):
    """A message could not be sent. ``permanent`` alone decides whether it is tried again.

    The text is for staff: what the other side said, in one line. ``retry_after`` is what the other side asked for.
    """

    def __init__(self, reason: str, *, permanent: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after


class Channel(Protocol):
    """One configured inbox's adapter. It knows its vendor; nobody else does."""

    inbox_id: int
    capabilities: Capabilities
    routes: Sequence[BaseRoute]
    """What it serves over HTTP, if anything."""

    async def run(self, receive: Receive) -> None:
        """Bring in messages until cancelled."""
        ...

    async def send(self, message: OutboundMessage) -> None:
        """Send one message, once more unchanged if called again. Raises ``DeliveryError``."""
        ...
