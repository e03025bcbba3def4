"""A channel of the tests: it polls a list, can be told to fail, and shows what it was asked to send."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from channels.base import Connected, Receive, Surroundings
from core.errors import InboxProblem
from core.inboxes.kinds import Configuration, InboxSettings, Kind, Shown
from core.values import Address, InboundMessage, InboxStyle, OutboundMessage


class LetterboxConfiguration(Configuration):
    """One field of every sort."""

    street: Annotated[str, Shown("Street", "Where it hangs.")]
    depth: Annotated[int, Field(ge=1, le=90), Shown("Depth")] = 10
    exclusive: Annotated[bool, Shown("One process only")] = False
    colour: Annotated[Literal["red", "blue"], Shown("Colour", options={"red": "Red", "blue": "Blue"})] = "red"
    names: Annotated[tuple[str, ...], Shown("Names")] = ()
    key: Annotated[SecretStr, Shown("Key")] = SecretStr("")

    @property
    def inbox_address(self) -> str:
        return self.street.lower()

    @property
    def is_exclusive(self) -> bool:
        return self.exclusive


KIND = Kind(
    key="letterbox",
    title="Letterbox",
    description="A letterbox of the tests.",
    style=InboxStyle.LETTER,
    address_kind="letterbox",
    configuration=LetterboxConfiguration,
    can_test=True,
)


class Letterbox:
    """One inbox of one process; it takes its letters from the adapter that made it."""

    def __init__(self, adapter: LetterboxAdapter, inbox: InboxSettings[LetterboxConfiguration]) -> None:
        self.inbox_id = inbox.id
        self.inbox = inbox
        self._adapter = adapter
        path = f"/letterbox/{inbox.configuration.inbox_address}"
        self.routes: Sequence[BaseRoute] = [Route(path, lambda _: PlainTextResponse("open"), methods=["POST"])]

    async def run(self, receive: Receive, connected: Connected) -> None:
        self._adapter.starts += 1
        if self._adapter.failures:
            raise self._adapter.failures.pop(0)
        connected()
        self._adapter.running.add(self.inbox.name)
        try:
            while True:
                while self._adapter.letters:
                    await receive(_letter(self.inbox_id, self._adapter.letters.pop(0)))
                if self._adapter.crash is not None:
                    crash, self._adapter.crash = self._adapter.crash, None
                    raise crash
                await asyncio.sleep(0.01)
        finally:
            self._adapter.running.discard(self.inbox.name)

    async def send(self, message: OutboundMessage) -> None:
        if self._adapter.refusal is not None:
            raise self._adapter.refusal
        self._adapter.sent.append(message.text)

    async def test(self) -> None:
        if self.inbox.configuration.key.get_secret_value() != "right":
            raise InboxProblem("The key does not fit {street}.", "Enter another key.", street=self.inbox.address)


class LetterboxAdapter:
    """One process's adapter: ``failures`` are raised by the next starts, ``crash`` by one that runs."""

    kind: Kind[Any] = KIND

    def __init__(self) -> None:
        self.starts = 0
        self.failures: list[Exception] = []
        self.crash: Exception | None = None
        self.refusal: Exception | None = None
        self.letters: list[str] = []
        self.running: set[str] = set()
        self.sent: list[str] = []

    def build(self, inbox: InboxSettings[LetterboxConfiguration], desk: Surroundings) -> Letterbox:
        return Letterbox(self, inbox)


def _letter(inbox_id: int, text: str) -> InboundMessage:
    return InboundMessage(
        inbox_id=inbox_id,
        dedupe_key=str(uuid.uuid4()),
        sender=Address("letterbox", "somebody"),
        text=text,
        received_at=datetime.now(UTC),
    )
