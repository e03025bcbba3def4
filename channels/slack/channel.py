"""Slack: one app in one workspace, over Socket Mode or HTTP.

In comes what the door keeps (``door``) and the reader reads (``reading``); out go messages, and cards for the teams.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from starlette.routing import BaseRoute

from channels.base import Capabilities, Receive
from channels.errands import Errands
from channels.slack import parse, render
from channels.slack.client import Web, new_session
from channels.slack.door import Door
from channels.slack.parse import Identity, Parcel
from channels.slack.people import People
from channels.slack.reading import Reader
from channels.slack.render import Post
from channels.slack.settings import SlackSettings
from channels.slack.socket import Socket
from channels.slack.staff import Staff
from channels.slack.workspace import Workspace
from core import arrivals, outbox
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.promises import Arrived
from core.signals import Topic
from core.tickets import cards
from core.tickets.cards import ClaimedCard
from core.values import InboxStyle, OutboundMessage, StoredFile

log = structlog.get_logger(__name__)


class Slack:
    """One app's adapter."""

    capabilities = Capabilities(style=InboxStyle.DIALOGUE, buttons=True, attachments=True, pushes=True)

    def __init__(
        self,
        inbox_id: int,
        settings: SlackSettings,
        public_url: str,
        database: Database,
        blobs: BlobStore,
        clock: Clock,
    ) -> None:
        self.inbox_id = inbox_id
        self._settings = settings
        self._public_url = public_url
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._web = Web(settings.bot_token, settings.api_url)
        self._people = People(self._web, clock)
        self._me: Identity | None = None
        self._reading: Errands[Arrived] | None = None
        self._door = Door(
            self._web, settings.signing_secret, settings.watched, self._identity, self._keep, self._language_of
        )
        by_http = not settings.app_token
        self.routes: Sequence[BaseRoute] = [self._door.route(f"/slack/{settings.app_id}/events")] if by_http else []

    # -- in ---------------------------------------------------------------------------------------------------------

    async def run(self, receive: Receive) -> None:
        """Until cancelled. Raises ``DeliveryError`` if Slack cannot be reached, or does not let us in."""
        async with new_session() as session:
            self._web.use(session)
            try:
                await self._work(receive, session)
            finally:
                self._reading = None
                self._web.use(None)

    async def _work(self, receive: Receive, session: aiohttp.ClientSession) -> None:
        me = await self._identity()
        workspace = Workspace(
            self.inbox_id,
            self._settings,
            me,
            self._web,
            self._people,
            self._database,
            self._blobs,
            self._clock,
            self._public_url,
        )
        unknown = await self._database.write(cards.settle_rooms, self.inbox_id, self._settings.rooms)
        if unknown:
            log.warning("slack_rooms_of_no_team", inbox=self.inbox_id, teams=unknown)
        staff = Staff(workspace)
        self._reading = Errands("read", self._claim, Reader(workspace, staff, receive).read, self._not_read)
        showing = Errands("show", self._claim_cards, staff.show, self._not_shown)
        signals = self._database.signals
        with signals.subscribe_to(lambda _: False) as never, signals.subscribe(Topic.CARD) as called:
            await _until_one_ends(self._reading.run(never), showing.run(called), self._listen(session))

    async def _listen(self, session: aiohttp.ClientSession) -> None:
        """By HTTP, Slack comes by itself."""
        if self._settings.app_token:
            await Socket(self._web, self._settings.app_token, self._door).run(session)
        await asyncio.Event().wait()

    async def _keep(self, parcel: Parcel) -> None:
        """Keep what came, and read it at once unless something of its thread comes first."""
        claimed = await self._database.write(
            arrivals.keep,
            self.inbox_id,
            parcel.key,
            parcel.thread_key,
            parcel.payload,
            self._clock.now(),
            parcel.only_known,
        )
        if self._reading is not None:
            self._reading.start(claimed)

    async def _claim(self) -> list[Arrived]:
        return await self._database.write(arrivals.claim, self._clock.now(), self.inbox_id)

    async def _not_read(self, arrived: Arrived, reason: str, permanent: bool, retry_after: timedelta | None) -> None:
        log.warning("slack_not_read", inbox=self.inbox_id, reason=reason, permanent=permanent)
        now = self._clock.now()
        await self._database.write(arrivals.failed, arrived, now, reason, permanent, retry_after, self._jitter)

    async def _claim_cards(self) -> list[ClaimedCard]:
        return await self._database.write(cards.claim, self._clock.now(), self.inbox_id)

    async def _not_shown(self, one: ClaimedCard, reason: str, permanent: bool, retry_after: timedelta | None) -> None:
        log.warning("slack_card_not_shown", ticket=one.card.ticket_id, reason=reason, permanent=permanent)
        now = self._clock.now()
        await self._database.write(cards.failed, one.showing, now, reason, permanent, retry_after, self._jitter)

    def _language_of(self, user_id: str) -> str:
        known = self._people.remembered(user_id)
        return known.language if known is not None and known.language else self._settings.language

    async def _identity(self) -> Identity:
        if self._me is None:
            self._me = await self._web.who_are_we()
        return self._me

    # -- out --------------------------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> None:
        """Post the text, then the files, into the thread; what Slack already has of it is not sent again."""
        channel, thread_ts = parse.place(message.thread_key)
        parts: list[Post | StoredFile] = [*render.posts(message), *message.attachments]
        for part in parts[len(message.sent_as) :]:
            if isinstance(part, Post):
                external_id = await self._web.post(channel, thread_ts, part)
            else:
                content = await asyncio.to_thread(self._blobs.get, part.sha256)
                external_id = await self._web.upload(channel, thread_ts, part.filename, content)
            await self._database.write(outbox.part_sent, message.message_id, external_id)


async def _until_one_ends(*work: Coroutine[Any, Any, None]) -> None:
    """Run all of it until cancelled, or until one fails; then the others finish what they are at."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        for ended in (await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0]:
            ended.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
