"""What arrived and could not be read."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.frame import frame
from core.clock import Clock
from core.database import Database
from core.tickets import lists
from web.pages import Pages


class Quarantine:
    def __init__(self, database: Database, clock: Clock, pages: Pages, auth: Auth) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self.routes: Sequence[BaseRoute] = [Route("/console/quarantine", auth.required(self._page))]

    async def _page(self, request: Request, signed_in: SignedIn) -> Response:
        found = await self._database.read(lists.quarantined)
        values = await frame(self._database, signed_in, self._clock.now())
        return self._pages.page("quarantine.html", signed_in.agent.language, place=None, receipts=found, **values)
