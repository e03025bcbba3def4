"""Slack's benches, by Socket Mode and by HTTP: people write to the app directly, in a Slack that repeats itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.slack.adapter import SlackAdapter
from channels.slack.channel import Slack
from channels.slack.configuration import SlackConfiguration
from core.inboxes.kinds import InboxSettings
from core.models import ArrivalRow, PromiseState
from tests.contract.bench import PATIENCE, Bench, Failure, File, Sent, Shown, until
from tests.contract.ground import Ground
from tests.fakes.http import serving
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack, RateLimited
from tests.fakes.slack_workspace import APP, VERIFICATION, Json, shown

PEOPLE = {"carla": "U0CARLA", "dora": "U0DORA"}


class SlackBench(Bench):
    has_buttons = True
    longest = 13_000
    secrets: tuple[str, ...] = (
        BOT_TOKEN,
        APP_TOKEN,
        SIGNING_SECRET,
        VERIFICATION,
        "ticket-of-the-socket",
        "response-0",
    )
    by_http = False

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.slack = FakeSlack()
        self._stack = AsyncExitStack()
        self._channel: Slack

    async def __aenter__(self) -> SlackBench:
        await self._stack.enter_async_context(self.slack)
        for name, user in PEOPLE.items():
            self.slack.add_user(user, name.title(), f"{name}@alpha.example")
        self._inbox_id = await self.ground.open_inbox("slack", APP)
        if self.by_http:
            app = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["POST"])])
            self.slack.events_url = await self._stack.enter_async_context(serving(app)) + f"/slack/{APP}/events"
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        await self._stack.aclose()

    async def _pass_on(self, request: Request) -> Response:
        """The desk's web server, which outlives an adapter."""
        [route] = self._channel.routes
        assert isinstance(route, Route)
        answer: Response = await route.endpoint(request)
        return answer

    async def _start(self) -> None:
        configuration = SlackConfiguration(
            app_id=APP,
            receive="http" if self.by_http else "socket",
            bot_token=SecretStr(BOT_TOKEN),
            app_token=SecretStr(APP_TOKEN),
            signing_secret=SecretStr(SIGNING_SECRET),
            api_url=self.slack.api_url,
        )
        inbox = InboxSettings(self._inbox_id, "slack", "Slack", "Service Desk", "de", configuration)
        self._channel = SlackAdapter().build(inbox, self.ground.surroundings("http://desk.example", "a secret"))
        connected = asyncio.Event()
        self._running = asyncio.create_task(self._channel.run(self.ground.receive, connected.set))
        await asyncio.wait_for(connected.wait(), PATIENCE)
        self.ground.deliver_through(self._channel)

    async def _stop(self) -> None:
        await self.ground.stop_delivering()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def restart(self) -> None:
        await self._stop()
        await self._start()

    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        put = [self.slack.file(file.name, file.media_type, file.content) for file in files]
        return Sent(person, self.slack.says(PEOPLE[person], "@", _escaped(text), files=put))

    async def settle(self) -> None:
        """Slack has been answered, and what was kept has been read, in time or when it was due again."""
        await self.slack.settle()
        pending = select(func.count(), func.max(ArrivalRow.due_at)).where(ArrivalRow.state == PromiseState.PENDING)

        async def look() -> bool:
            left, due = await self.ground.database.read(lambda session: session.execute(pending).one())
            if left and due > self.ground.clock.now():
                self.ground.clock.advance(seconds=(due - self.ground.clock.now()) / timedelta(seconds=1))
            return not left

        await until(look, "everything to be read")

    async def redeliver(self, sent: Sent) -> None:
        [first] = [one for one in self.slack.deliveries if one.payload["event"].get("ts") == sent.handle["ts"]][:1]
        self.slack.deliver("events_api", first.payload)
        await self.settle()

    async def edit(self, sent: Sent, text: str) -> None:
        self.slack.edits(sent.handle["channel"], sent.handle["ts"], _escaped(text))

    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        async def look() -> list[Json]:
            found = [one for one in self.slack.direct(PEOPLE[person]).messages if one.get("bot_id")]
            return found if len(found) >= count else []

        return [_shown(message) for message in await until(look, f"{count} messages to {person}")]

    async def press(self, shown: Shown, title: str, person: str = "carla") -> None:
        self.slack.presses(PEOPLE[person], self.slack.direct(PEOPLE[person]).id, shown.handle["ts"], title)

    def fail_next(self, failure: Failure) -> None:
        refusal: str | RateLimited = "503"
        if failure.permanent:
            refusal = "is_archived"
        elif failure.retry_after is not None:
            refusal = RateLimited(failure.retry_after)
        self.slack.failures["chat.postMessage"].append(refusal)


class SlackHttpBench(SlackBench):
    by_http = True


def _escaped(text: str) -> str:
    """As Slack passes on what a person typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shown(message: Json) -> Shown:
    buttons = [one for block in message.get("blocks", []) if block["type"] == "actions" for one in block["elements"]]
    titles = tuple(one["text"]["text"] for one in buttons)
    return Shown(shown(message), titles, tuple(file["name"] for file in message.get("files", [])), message)
