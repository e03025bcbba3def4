"""What was kept at the door, read: who wrote and what, with names and files, handed to the desk.

Everything here can be done again: messages are recognised by channel and time, and answers in Slack replace themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import replace

import structlog

from channels.base import DeliveryError, Receive
from channels.slack import files, mrkdwn, parse, render
from channels.slack.parse import Profile, Said, SlackFile, What
from channels.slack.staff import Staff
from channels.slack.workspace import Workspace
from core import arrivals, conversations, intake, revisions
from core.errors import DeskError
from core.promises import Arrived
from core.values import InboundMessage, Outcome, Receipt, ticket_number
from web.languages import translator

log = structlog.get_logger(__name__)


class Reader:
    """Reads the arrivals of one inbox."""

    def __init__(self, workspace: Workspace, staff: Staff, receive: Receive) -> None:
        self._workspace = workspace
        self._team = workspace.me.team_id
        self._web = workspace.web
        self._database = workspace.database
        self._clock = workspace.clock
        self._inbox_id = workspace.inbox.id
        self._staff = staff
        self._receive = receive

    async def read(self, arrived: Arrived) -> None:
        """Read one arrival, to the end. Raises ``DeliveryError``, for good if the desk can never accept it."""
        try:
            await self._read(arrived)
        except DeskError as error:
            raise DeliveryError(str(error), permanent=True) from None
        await self._database.write(arrivals.done, arrived, self._clock.now())

    async def _read(self, arrived: Arrived) -> None:
        match What(arrived.payload["what"]):
            case What.SAID:
                await self._said(arrived)
            case What.CHANGED:
                await self._changed(arrived)
            case What.DELETED:
                original = _key(arrived.payload["message"])
                await self._database.write(revisions.withdraw, self._inbox_id, original, self._clock.now())
            case What.PROGRAM:
                key, reason = _key(arrived.payload["message"]), "written by a program"
                await self._database.write(intake.ignore, self._inbox_id, key, reason, self._clock.now())
            case What.PRESSED:
                await self._pressed(arrived)
            case What.TAKEN_OVER:
                await self._staff.take_over(arrived.payload)
            case What.COMMAND:
                await self._commanded(arrived)
            case What.FILLED_IN:
                await self._filled_in(arrived)
            case What.SHORTCUT:
                await self._chosen(arrived)

    # -- messages ---------------------------------------------------------------------------------------------------

    async def _said(self, arrived: Arrived) -> None:
        message = await self._message(parse.said_in(arrived.payload["message"]), arrived)
        receipt = await self._receive(message)
        await _politely(self._show_typing(receipt, message), "typing")

    async def _changed(self, arrived: Arrived) -> None:
        kept = arrived.payload["message"]
        original = _key(kept)
        if (thread := await self._database.read(revisions.thread_of, self._inbox_id, original)) is None:
            return
        message = await self._message(parse.said_in(kept), arrived)
        key = f"{original}/{kept['edited']}"
        await self._receive(replace(message, dedupe_key=key, thread_key=thread, revises=original))

    async def _message(self, said: Said, arrived: Arrived) -> InboundMessage:
        workspace = self._workspace
        profile = await workspace.profile(said.user, arrived.attempts)
        text = await self._readable(mrkdwn.without_mention(said.text, workspace.me.user_id))
        fetched = await files.fetch(workspace, said.files, profile, arrived.attempts)
        key = parse.message_key(said.channel, said.ts)
        return InboundMessage(
            inbox_id=self._inbox_id,
            dedupe_key=key,
            external_id=key,
            sender=workspace.address(profile),
            text=text,
            received_at=arrived.received_at,
            thread_key=await self._thread(said),
            attachments=fetched.stored,
            placeholder=fetched.missing,
            language=profile.language,
            contact=workspace.contact(profile),
            contact_is_verified=workspace.vouches_for(profile),
            is_shared=not said.is_direct,
        )

    async def _readable(self, text: str) -> str:
        return mrkdwn.readable(text, await self._workspace.people.names(mrkdwn.mentioned(text), self._team))

    async def _thread(self, said: Said) -> str:
        """Where a message belongs. A thread in direct messages that is no conversation hangs on the one outside it."""
        if not said.is_direct:
            return parse.thread_key(self._team, said.channel, said.thread_ts or said.ts)
        key = parse.thread_key(self._team, said.channel, said.thread_ts)
        if said.thread_ts and await self._database.read(conversations.find, self._inbox_id, key) is None:
            return parse.thread_key(self._team, said.channel)
        return key

    async def _show_typing(self, receipt: Receipt, message: InboundMessage) -> None:
        """Only where an answer of the bot is on its way, and where Slack can show it: below a thread."""
        key = message.thread_key or ""
        channel, thread_ts = parse.place(key)
        if receipt.work_id is None or not thread_ts:
            return
        standings = await self._database.read(conversations.standings, self._inbox_id, key)
        if standings and standings[0].level == 0:
            _ = translator(message.language or self._workspace.inbox.language)
            await self._web.is_typing(channel, thread_ts, _("is writing …"))

    # -- buttons, commands, forms, shortcuts ------------------------------------------------------------------------

    async def _pressed(self, arrived: Arrived) -> None:
        """A choice is made once; after that it stands in the place of the buttons."""
        kept = arrived.payload
        channel, shown = kept["channel"], kept["message"]
        profile = await self._workspace.profile(kept["user"], arrived.attempts)
        root = str(shown.get("thread_ts") or ("" if parse.is_direct(channel) else shown["ts"]))
        receipt = await self._receive(
            InboundMessage(
                inbox_id=self._inbox_id,
                dedupe_key=f"{channel}/{shown['ts']}/pressed",
                sender=self._workspace.address(profile),
                text=kept["title"],
                received_at=arrived.received_at,
                thread_key=parse.thread_key(self._team, channel, root),
                language=profile.language,
                payload=kept["value"],
                is_shared=not parse.is_direct(channel),
            )
        )
        if receipt.outcome is Outcome.DUPLICATE and arrived.attempts == 1:
            # Another press came first, and writes what counted in the buttons' place.
            return
        blocks = render.answered(shown.get("blocks", []), kept["title"])
        update = self._web.update(channel, str(shown["ts"]), str(shown.get("text", "")), blocks)
        await _politely(update, "answer")

    async def _commanded(self, arrived: Arrived) -> None:
        kept = arrived.payload
        profile = await self._workspace.profile(kept["user"], arrived.attempts)
        receipt = await self._open(arrived, profile, kept["text"])
        await self._tell(kept["response_url"], receipt, profile)

    async def _filled_in(self, arrived: Arrived) -> None:
        kept = arrived.payload
        profile = await self._workspace.profile(kept["user"], arrived.attempts)
        # Unlike everything else, what is typed into a form comes as it is.
        await self._open(arrived, profile, mrkdwn.escape(kept["text"]), parse.files(kept["files"]))

    async def _chosen(self, arrived: Arrived) -> None:
        """*Make a ticket from this message*: its author is the requester; what a program wrote is the chooser's."""
        kept = arrived.payload
        said = parse.said_in(kept["message"])
        chooser = await self._workspace.profile(kept["by"], arrived.attempts)
        author = chooser
        if said.user and not kept["message"]["bot_id"]:
            author = await self._workspace.profile(said.user, arrived.attempts)
        made_by = "" if author.user_id == chooser.user_id else chooser.name
        if await self._web.can_write_in(said.channel):
            message = await self._message(replace(said, user=author.user_id), arrived)
            _ = translator(self._workspace.inbox.language)
            line = _("[Made a ticket by {name}]").format(name=made_by) if made_by else ""
            placeholder = "\n".join(part for part in (message.placeholder, line) if part)
            receipt = await self._receive(replace(message, placeholder=placeholder))
        else:
            _ = self._workspace.words_for(author)
            intro = _("{name} asked us to help you with this:").format(name=made_by) if made_by else ""
            receipt = await self._open(arrived, author, said.text, said.files, intro)
        await self._tell(kept["response_url"], receipt, chooser)

    async def _open(
        self, arrived: Arrived, profile: Profile, text: str, sent: tuple[SlackFile, ...] = (), intro: str = ""
    ) -> Receipt:
        """A request that stands in no conversation gets one: a thread in the person's direct messages."""
        workspace = self._workspace
        words = await self._readable(text)
        fetched = await files.fetch(workspace, sent, profile, arrived.attempts)
        return await self._receive(
            InboundMessage(
                inbox_id=self._inbox_id,
                dedupe_key=arrived.key,
                sender=workspace.address(profile),
                text=words,
                received_at=arrived.received_at,
                thread_key=await self._begin_thread(profile, words, intro),
                attachments=fetched.stored,
                placeholder=fetched.missing,
                language=profile.language,
                contact=workspace.contact(profile),
                contact_is_verified=workspace.vouches_for(profile),
            )
        )

    async def _begin_thread(self, profile: Profile, words: str, intro: str) -> str:
        """The thread's key. Where Slack does not let us write, the request is taken all the same."""
        _ = self._workspace.words_for(profile)
        try:
            channel = await self._web.direct(profile.user_id)
            root = await self._web.post(channel, "", render.quoted(intro or _("You wrote:"), words))
        except DeliveryError as error:
            if not error.permanent:
                raise
            return parse.thread_key(self._team, profile.user_id)
        return parse.thread_key(self._team, channel, root)

    async def _tell(self, response_url: str, receipt: Receipt, profile: Profile) -> None:
        """Say, to the one person who asked for it, which ticket it is."""
        if not response_url or receipt.ticket_id is None:
            return
        _ = self._workspace.words_for(profile)
        if receipt.outcome is Outcome.DUPLICATE:
            text = _("That is ticket {number} already.")
        else:
            text = _("That is ticket {number} now. The answer comes in the thread or as a direct message.")
        await _politely(self._web.answer(response_url, text.format(number=ticket_number(receipt.ticket_id))), "receipt")


def _key(message: Mapping[str, object]) -> str:
    return parse.message_key(str(message["channel"]), str(message["ts"]))


async def _politely(word: Awaitable[None], what: str) -> None:
    """What is only polite must not undo what counts: if Slack does not take it, the log knows."""
    try:
        await word
    except DeliveryError as error:
        log.info("slack_not_shown", what=what, reason=str(error))
