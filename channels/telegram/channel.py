"""Telegram by its Bot API: updates come by long polling or a webhook, messages go out in parts that fit.

Telegram keeps an update until it is confirmed, by a later offset or a 2xx answer, and that comes after our commit. What
was committed and not confirmed, because the process died in between, comes again, and the ledger knows it: so the only
place that must survive is Telegram's own. The library's poller confirms before anything is handled; it is not used.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import WebhookInfo
from telegram.error import BadRequest, ChatMigrated, TelegramError

from channels.base import Connected, DeliveryError, Receive, Surroundings
from channels.telegram import parse as parsing
from channels.telegram import render, words
from channels.telegram.client import LONG_POLL, TRANSFER_TIMEOUT, Client, failure, patiently, problem
from channels.telegram.configuration import API, TelegramConfiguration
from channels.telegram.contents import MAX_UPLOAD
from channels.telegram.parse import Me
from channels.telegram.place import Place, message_id
from channels.telegram.reception import Reception
from channels.telegram.render import FilePart, Part, TextPart
from core import conversations, intake, outbox
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from core.values import OutboundMessage, spoken
from web.languages import LANGUAGES
from web.responses import json_object
from web.responses import problem as http_problem

log = structlog.get_logger(__name__)

LOOK_EVERY = 60.0
"""Seconds between looks at how Telegram fares with our webhook."""
RECENT = timedelta(minutes=10)
"""An error that Telegram met longer ago is over: it would have met it again."""
MAX_UPDATE = 1024 * 1024
"""Bytes of one update; real ones have a few thousand."""


class Telegram:
    """One bot's adapter."""

    def __init__(self, inbox: InboxSettings[TelegramConfiguration], desk: Surroundings) -> None:
        self.inbox_id = inbox.id
        self._inbox = inbox
        self._settings = inbox.configuration
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock
        self._client = Client(self._settings.token.get_secret_value(), self._settings.api_url)
        self._reception = Reception(inbox, self._client, desk)
        self._next: int | None = None
        self._taken_at: datetime | None = None
        self._is_in_trouble = False
        path = f"/telegram/{inbox.id}"
        self._webhook_url = desk.public_url + path
        purpose = f"telegram-webhook:{self._settings.bot_id}"
        self._webhook_secret = hmac.digest(desk.secret.encode(), purpose.encode(), hashlib.sha256).hex()
        self.routes: Sequence[BaseRoute] = [Route(path, self._webhook, methods=["POST"])]

    # -- in ---------------------------------------------------------------------------------------------------------

    async def run(self, receive: Receive, connected: Connected) -> None:
        """Bring in messages until cancelled. Raises ``InboxProblem``; what Telegram could not hand over stays there."""
        me = await patiently(self._client.get_me)
        self._reception.open(Me(me.id, me.username or ""), receive)
        await self._register_menu()
        if self._settings.receive == "webhook":
            await self._keep_webhook(connected)
        else:
            await self._poll(connected)

    async def test(self) -> None:
        """Whether the token is good and the chosen way can work. Raises ``InboxProblem``."""
        await patiently(self._client.get_me)
        if self._settings.receive == "webhook":
            self._require_https()
            return
        info = await patiently(self._client.get_webhook_info)
        if info.url and not info.url.startswith(self._webhook_url.rstrip("0123456789")):
            raise InboxProblem(
                "Another program receives the messages of this bot at {url}.",
                "Switch it off there. As soon as this inbox is active, it gets the messages itself.",
                url=info.url,
            )

    async def _register_menu(self) -> None:
        for language in (None, *LANGUAGES):
            menu = words.commands(spoken(language or self._inbox.language, self._inbox.form_of_address))
            await patiently(self._client.set_my_commands, menu, language_code=language)

    async def _poll(self, connected: Connected) -> None:
        if (await patiently(self._client.get_webhook_info)).url:
            log.warning("webhook_removed", inbox=self.inbox_id)
            await patiently(self._client.delete_webhook)
        timeout = 0
        while True:
            found = await patiently(self._client.updates, self._next, timeout, parsing.UPDATES)
            if timeout == 0:
                connected()
                timeout = LONG_POLL
            # An offset is there to confirm, and for nothing else: after a quiet week Telegram numbers updates anew.
            self._next = None
            await self._take(found)

    async def _take(self, found: list[dict[str, Any]]) -> None:
        """Document updates: those of a chat one after the other, chats beside each other. Sets what is confirmed next:
        everything, or what lies before the first that failed."""
        lanes: dict[int, list[dict[str, Any]]] = {}
        for update in found:
            lanes.setdefault(parsing.chat_of(update), []).append(update)
        failures = [one for one in await asyncio.gather(*map(self._take_lane, lanes.values())) if one is not None]
        if failures:
            self._next, error = min(failures, key=lambda one: one[0])
            if isinstance(error, TelegramError):
                raise problem(error) from None
            raise error
        if found:
            self._next = found[-1]["update_id"] + 1

    async def _take_lane(self, updates: list[dict[str, Any]]) -> tuple[int, Exception] | None:
        """The id of the first update that failed, and why."""
        for update in updates:
            try:
                await self._reception.take_in(update)
            except Exception as error:  # it stays with Telegram, and comes again
                return update["update_id"], error
        return None

    # -- a webhook --------------------------------------------------------------------------------------------------

    async def _webhook(self, request: Request) -> Response:
        """One update from Telegram, which repeats it until it is told 2xx."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given.encode(), self._webhook_secret.encode()):
            return http_problem(403, "That is not Telegram.")
        update = await json_object(request, MAX_UPDATE)
        try:
            await self._reception.take_in(update)
        except Exception:  # whatever it is, Telegram keeps the update and comes back
            log.exception("update_not_taken", inbox=self.inbox_id)
            return http_problem(503, "Not stored, please try again.")
        self._taken_at = self._clock.now()
        return Response(status_code=200)

    async def _keep_webhook(self, connected: Connected) -> None:
        self._require_https()
        await patiently(
            self._client.set_webhook,
            self._webhook_url,
            allowed_updates=parsing.UPDATES,
            secret_token=self._webhook_secret,
        )
        if self._is_in_trouble:
            await self._look()
        connected()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._look()

    async def _look(self) -> None:
        """Ask Telegram how it fares. Raises ``InboxProblem`` if it cannot hand over what waits there."""
        info = await patiently(self._client.get_webhook_info)
        found = self._trouble(info)
        self._is_in_trouble = found is not None
        if found is not None:
            raise found

    def _trouble(self, info: WebhookInfo) -> InboxProblem | None:
        if info.url != self._webhook_url:
            return InboxProblem(
                "Another program receives the messages of this bot now, at {url}.",
                "Switch it off there, or make a new token with @BotFather (/revoke) and enter it here.",
                url=info.url or "-",
            )
        fresh = max(self._clock.now() - RECENT, self._taken_at or datetime.min.replace(tzinfo=UTC))
        if not info.pending_update_count or info.last_error_date is None or info.last_error_date <= fresh:
            return None
        return InboxProblem(
            "Telegram cannot hand over {count} messages. It says: {reason}",
            "Check that {url} can be reached from the internet, with a valid certificate. They wait for 24 hours.",
            count=info.pending_update_count,
            reason=info.last_error_message or "",
            url=self._webhook_url,
        )

    def _require_https(self) -> None:
        if self._settings.api_url == API and not self._webhook_url.startswith("https://"):
            raise InboxProblem(
                "Telegram calls back over HTTPS only, and the desk's public address is {url}.",
                "Set http.public_url to an address that begins with https://, or choose to fetch the messages instead.",
                url=self._webhook_url,
            )

    # -- out --------------------------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> None:
        """Send what of the message has not been sent yet, part by part."""
        place = Place.of(message.thread_key)
        if place.bot_id != self._settings.bot_id:
            raise DeliveryError("This conversation is with another bot, which is not set up any more.", permanent=True)
        answered = message.in_reply_to if message.seq > 1 else None
        for part in render.parts(message)[len(message.sent_as) :]:
            place, sent = await self._deliver(place, part, answered)
            await self._database.write(outbox.part_sent, message.message_id, place.external_id(sent))
        if message.choices:
            await self._retire_question(place, message)

    async def _retire_question(self, place: Place, message: OutboundMessage) -> None:
        """A new question takes the buttons of the one before, if that was answered in other ways."""
        before = await self._database.read(conversations.question_before, message.conversation_id, message.seq)
        if before is None or not before.sent_as:
            return
        answer = render.answer_key(place, before.message_id)
        if await self._database.read(intake.knows, self.inbox_id, answer):
            return
        try:
            await self._client.edit_message_reply_markup(place.chat_id, message_id(before.sent_as[-1]))
        except TelegramError:
            log.info("buttons_not_taken_away", inbox=self.inbox_id)  # a press on them is told that it is too late

    async def _deliver(self, place: Place, part: Part, answered: str | None) -> tuple[Place, int]:
        """Send one part; the place it went to and the id it has there. A group may have moved."""
        try:
            try:
                return place, await self._post(place, part, answered)
            except ChatMigrated as error:
                moved = Place(place.bot_id, error.new_chat_id, place.topic)
                keys = place.thread_key, moved.thread_key
                await self._database.write(conversations.move, self.inbox_id, *keys)
                return moved, await self._post(moved, part, None)
        except TelegramError as error:
            raise failure(error) from None

    async def _post(self, place: Place, part: Part, answered: str | None) -> int:
        where: dict[str, Any] = {
            "chat_id": place.chat_id,
            "message_thread_id": place.topic,
            "reply_parameters": render.reply(place, message_id(answered) if answered else None),
        }
        if isinstance(part, TextPart):
            sent = await self._client.send_message(
                text=part.text,
                entities=part.entities,
                reply_markup=part.keyboard,
                link_preview_options=render.NO_PREVIEW,
                **where,
            )
            return sent.message_id
        return await self._post_file(part, where)

    async def _post_file(self, part: FilePart, where: dict[str, Any]) -> int:
        file = part.file
        if file.size > MAX_UPLOAD:
            raise DeliveryError("A file is larger than the 50 MB that Telegram takes from a bot.", permanent=True)
        where |= {"filename": file.filename, "read_timeout": TRANSFER_TIMEOUT}
        content = await asyncio.to_thread(self._blobs.get, file.sha256)
        if part.as_photo:
            try:
                return (await self._client.send_photo(photo=content, **where)).message_id
            except BadRequest:
                log.info("picture_sent_as_file", inbox=self.inbox_id)  # its shape is none that Telegram shows
        return (await self._client.send_document(document=content, **where)).message_id
