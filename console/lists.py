"""The lists agents work from: the views, what was searched for, and what is done to many tickets at once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console import bulk
from console.auth import Auth, SignedIn
from console.bulk import Report
from console.panes import Panes
from console.place import Place, limit_of, place_of, view_of
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, InvalidInput, NotFound
from core.models import SavedView
from core.search import query as queries
from core.tickets import views
from web.languages import explain
from web.responses import status_of


class Lists:
    def __init__(self, database: Database, clock: Clock, panes: Panes, auth: Auth) -> None:
        self._database = database
        self._clock = clock
        self._panes = panes
        staff = auth.required
        self.routes: Sequence[BaseRoute] = [
            Route("/console", staff(self._home)),
            Route("/console/views/{view}", staff(self._list)),
            Route("/console/search", staff(self._search)),
            Route("/console/search", staff(self._save_search), methods=["POST"]),
            Route("/console/bulk", staff(self._bulk), methods=["POST"]),
        ]

    async def _home(self, request: Request, signed_in: SignedIn) -> Response:
        return RedirectResponse("/console/views/person", 303)

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        place = Place(view_of(request.path_params["view"]), limit=limit_of(request.query_params.get("n", "")))
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

    async def _bulk(self, request: Request, signed_in: SignedIn) -> Response:
        """Run one action for every selected ticket; where it failed, with the reasons and those still selected."""
        agent, form = signed_in.agent, await request.form()
        filled = {key: str(value) for key, value in form.items()}
        place, action, open_ticket = place_of(filled), filled.get("action", ""), filled.get("open", "")
        if action and action not in bulk.BULK:
            raise NotFound("There is no such action.")
        picked: list[int] = []
        try:
            picked = bulk.chosen(form)
            if not action:
                raise InvalidInput("Choose what to do with the selected tickets.", "action")
            failed = await bulk.run(self._database, self._clock, action, picked, agent.id, filled)
            if not failed:
                return RedirectResponse(_beside(place, open_ticket, f"done={action}:{len(picked)}"), 303)
            report = await self._database.read(bulk.report, failed, len(picked), agent.id, agent.language, filled)
            picked, status = list(report.failed), 409
        except DeskError as error:
            report, status = Report(explain(error, agent.language), filled=filled), status_of(error)
        detail = await self._database.read(views.detail, int(open_ticket)) if open_ticket.isdecimal() else None
        return await self._panes.render(
            request, signed_in, place, detail, report=report, picked=frozenset(picked), status=status
        )


def _beside(place: Place, open_ticket: str, more: str) -> str:
    """The list again, beside the ticket that was open."""
    address = f"/console/tickets/{open_ticket}?{place.suffix}" if open_ticket.isdecimal() else place.address
    return f"{address}{'&' if '?' in address else '?'}{more}"


def _keep_search(session: Session, name: str, query: str, agent_id: int | None) -> None:
    session.add(SavedView(name=name, query=query, agent_id=agent_id))


def _forget_search(session: Session, saved_id: int, agent_id: int) -> None:
    saved = session.get(SavedView, saved_id)
    if saved is not None and saved.agent_id in (None, agent_id):
        session.delete(saved)
