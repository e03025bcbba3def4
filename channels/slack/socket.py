"""Socket Mode: Slack hands in over a WebSocket that we open, so nothing of the desk need be reachable from outside.

Not the SDK's own client: that one hides a revoked token in its log and goes on for ever, and it tries an address again
that is good for one connection only. Source: https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import structlog
from slack_bolt import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest

from channels.base import DeliveryError
from channels.slack.client import Web
from channels.slack.door import Door
from channels.slack.errors import UNREACHABLE

log = structlog.get_logger(__name__)

HEARTBEAT = 10.0
"""Seconds between pings; without an answer the connection counts as lost."""
STEADY, LONGEST_PAUSE = 30.0, 30.0
"""A connection that lasted for so many seconds is followed at once by the next; shorter ones after a growing pause."""


class Socket:
    """One connection after the other: Slack ends each after some hours, and announces it shortly before."""

    def __init__(self, web: Web, app_token: str, door: Door, connected: Callable[[], None]) -> None:
        self._web = web
        self._app_token = app_token
        self._door = door
        self._connected = connected
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Until cancelled. Raises ``DeliveryError`` if there is no connection to be had."""
        pause = 0.0
        try:
            while True:
                socket = await self._open(session)
                opened = time.monotonic()
                over = asyncio.Event()
                # Slack announces the end: what is on its way there is still taken, and the next is opened meanwhile.
                self._start(self._listen(socket, over))
                await over.wait()
                pause = 0.0 if time.monotonic() - opened > STEADY else min(max(0.5, pause * 2), LONGEST_PAUSE)
                await asyncio.sleep(pause)
        finally:
            for task in self._tasks:
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        address = await self._web.socket_address(self._app_token)
        try:
            return await session.ws_connect(address, heartbeat=HEARTBEAT, max_msg_size=0)
        except (aiohttp.ClientError, OSError):
            # Its own text names the address, which is a key to the connection.
            raise DeliveryError(UNREACHABLE, permanent=False) from None

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, over: asyncio.Event) -> None:
        try:
            async with socket:
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._heard(socket, json.loads(message.data), over)
        finally:
            over.set()

    def _heard(self, socket: aiohttp.ClientWebSocketResponse, envelope: dict[str, Any], over: asyncio.Event) -> None:
        match envelope.get("type"):
            case "hello":
                self._connected()
            case "disconnect":
                log.info("slack_socket_renewed", reason=str(envelope.get("reason", "")))
                over.set()
            case _:
                if (request := SocketModeRequest.from_dict(envelope)) is not None:
                    self._start(self._take(socket, request))

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, request: SocketModeRequest) -> None:
        """Acknowledge what was taken; what was not, or is not heard any more, Slack delivers again."""
        taken = await self._door.take(request)
        if taken.status != 200:
            return
        answer: dict[str, Any] = {"envelope_id": request.envelope_id}
        if taken.body:
            answer["payload"] = _payload(taken)
        try:
            await socket.send_str(json.dumps(answer))
        except (aiohttp.ClientError, OSError):
            log.info("slack_socket_lost")


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # Slack delivers again what was not acknowledged; the text may hold what somebody wrote
        log.error("slack_socket_error", error=type(error).__name__)


def _payload(taken: BoltResponse) -> Any:
    is_json = taken.first_headers().get("content-type", "").startswith("application/json")
    return json.loads(taken.body) if is_json else {"text": taken.body}
