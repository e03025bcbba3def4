"""The lists agents work from: the views, and what was searched for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.panes import Panes
from console.place import Place, view_of
from core.database import Database
from core.errors import InvalidInput
from core.models import SavedView
from core.search import query as queries
from core.tickets import lists


class Lists:
    def __init__(self, database: Database, panes: Panes, auth: Auth) -> None:
        self._database = database
        self._panes = panes
        staff = auth.required
        self.routes: Sequence[BaseRoute] = [
            Route("/console", staff(self._home)),
            Route("/console/views/{view}", staff(self._list)),
            Route("/console/search", staff(self._search)),
            Route("/console/search", staff(self._save_search), methods=["POST"]),
        ]

    async def _home(self, request: Request, signed_in: SignedIn) -> Response:
        return RedirectResponse("/console/views/person", 303)

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        wanted = request.query_params.get("n", "")
        limit = min(int(wanted), lists.MOST) if wanted.isdecimal() else lists.PAGE
        place = Place(view_of(request.path_params["view"]), limit=limit)
        return await self._panes.render(request, signed_in, place, None)

    async def _search(self, request: Request, signed_in: SignedIn) -> Response:
        return await self._panes.render(request, signed_in, Place(None, request.query_params.get("q", "")), None)

    async def _save_search(self, request: Request, signed_in: SignedIn) -> Response:
        form = await request.form()
        query, name = str(form.get("q", ""))[:500], str(form.get("name", "")).strip()[:80]
        if form.get("remove"):
            await self._database.write(_forget_search, int(str(form["remove"])), signed_in.agent.id)
            return RedirectResponse("/console/views/person", 303)
        if not name:
            raise InvalidInput("Give the view a name.", "name")
        queries.read(query)
        owner = None if form.get("shared") else signed_in.agent.id
        await self._database.write(_keep_search, name, query, owner)
        return RedirectResponse(Place(None, query).address, 303)


def _keep_search(session: Session, name: str, query: str, agent_id: int | None) -> None:
    session.add(SavedView(name=name, query=query, agent_id=agent_id))


def _forget_search(session: Session, saved_id: int, agent_id: int) -> None:
    saved = session.get(SavedView, saved_id)
    if saved is not None and saved.agent_id in (None, agent_id):
        session.delete(saved)
