"""What the pages of the administration have in common: who may see them, and what stands around them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from console.auth import Auth, Endpoint, SignedIn
from console.frame import frame
from core import rights
from core.clock import Clock
from core.database import Database
from core.rights import Right
from web.pages import Pages

PAGES = ("desk", "inboxes", "hours", "staff", "teams", "organizations", "tokens")


class Administration:
    def __init__(self, database: Database, clock: Clock, pages: Pages, auth: Auth) -> None:
        self.database = database
        self.clock = clock
        self._pages = pages
        self._auth = auth

    def required(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Only for admins."""

        async def guarded(request: Request, signed_in: SignedIn) -> Response:
            rights.require(signed_in.agent.role, Right.ADMINISTRATE)
            return await endpoint(request, signed_in)

        return self._auth.required(guarded)

    async def page(self, signed_in: SignedIn, name: str, template: str, status: int = 200, **values: Any) -> Response:
        """A page of the administration; ``name`` is the one of ``PAGES`` it belongs to."""
        return self._pages.page(
            template,
            signed_in.agent.language,
            status,
            place=None,
            pages=PAGES,
            page=name,
            **values,
            **await frame(self.database, signed_in, self.clock.now()),
        )
