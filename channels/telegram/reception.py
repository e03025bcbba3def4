"""What becomes of one update: a message, a pressed button, a command, or nothing. Returns after the commit."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from telegram import InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Forbidden, RetryAfter

from channels.base import Receive, Surroundings
from channels.telegram import parse as parsing
from channels.telegram import render, words
from channels.telegram.client import Arguments, Client, wait_of
from channels.telegram.configuration import TelegramConfiguration
from channels.telegram.contents import What
from channels.telegram.fetching import Fetching
from channels.telegram.parse import Command, Me, Moved, Origin, Parsed, Passed, Pressed, Said
from core import conversations, intake, requesters
from core.errors import DeskError
from core.inboxes.kinds import InboxSettings
from core.tickets import lifecycle
from core.values import InboundMessage, Outcome, spoken

log = structlog.get_logger(__name__)

ATTEMPTS = 3
LONGEST_WAIT = 15.0
"""Seconds that somebody else's message may wait for an answer of the adapter itself."""
START_PATIENCE = 10.0
"""Seconds that an update may wait for the adapter to start."""
ALBUMS = 200
"""How many albums are remembered, to answer each of them once."""


class Reception:
    """Takes updates in from ``open`` on."""

    def __init__(self, inbox: InboxSettings[TelegramConfiguration], client: Client, desk: Surroundings) -> None:
        self._inbox = inbox
        self._inbox_id = inbox.id
        self._client = client
        self._database = desk.database
        self._clock = desk.clock
        self._albums: OrderedDict[str, None] = OrderedDict()
        self._fetching = Fetching(client, desk.blobs)
        self._is_open = asyncio.Event()

    def open(self, me: Me, receive: Receive) -> None:
        """From now on: ``me`` is the bot, ``receive`` documents a message."""
        self._me, self._receive = me, receive
        self._is_open.set()

    async def take_in(self, raw: dict[str, Any]) -> None:
        """Document one update; what cannot be read is quarantined. Raises whatever may be over the next time."""
        async with asyncio.timeout(START_PATIENCE):
            await self._is_open.wait()
        try:
            await self._handle(parsing.parse(self._read(raw), self._me))
        except (DeskError, ValueError, LookupError, RecursionError, AssertionError, TypeError, AttributeError) as error:
            # A mistake of ours must not keep back everybody else's messages for days.
            log.exception("update_unreadable", inbox=self._inbox_id, kinds=sorted(set(raw) - {"update_id"}))
            await self._quarantine(raw, f"{type(error).__name__}: {error}")

    def _read(self, raw: dict[str, Any]) -> Update:
        """The update as the library reads it; of what is newer or older than the library at least the words."""
        try:
            return Update.de_json(raw, None)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.warning("update_read_in_part", inbox=self._inbox_id, reason=f"{type(error).__name__}: {error}"[:200])
            return Update.de_json(parsing.bare(raw), None)

    async def _handle(self, parsed: Parsed) -> None:
        match parsed:
            case Said():
                await self._said(parsed)
            case Pressed():
                await self._pressed(parsed)
            case Command():
                await self._command(parsed)
            case Moved(key, old, new):
                keys = old.thread_key, new.thread_key
                await self._database.write(conversations.move, self._inbox_id, *keys)
                await self._pass(key, "the group became a supergroup")
            case Passed(key, reason):
                await self._pass(key, reason)

    async def _pass(self, key: str, reason: str) -> None:
        await self._database.write(intake.ignore, self._inbox_id, key, reason, self._clock.now())

    async def _quarantine(self, raw: dict[str, Any], reason: str) -> None:
        content = json.dumps(raw, ensure_ascii=False, sort_keys=True).encode()
        key = hashlib.sha256(content).hexdigest()
        now = self._clock.now()
        await self._database.write(intake.quarantine, self._inbox_id, key, reason[:500], now, content)

    # -- messages ---------------------------------------------------------------------------------------------------

    async def _said(self, said: Said) -> None:
        language = await self._language(said.origin)
        files, missing = await self._fetching.fetch(said.files)
        receipt = await self._receive(
            InboundMessage(
                inbox_id=self._inbox_id,
                dedupe_key=said.dedupe_key,
                sender=said.origin.sender,
                text=said.text,
                full_text=f"{_as_quote(said.quoted)}\n\n{said.text}" if said.quoted else None,
                received_at=self._clock.now(),
                external_id=said.external_id,
                thread_key=said.origin.place.thread_key,
                attachments=files,
                language=language,
                placeholder=words.describe(self._tag(language), (*said.extras, *missing)),
                revises=said.external_id if said.is_revision else None,
                accompanies=self._accompanies(said),
            )
        )
        for extra in missing:
            if extra.what is What.TOO_LARGE and receipt.outcome is not Outcome.IGNORED:
                await self._answer(said.origin, words.file_too_large(self._tag(language), extra.values["name"]))

    def _accompanies(self, said: Said) -> bool:
        """Pictures sent as one come one by one; one answer is enough for those without words of their own."""
        if said.album is None:
            return False
        known = said.album in self._albums
        self._albums[said.album] = None
        while len(self._albums) > ALBUMS:
            self._albums.popitem(last=False)
        return known and not said.text

    # -- buttons ----------------------------------------------------------------------------------------------------

    async def _pressed(self, pressed: Pressed) -> None:
        key = f"{pressed.origin.place.bot_id}:button:{pressed.query_id}"
        if (chosen := render.language_of(pressed.data)) is not None:
            await self._choose_language(pressed, chosen)
            await self._pass(key, "a language was chosen")
            return
        place, language = pressed.origin.place, await self._language(pressed.origin)
        wanted = render.choice_of(pressed.data)
        asked = await self._asked(place.thread_key, wanted[0]) if wanted is not None else None
        if wanted is None or asked is None or wanted[1] >= len(asked.choices):
            await self._notice(pressed, words.too_old(self._tag(language)))
            await self._pass(key, "a button of nothing the desk knows")
            return
        message_id, choice = wanted[0], asked.choices[wanted[1]]
        receipt = await self._receive(
            InboundMessage(
                inbox_id=self._inbox_id,
                # One question has one answer, however often and whatever is pressed.
                dedupe_key=render.answer_key(place, message_id),
                sender=pressed.origin.sender,
                text=choice.title,
                received_at=self._clock.now(),
                thread_key=place.thread_key,
                language=language,
                payload=choice.payload,
            )
        )
        title = choice.title
        if receipt.outcome is Outcome.DUPLICATE and receipt.message_id is not None:
            before = await self._asked(place.thread_key, receipt.message_id)
            title = before.text if before is not None else title
        await self._settle(pressed, render.answered(asked.text, title))
        await self._notice(pressed, "" if title == choice.title else words.already_answered(self._tag(language), title))

    async def _asked(self, thread_key: str, message_id: int) -> conversations.Said | None:
        return await self._database.read(conversations.said, self._inbox_id, thread_key, message_id)

    async def _choose_language(self, pressed: Pressed, language: str) -> None:
        now = self._clock.now()
        sender = pressed.origin.sender
        await self._database.write(requesters.choose_language, self._inbox_id, sender, language, now)
        await self._settle(pressed, words.language_chosen(self._tag(language)))
        await self._notice(pressed, "")

    async def _settle(self, pressed: Pressed, text: str) -> None:
        """The question says what was chosen, and has no buttons any more."""
        chat_id, message_id = pressed.origin.place.chat_id, pressed.message_id
        await self._gently(
            self._client.edit_message_text, text, chat_id, message_id, link_preview_options=render.NO_PREVIEW
        )

    async def _notice(self, pressed: Pressed, text: str) -> None:
        """Telegram shows that a button is busy until it is told otherwise."""
        await self._gently(self._client.answer_callback_query, pressed.query_id, text[:200] or None)

    # -- commands ---------------------------------------------------------------------------------------------------

    async def _command(self, command: Command) -> None:
        language, origin = await self._language(command.origin), command.origin
        match command.name:
            case "status":
                text = words.standings(self._tag(language), await self._standings(origin))
                await self._answer(origin, text, reply_to=command.message_id)
            case "language":
                question = words.ask_language(self._tag(language))
                await self._answer(origin, question, render.languages(), command.message_id)
            case "human":
                if await self._call_a_person(command, language):
                    return
            case _:
                await self._answer(origin, self._consent(language), reply_to=command.message_id)
        await self._pass(command.dedupe_key, f"the command /{command.name}")

    def _consent(self, language: str) -> str:
        own, inbox = self._inbox.configuration.consent(language), self._inbox
        return words.consent(self._tag(language), inbox.sender_name, own, inbox.configuration.privacy_url)

    async def _call_a_person(self, command: Command, language: str) -> bool:
        """Hand the wish to the desk. False, and the person hears it, if people have their request already."""
        for one in (await self._standings(command.origin))[:1]:
            if one.level > 0 and one.status in lifecycle.ACTIVE:
                text = words.already_with_people(self._tag(language), one)
                await self._answer(command.origin, text, reply_to=command.message_id)
                return False
        await self._receive(
            InboundMessage(
                inbox_id=self._inbox_id,
                dedupe_key=command.dedupe_key,
                sender=command.origin.sender,
                text=words.wish_for_a_person(self._tag(language)),
                received_at=self._clock.now(),
                external_id=command.dedupe_key,
                thread_key=command.origin.place.thread_key,
                language=language,
                payload="/human",
            )
        )
        return True

    async def _standings(self, origin: Origin) -> tuple[conversations.Standing, ...]:
        return await self._database.read(conversations.standings, self._inbox_id, origin.place.thread_key)

    # -- answers of the adapter itself ------------------------------------------------------------------------------

    async def _language(self, origin: Origin) -> str:
        """What the person chose or was last understood in, else what their Telegram is set to, else the inbox's."""
        known = await self._database.read(requesters.language, origin.sender)
        return known or origin.language or self._inbox.language

    def _tag(self, language: str) -> str:
        """Under which the adapter's own words are looked up."""
        return spoken(language, self._inbox.form_of_address)

    async def _answer(
        self, origin: Origin, text: str, keyboard: InlineKeyboardMarkup | None = None, reply_to: int | None = None
    ) -> None:
        """Say something that belongs to no ticket."""
        place = origin.place
        for part in render.split(text):
            await self._gently(
                self._client.send_message,
                place.chat_id,
                part,
                reply_markup=keyboard,
                message_thread_id=place.topic,
                reply_parameters=render.reply(place, reply_to),
                link_preview_options=render.NO_PREVIEW,
            )

    async def _gently(
        self, call: Callable[Arguments, Awaitable[object]], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> None:
        """Make a call that is worth a try, not a failure: what is refused for good is left.

        Raises what may be over the next time, so that the update comes again.
        """
        for _ in range(ATTEMPTS):
            try:
                await call(*args, **kwargs)
                return
            except RetryAfter as error:
                wait = wait_of(error).total_seconds()
                if wait > LONGEST_WAIT:
                    break
                await asyncio.sleep(wait)
            except (Forbidden, BadRequest) as error:
                log.info("answer_refused", inbox=self._inbox_id, reason=str(error)[:200])
                return
        log.warning("answer_not_sent", inbox=self._inbox_id, reason="Telegram asks to wait")


def _as_quote(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
