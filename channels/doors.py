"""What inboxes serve over HTTP, as they are at the moment of each request."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from channels.supervisor import Supervisor
from web.responses import problem

_FOUND = "firstline.door"
_ANYBODY = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-allow-methods": "GET, POST",
}
"""That an inbox is paused may be read by any page, so that a widget can say so."""
TRY_AGAIN_AFTER = 60


class Doors(BaseRoute):
    """One route that stands for those of all inboxes. A paused one answers 503, so that whoever calls comes back."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        partial: tuple[Match, Scope] = (Match.NONE, {})
        for channel, is_active in self._supervisor.doors():
            for route in channel.routes:
                match, child = route.matches(scope)
                if match is not Match.NONE and not is_active:
                    return Match.FULL, {_FOUND: None}
                if match is Match.FULL:
                    return match, {**child, _FOUND: route}
                if match is Match.PARTIAL and partial[0] is Match.NONE:
                    partial = match, {**child, _FOUND: route}
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route: BaseRoute | None = scope[_FOUND]
        if route is not None:
            await route.handle(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1013)(scope, receive, send)
        else:
            await _paused(scope["method"])(scope, receive, send)


def _paused(method: str) -> Response:
    if method == "OPTIONS":
        return Response(status_code=204, headers=_ANYBODY)
    answer = problem(503, "This inbox is paused right now. Please try again later.")
    answer.headers.update(_ANYBODY | {"retry-after": str(TRY_AGAIN_AFTER)})
    return answer
