"""Telegram's benches, by long polling and by webhook, with a faithful Bot API on loopback at the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Literal

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from channels.telegram.adapter import TelegramAdapter
from channels.telegram.channel import Telegram
from channels.telegram.configuration import TelegramConfiguration
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from tests.contract.bench import Bench, Failure, File, Sent, Shown, until
from tests.contract.ground import Died, Ground
from tests.fakes.http import serving
from tests.fakes.telegram import FakeTelegram, Message, Person, Refused

TOKEN = "4711:AAF-the_secret_of_the_bot_0123456789"
PEOPLE = {"carla": Person(501, "Carla"), "dora": Person(502, "Dora")}


def bot_inbox(inbox_id: int, token: str, server: FakeTelegram, **settings: Any) -> InboxSettings[TelegramConfiguration]:
    configuration = TelegramConfiguration(token=SecretStr(token), **{"api_url": server.url, **settings})
    return InboxSettings(inbox_id, "telegram", "Telegram", "Service Desk", "de", configuration)


class TelegramBench(Bench):
    has_buttons = True
    longest = 4096
    secrets: tuple[str, ...] = (TOKEN, TOKEN.partition(":")[2], "the secret of the desk")
    way: Literal["polling", "webhook"] = "polling"

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.server = FakeTelegram()
        self.bot = self.server.add_bot(TOKEN)
        self._stack = AsyncExitStack()
        self._url = "http://desk.example"

    async def __aenter__(self) -> TelegramBench:
        await self._stack.enter_async_context(self.server)
        self._inbox_id = await self.ground.open_inbox("telegram", "4711")
        await self._open_the_door()
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        await self._stack.aclose()

    async def _open_the_door(self) -> None:
        """Nobody calls a bot that polls."""

    async def _start(self) -> None:
        ground = self.ground
        inbox = bot_inbox(self._inbox_id, TOKEN, self.server, receive=self.way)
        self.channel = TelegramAdapter().build(inbox, ground.surroundings(self._url, self.secrets[2]))
        connected = asyncio.Event()
        self._running = asyncio.create_task(self._supervise(self.channel, connected))
        await connected.wait()
        ground.deliver_through(self.channel)

    async def _supervise(self, channel: Telegram, connected: asyncio.Event) -> None:
        while True:
            try:
                await channel.run(self.ground.receive, connected.set)
            except (InboxProblem, Died):
                await asyncio.sleep(0.01)

    async def _stop(self) -> None:
        await self.ground.stop_delivering()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def restart(self) -> None:
        await self._stop()
        await self._start()

    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        if not files:
            return Sent(person, await self.bot.say(PEOPLE[person], text))
        [file] = files
        document = self.bot.file(file.content, file_name=file.name, mime_type=file.media_type)
        return Sent(person, await self.bot.say(PEOPLE[person], document=document, caption=text))

    async def settle(self) -> None:
        async def look() -> bool:
            return not self.bot.pending

        await until(look, "everything to be confirmed")

    async def redeliver(self, sent: Sent) -> None:
        await self.bot.push("message", sent.handle)
        await self.settle()

    async def edit(self, sent: Sent, text: str) -> None:
        await self.bot.edit(sent.handle, text)

    async def deliver_unsupported(self) -> None:
        await self.bot.say(PEOPLE["carla"], location={"latitude": 52.52, "longitude": 13.405})

    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        async def look() -> list[Message]:
            found = self.bot.to(PEOPLE[person])
            return found if len(found) >= count else []

        return [_shown(message) for message in await until(look, f"{count} messages to {person}")]

    async def press(self, shown: Shown, title: str, person: str = "carla") -> None:
        await self.bot.press(PEOPLE[person], shown.handle, title)

    def fail_next(self, failure: Failure) -> None:
        if failure.permanent:
            refused = Refused(403, "Forbidden: bot was blocked by the user")
        elif failure.retry_after is not None:
            seconds = failure.retry_after
            refused = Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        else:
            refused = Refused(502, "Bad Gateway")
        self.bot.refusals.append(refused)


class TelegramWebhookBench(TelegramBench):
    way = "webhook"

    async def _open_the_door(self) -> None:
        """The desk's web server, which outlives an adapter."""
        app = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["POST"])])
        self._url = await self._stack.enter_async_context(serving(app))

    async def _pass_on(self, request: Request) -> Response:
        [route] = self.channel.routes
        assert isinstance(route, Route)
        match, _ = route.matches(request.scope)
        assert match is Match.FULL
        endpoint: Any = route.endpoint
        answer: Response = await endpoint(request)
        return answer


def _shown(message: Message) -> Shown:
    titles = tuple(button["text"] for row in message.buttons for button in row)
    files = (message.file[0],) if message.file is not None else ()
    return Shown(message.text, titles, files, message)
