"""The console's one socket: says which tickets moved and whether the quarantine or the telephone did, never what is in
them; hears where its agent looks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from console.auth import Auth
from core import presence
from core.clock import Clock
from core.database import Database
from core.signals import Topic
from web.limiting import Limiter
from web.sockets import Sockets

HEARTBEAT = 20.0
SOCKETS, FRAMES = 100, 1000
"""How many pages an agent may have open, and how often those may say within a minute where the agent looks."""


class Live:
    def __init__(self, database: Database, clock: Clock, auth: Auth) -> None:
        self._database = database
        self._clock = clock
        self._auth = auth
        self._sockets = Sockets(SOCKETS)
        self._limiter = Limiter()
        self.routes: Sequence[BaseRoute] = [WebSocketRoute("/console/live", self._live)]

    async def _live(self, socket: WebSocket) -> None:
        signed_in = await self._auth.who(socket)
        if signed_in is None or not _same_origin(socket):
            await socket.close(4401)
            return
        agent_id, looked = signed_in.agent.id, False

        async def hear(text: str) -> bool:
            nonlocal looked
            said = _read(text)
            if said is not None:
                looked = True
                await self._database.write(presence.look, agent_id, *said, self._clock.now())
            return self._limiter.per_minute("live", str(agent_id), FRAMES)

        try:
            await self._sockets.serve(socket, str(agent_id), lambda: self._tell(socket), hear)
        finally:
            if looked:
                await self._database.write(presence.look, agent_id, None, False, self._clock.now())

    async def _tell(self, socket: WebSocket) -> None:
        with self._database.signals.subscribe(Topic.TICKET, Topic.QUARANTINE, Topic.CALL) as signals:
            await socket.send_json({"tickets": {}})
            while True:
                news = await signals.wait(HEARTBEAT)
                said: dict[str, Any] = {
                    "tickets": {str(one.id): one.cursor for one in news if one.topic is Topic.TICKET}
                }
                if any(one.topic is Topic.QUARANTINE for one in news):
                    said["quarantine"] = True
                if any(one.topic is Topic.CALL for one in news):
                    said["calls"] = True
                await socket.send_json(said)


def _read(text: str) -> tuple[int | None, bool] | None:
    """What a page says of itself: ``{"viewing": ticket or null, "typing": bool}``. Anything else is not heard."""
    try:
        said = json.loads(text[:200])
        viewing, typing = said["viewing"], said["typing"]
    except (ValueError, KeyError, TypeError):
        return None
    if not (viewing is None or (isinstance(viewing, int) and 0 < viewing < 2**31)):
        return None
    return viewing, bool(typing)


def _same_origin(socket: WebSocket) -> bool:
    """A browser always names the page's origin; another site's page must not listen in."""
    origin = socket.headers.get("origin", "")
    return not origin or origin.partition("://")[2] == socket.headers.get("host", "")
