"""Live sockets: so many for one person, told what is new, and closed when they say what they may not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from starlette.websockets import WebSocket

log = structlog.get_logger(__name__)

LARGEST_FRAME = 4096
"""Bytes; nobody has more to say on a socket here."""
UNEXPECTED, FAILED, CROWDED = 1008, 1011, 4429
"""Why a socket is closed (RFC 6455, 7.4): it said what it may not; something broke; newer ones took its place."""

Tell = Callable[[], Awaitable[None]]
Hear = Callable[[str], Awaitable[bool]]


class Sockets:
    """The sockets of one process, by whom they serve; of too many the oldest is closed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: dict[str, list[asyncio.Future[int]]] = {}

    async def serve(self, socket: WebSocket, who: str, tell: Tell, hear: Hear | None) -> None:
        """Accept a socket and ``tell`` until it goes. Every text goes to ``hear``, which says whether that may go on;
        without one the other side has nothing to say."""
        await socket.accept()
        leave: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        tasks = [leave, asyncio.ensure_future(_listen(socket, hear)), asyncio.ensure_future(_told(tell))]
        self._enter(who, leave)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            code = next(task.result() for task in tasks if task.done())
            if code:
                with suppress(RuntimeError, OSError):  # it went in the same moment
                    await socket.close(code)
        finally:
            for task in tasks:
                task.cancel()
            self._leave(who, leave)

    def _enter(self, who: str, leave: asyncio.Future[int]) -> None:
        mine = self._of.setdefault(who, [])
        mine.append(leave)
        if len(mine) > self._most:
            mine.pop(0).set_result(CROWDED)

    def _leave(self, who: str, leave: asyncio.Future[int]) -> None:
        mine = [one for one in self._of.pop(who, []) if one is not leave]
        if mine:
            self._of[who] = mine


async def _listen(socket: WebSocket, hear: Hear | None) -> int:
    """Until the other side goes (0), or says what it may not."""
    while True:
        message = await socket.receive()
        if message["type"] != "websocket.receive":
            return 0
        text = message.get("text")
        if hear is None or text is None or not await hear(text):
            return UNEXPECTED


async def _told(tell: Tell) -> int:
    try:
        await tell()
    except Exception as error:  # a socket that is told nothing any more must be opened anew
        log.info("socket_not_told", error=type(error).__name__)
    return FAILED
