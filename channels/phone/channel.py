"""The telephone: a telephone system tells of calls by HTTP, each event once it happens; nobody can be written to.

What becomes of an event is decided in core (``core.calls``); it is acknowledged after the commit. An end that was never
told (the desk was not there to hear it) is made up for after a while, so that no missed call is forgotten.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import replace
from xml.sax.saxutils import quoteattr

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from channels.base import Connected, DeliveryError, Receive, Surroundings
from channels.phone import parse
from channels.phone.configuration import PhoneConfiguration
from channels.phone.parse import Told
from core.calls import events
from core.calls.numbers import KIND as ADDRESS_KIND
from core.inboxes.kinds import InboxSettings
from core.values import Address, CallEvent, CallStep, InboundMessage, OutboundMessage
from web.languages import translator
from web.responses import TooLarge, body, problem

log = structlog.get_logger(__name__)

LARGEST = 64 * 1024
"""Bytes of one event; real ones have a few hundred."""
LOOK_EVERY = 60.0
"""Seconds between looks for calls whose end nobody told."""
SIGNATURE = "x-firstline-signature"


class Phone:
    """One line's adapter, served under ``/phone/<key>``."""

    def __init__(self, inbox: InboxSettings[PhoneConfiguration], desk: Surroundings) -> None:
        self.inbox_id = inbox.id
        self._settings = inbox.configuration
        self._language = inbox.language
        self._database = desk.database
        self._clock = desk.clock
        self._url = desk.public_url + self._settings.path
        self._receive: Receive | None = None
        self._started = asyncio.Event()
        self.routes: Sequence[BaseRoute] = self._routes()

    def _routes(self) -> Sequence[BaseRoute]:
        base = f"/phone/{self._settings.key}"
        if self._settings.provider == "none":
            return ()
        if self._settings.is_signed:
            return [Route(base, self._signed, methods=["POST"])]
        endpoint = self._sipgate if self._settings.provider == "sipgate" else self._webhook
        return [Route(f"{base}/{{password}}", endpoint, methods=["POST"])]

    async def run(self, receive: Receive, connected: Connected) -> None:
        self._receive = receive
        self._started.set()
        connected()
        while True:
            for event in await self._database.read(events.unfinished, self.inbox_id, self._clock.now()):
                log.warning("call_without_end", inbox=self.inbox_id)
                await self._take(Told(event))
            await asyncio.sleep(LOOK_EVERY)

    async def send(self, message: OutboundMessage) -> None:
        raise DeliveryError("Nobody can be written to on the telephone.", permanent=True)

    # -- events -----------------------------------------------------------------------------------------------------

    async def _sipgate(self, request: Request) -> Response:
        """One event of sipgate.io, which does not come back if it was not taken."""
        if not self._is_known(request):
            return _nobody()
        try:
            told = parse.sipgate(await body(request, LARGEST), self._clock.now(), self._settings.region)
        except TooLarge:
            return _too_much()
        try:
            if told is not None:
                await self._take(told)
        except Exception as error:
            log.error("call_event_not_kept", inbox=self.inbox_id, error=type(error).__name__)
            if told is None or told.event.step is not CallStep.NEW:
                return problem(503, "Not stored, please try again.")
        # Also where the beginning could not be kept: what follows says everything once more, if it is asked for.
        return _xml(f"<Response onAnswer={quoteattr(self._url)} onHangup={quoteattr(self._url)} />")

    async def _webhook(self, request: Request) -> Response:
        if not self._is_known(request):
            return _nobody()
        try:
            return await self._own(await body(request, LARGEST))
        except TooLarge:
            return _too_much()

    async def _signed(self, request: Request) -> Response:
        try:
            content = await body(request, LARGEST)
        except TooLarge:
            return _too_much()
        given = request.headers.get(SIGNATURE, "").removeprefix("sha256=").lower()
        if not hmac.compare_digest(given.encode(), self._settings.sign(content).encode()):
            return problem(401, f"The signature in {SIGNATURE} does not fit the body.")
        return await self._own(content)

    async def _own(self, content: bytes) -> Response:
        """One event in our own form; whoever sends it tries again until it is told 2xx."""
        told = parse.webhook(content, self._clock.now(), self._settings.region)
        try:
            await self._take(told)
        except Exception as error:
            log.error("call_event_not_kept", inbox=self.inbox_id, error=type(error).__name__)
            return problem(503, "Not stored, please try again.")
        return Response(status_code=204)

    async def _take(self, told: Told) -> None:
        """Hand an event to the desk; returns after the commit."""
        await self._started.wait()
        assert self._receive is not None
        await self._receive(self._inbound(told))

    def _inbound(self, told: Told) -> InboundMessage:
        _ = translator(self._language)
        event, text = replace(told.event, wants_call_back=self._settings.missed), told.text
        return InboundMessage(
            inbox_id=self.inbox_id,
            dedupe_key=_delivery(event),
            sender=Address(ADDRESS_KIND, event.number),
            text=text,
            received_at=self._clock.now(),
            subject=_("Call back: {caller}"),
            placeholder="" if text.strip() else f"[{_('Telephone call')}]",
            call=event,
            for_people=True,
        )

    def _is_known(self, request: Request) -> bool:
        given = request.path_params["password"]
        return hmac.compare_digest(given.encode(), self._settings.password.encode())


def _delivery(event: CallEvent) -> str:
    return f"{event.key}:{event.step}"


def _nobody() -> Response:
    return problem(404, "There is nothing here.")


def _too_much() -> Response:
    return problem(413, "That is too much at once.")


def _xml(content: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{content}\n', media_type="application/xml")
