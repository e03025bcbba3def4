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

from channels.base import Connected, DeliveryError, Receive, Surroundings
from channels.errands import Errands
from channels.slack import parse, render, trial
from channels.slack.client import Web, new_session
from channels.slack.configuration import SlackConfiguration
from channels.slack.door import Door
from channels.slack.errors import problem_of
from channels.slack.parse import Identity, Parcel
from channels.slack.people import People
from channels.slack.reading import Reader
from channels.slack.render import Post
from channels.slack.socket import Socket
from channels.slack.staff import Staff
from channels.slack.workspace import Workspace
from core import arrivals, outbox
from core.inboxes.kinds import InboxSettings
from core.promises import Arrived
from core.signals import Topic
from core.tickets import cards
from core.tickets.cards import ClaimedCard
from core.values import OutboundMessage, StoredFile, spoken
from web.languages import Translate, translator

log = structlog.get_logger(__name__)


class Slack:
    """One app's adapter."""

    def __init__(self, inbox: InboxSettings[SlackConfiguration], desk: Surroundings) -> None:
        self.inbox_id = inbox.id
        self._inbox = inbox
        self._settings = inbox.configuration
        self._desk = desk
        self._database = desk.database
        self._clock = desk.clock
        self._jitter = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._web = Web(self._settings.bot_token.get_secret_value(), self._settings.api_url)
        self._people = People(self._web, desk.clock)
        self._me: Identity | None = None
        self._reading: Errands[Arrived] | None = None
        self._door = Door(
            self._web,
            self._settings.signing_secret.get_secret_value(),
            frozenset(self._settings.watched),
            self._identity,
            self._keep,
            self._words_for,
        )
        by_http = not self._settings.by_socket
        self.routes: Sequence[BaseRoute] = [self._door.route(self._settings.path)] if by_http else []

    # -- in ---------------------------------------------------------------------------------------------------------

    async def run(self, receive: Receive, connected: Connected) -> None:
        """Until cancelled."""
        async with new_session() as session:
            self._web.use(session)
            try:
                await self._work(receive, connected, session)
            except DeliveryError as error:
                raise problem_of(error) or error from None
            finally:
                self._reading = None
                self._web.use(None)

    async def _work(self, receive: Receive, connected: Connected, session: aiohttp.ClientSession) -> None:
        me = await self._identity()
        workspace = Workspace(
            self._inbox,
            me,
            self._web,
            self._people,
            self._database,
            self._desk.blobs,
            self._clock,
            self._desk.public_url,
        )
        await self._database.write(cards.settle_rooms, self.inbox_id, self._settings.room_of)
        staff = Staff(workspace)
        self._reading = Errands("read", self._claim, Reader(workspace, staff, receive).read, self._not_read)
        showing = Errands("show", self._claim_cards, staff.show, self._not_shown)
        with self._database.signals.subscribe(Topic.CARD) as called:
            await _until_one_ends(self._reading.run(), showing.run(called), self._listen(session, connected))

    async def _listen(self, session: aiohttp.ClientSession, connected: Connected) -> None:
        if self._settings.by_socket:
            await Socket(self._web, self._settings.app_token.get_secret_value(), self._door, connected).run(session)
        # By HTTP, Slack comes by itself.
        connected()
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

    def _words_for(self, user_id: str) -> Translate:
        known = self._people.remembered(user_id)
        language = known.language if known is not None and known.language else self._inbox.language
        return translator(spoken(language, self._inbox.form_of_address))

    async def _identity(self) -> Identity:
        if self._me is None:
            self._me = await self._web.who_are_we()
        return self._me

    # -- out --------------------------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> None:
        """Post the text, then the files, into the thread; what Slack already has of it is not sent again."""
        channel, thread_ts = parse.place(message.thread_key)
        _ = translator(spoken(message.language, message.form_of_address or self._inbox.form_of_address))
        parts: list[Post | StoredFile] = [*render.posts(message, _), *message.attachments]
        for part in parts[len(message.sent_as) :]:
            try:
                external_id = await self._send_part(channel, thread_ts, part)
            except DeliveryError as error:
                raise problem_of(error) or error from None
            await self._database.write(outbox.part_sent, message.message_id, external_id)

    async def _send_part(self, channel: str, thread_ts: str, part: Post | StoredFile) -> str:
        if isinstance(part, Post):
            return await self._web.post(channel, thread_ts, part)
        content = await asyncio.to_thread(self._desk.blobs.get, part.sha256)
        return await self._web.upload(channel, thread_ts, part.filename, content)

    async def test(self) -> None:
        """Whether the keys are the app's, it has its permissions, and is where it shall listen and post."""
        try:
            await trial.test(self._web, self._settings, self._database)
        except DeliveryError as error:
            raise problem_of(error) or error from None

    async def send_test(self, recipient: str, text: str) -> None:
        try:
            channel = await self._web.direct(await self._web.find(recipient.strip()))
            await self._web.post(channel, "", render.plain(text))
        except DeliveryError as error:
            raise problem_of(error) or error from None


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
