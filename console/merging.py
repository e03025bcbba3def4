"""Merging a ticket from its page: what it may belong to, and the form that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.forms import texts
from console.panes import Panes
from console.place import place_of
from core import desk_settings
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, InvalidInput
from core.models import Organization, Ticket
from core.tickets import merging, views
from core.tickets.merging import Candidate
from core.values import spoken, ticket_id_from_number, ticket_number
from web.languages import explain, translator
from web.outside import number, read_form
from web.pages import Pages
from web.responses import status_of

FAREWELL = (
    "Your requests {number} and {target} belong together, so we have put them together. Everything goes on under "
    "{target}; you need not do anything, and an answer to this message reaches us."
)


class Merging:
    def __init__(self, database: Database, clock: Clock, panes: Panes, pages: Pages, auth: Auth) -> None:
        self._database = database
        self._clock = clock
        self._panes = panes
        self._pages = pages
        path = "/console/tickets/{ticket:int}/merge"
        self.routes: Sequence[BaseRoute] = [
            Route(path, auth.required(self._targets)),
            Route(path, auth.required(self._merge), methods=["POST"]),
        ]

    async def _targets(self, request: Request, signed_in: SignedIn) -> Response:
        """The part of the form that is found anew while somebody types."""
        agent, wanted = signed_in.agent, request.query_params.get("find", "")[:200]
        mistake, targets = "", list[Candidate]()
        try:
            targets = await self._database.read(
                merging.candidates, request.path_params["ticket"], wanted, agent.id, self._clock.now()
            )
        except InvalidInput as error:
            mistake = explain(error, agent.language)
        again = {"find": wanted}
        return self._pages.page("targets.html", agent.language, targets=targets, again=again, mistake_here=mistake)

    async def _merge(self, request: Request, signed_in: SignedIn) -> Response:
        """Merge, and go to the ticket that is left; on a mistake with everything typed still there."""
        ticket_id, agent = request.path_params["ticket"], signed_in.agent
        form = texts(await read_form(request))
        place = place_of(form)
        try:
            target_id = await self._database.write(_merge, ticket_id, agent.id, form, self._clock.now())
        except DeskError as error:
            detail = await self._database.read(views.detail, ticket_id)
            attempt = {**form, "action": "merge"}
            words = explain(error, agent.language)
            return await self._panes.render(
                request, signed_in, place, detail, words, status=status_of(error), attempt=attempt
            )
        return RedirectResponse(f"/console/tickets/{target_id}?{place.suffix}", 303)


def _merge(session: Session, ticket_id: int, agent_id: int, form: Mapping[str, str], now: datetime) -> int:
    target_id = _target(session, ticket_id, agent_id, form, now)
    farewell = _farewell(session, ticket_id, target_id) if form.get("tell") == "yes" else ""
    merging.merge(session, ticket_id, target_id, agent_id, now, farewell)
    return target_id


def _target(session: Session, ticket_id: int, agent_id: int, form: Mapping[str, str], now: datetime) -> int:
    """The ticket that was chosen, or the one whose number was typed, or the only one that fits what was typed."""
    if (chosen := number(form.get("target", ""))) is not None:
        return chosen
    wanted = form.get("find", "").strip()
    if (typed := ticket_id_from_number(wanted)) is not None:
        return typed
    found = merging.candidates(session, ticket_id, wanted, agent_id, now) if wanted else []
    if len(found) != 1:
        raise InvalidInput("Choose the ticket that this one belongs to.", "target")
    return found[0].id


def _farewell(session: Session, ticket_id: int, target_id: int) -> str:
    """What the requester is told, in the ticket's language and their form of address."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        return ""
    customer = session.get(Organization, ticket.organization_id) if ticket.organization_id is not None else None
    form = customer.form_of_address if customer is not None else None
    tag = spoken(ticket.language, form or desk_settings.of_desk(session).form_of_address)
    return translator(tag)(FAREWELL).format(number=ticket.number, target=ticket_number(target_id))
