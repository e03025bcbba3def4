"""The telephone's bench: a telephone system that tells of calls by the webhook, and tries again until it is told 2xx.

What people send there is what they leave on an answering service: a missed call with words.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from channels.phone.adapter import PhoneAdapter
from channels.phone.channel import SIGNATURE
from channels.phone.configuration import PhoneConfiguration
from core.inboxes.kinds import InboxSettings
from tests.contract.bench import Bench, File, Sent, Shown
from tests.contract.ground import Ground
from tests.fakes.http import serving

SECRET = "nobody guesses this secret"
PEOPLE = {"carla": "030 1234567", "dora": "+43 1 5340660"}


def line(inbox_id: int, **settings: Any) -> InboxSettings[PhoneConfiguration]:
    """A line whose telephone system is known by a secret."""
    values = {"secret": SecretStr(SECRET), "provider": "webhook", "proof": "signature", "region": "DE", **settings}
    return InboxSettings(inbox_id, "phone", "Telefon", "Service Desk", "de", PhoneConfiguration(**values))


class PhoneBench(Bench):
    has_buttons = False
    can_refuse = False
    can_send = False
    has_files = False
    secrets: tuple[str, ...] = (SECRET, "the desk's own")

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._stack = AsyncExitStack()
        self._waiting: list[dict[str, Any]] = []
        self._keys = itertools.count(1)

    async def __aenter__(self) -> PhoneBench:
        self._inbox_id = await self.ground.open_inbox("phone", "main", can_send=False)
        app = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=["POST"])])
        self._url = await self._stack.enter_async_context(serving(app))
        self._client = await self._stack.enter_async_context(httpx.AsyncClient())
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()
        await self._stack.aclose()

    async def _start(self) -> None:
        self.channel = PhoneAdapter().build(line(self._inbox_id), self.ground.surroundings(self._url, "the desk's own"))
        connected = asyncio.Event()
        self._running = asyncio.create_task(self.channel.run(self.ground.receive, connected.set))
        await connected.wait()
        self.ground.deliver_through(self.channel)

    async def _stop(self) -> None:
        await self.ground.stop_delivering()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def restart(self) -> None:
        await self._stop()
        await self._start()

    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        if files:
            self._cannot("send files")
        ended = {"event": "hangup", "call": f"call-{next(self._keys)}", "from": PEOPLE[person], "text": text}
        self._waiting.append(ended)
        return Sent(person, ended)

    async def settle(self) -> None:
        while self._waiting:
            answer = await self._tell(self._waiting[0])
            if answer.is_success:
                del self._waiting[0]
            else:
                assert answer.status_code == 503

    async def redeliver(self, sent: Sent) -> None:
        assert (await self._tell(sent.handle)).is_success

    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        self._cannot("read")

    async def _tell(self, event: dict[str, Any]) -> httpx.Response:
        body = json.dumps(event).encode()
        signature = {SIGNATURE: f"sha256={line(0).configuration.sign(body)}"}
        return await self._client.post(f"{self._url}/phone/main", content=body, headers=signature)

    async def _pass_on(self, request: Request) -> Response:
        [route] = self.channel.routes
        assert isinstance(route, Route)
        match, child = route.matches(request.scope)
        assert match is Match.FULL
        request.scope.update(child)
        endpoint: Any = route.endpoint
        answer: Response = await endpoint(request)
        return answer
