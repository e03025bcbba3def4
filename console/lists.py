"""The lists agents work from: the views, what was searched for, and what is done to many tickets at once."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console import bulk
from console.auth import Auth, SignedIn
from console.bulk import Report
from console.forms import texts
from console.panes import Panes
from console.place import Place, place_of, place_of_view
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, InvalidInput, NotFound
from core.search import saved
from core.tickets import views
from web.languages import explain
from web.outside import number, read_form
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
        place = place_of_view(request.path_params["view"], request.query_params)
        return await self._panes.render(request, signed_in, place, None)

    async def _search(self, request: Request, signed_in: SignedIn) -> Response:
        return await self._panes.render(request, signed_in, Place(None, request.query_params.get("q", "")), None)

    async def _save_search(self, request: Request, signed_in: SignedIn) -> Response:
        form, agent_id = texts(await read_form(request)), signed_in.agent.id
        if (kept := number(form.get("remove", ""))) is not None:
            await self._database.write(saved.forget, kept, agent_id)
            return RedirectResponse("/console/views/person", 303)
        query = form.get("q", "")[: saved.LONGEST_QUERY]
        await self._database.write(saved.keep, form.get("name", ""), query, agent_id, "shared" in form)
        return RedirectResponse(Place(None, query).address, 303)

    async def _bulk(self, request: Request, signed_in: SignedIn) -> Response:
        """Run one action for every selected ticket; where it failed, with the reasons and those still selected."""
        agent, form = signed_in.agent, await read_form(request)
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
        ticket_id = number(open_ticket)
        detail = await self._database.read(views.detail, ticket_id) if ticket_id is not None else None
        return await self._panes.render(
            request, signed_in, place, detail, report=report, picked=frozenset(picked), status=status
        )


def _beside(place: Place, open_ticket: str, more: str) -> str:
    """The list again, beside the ticket that was open."""
    address = f"/console/tickets/{open_ticket}?{place.suffix}" if number(open_ticket) is not None else place.address
    return f"{address}{'&' if '?' in address else '?'}{more}"
