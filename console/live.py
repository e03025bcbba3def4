"""The console's one socket: says which tickets moved, never what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from console.auth import Auth
from core.database import Database
from core.signals import Topic

HEARTBEAT = 20.0


class Live:
    def __init__(self, database: Database, auth: Auth) -> None:
        self._database = database
        self._auth = auth
        self.routes: Sequence[BaseRoute] = [WebSocketRoute("/console/live", self._live)]

    async def _live(self, socket: WebSocket) -> None:
        if await self._auth.who(socket) is None or not _same_origin(socket):
            await socket.close(4401)
            return
        await socket.accept()
        telling = asyncio.create_task(self._tell(socket))
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            telling.cancel()

    async def _tell(self, socket: WebSocket) -> None:
        with self._database.signals.subscribe(Topic.TICKET) as signals:
            await socket.send_json({"tickets": {}})
            while True:
                news = await signals.wait(HEARTBEAT)
                await socket.send_json({"tickets": {str(one.id): one.cursor for one in news}})


def _same_origin(socket: WebSocket) -> bool:
    """A browser always names the page's origin; another site's page must not listen in."""
    origin = socket.headers.get("origin", "")
    return not origin or origin.partition("://")[2] == socket.headers.get("host", "")
