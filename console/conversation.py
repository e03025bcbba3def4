"""The conversation, and what one does to it. Works without the script."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.answers import letter
from console.actions import ACTIONS, Form
from console.auth import Auth, SignedIn
from console.forms import texts
from console.guide import Guide, stays_open
from console.panes import Panes
from console.place import place_of
from console.uploads import Uploads
from core import once, outbox, replies
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, NotFound
from core.knowledge import articles
from core.models import Agent
from core.tickets import lists, splitting, views
from core.values import Draft
from web.languages import explain
from web.outside import read_form
from web.responses import status_of


class Conversation:
    def __init__(
        self, database: Database, clock: Clock, panes: Panes, auth: Auth, guide: Guide, uploads: Uploads
    ) -> None:
        self._database = database
        self._clock = clock
        self._panes = panes
        self._uploads = uploads
        self._actions = {**ACTIONS, "guide": guide.act}
        staff = auth.required
        ticket = "/console/tickets/{ticket:int}"
        self.routes: Sequence[BaseRoute] = [
            Route("/console/colleagues", staff(self._colleagues)),
            Route(ticket, staff(self._ticket)),
            Route(f"{ticket}/insert", staff(self._insert)),
            Route(f"{ticket}/undo/{{message:int}}", staff(self._undo), methods=["POST"]),
            Route(f"{ticket}/retry/{{message:int}}", staff(self._retry), methods=["POST"]),
            Route(f"{ticket}/split/{{message:int}}", staff(self._split), methods=["POST"]),
            Route(f"{ticket}/{{action}}", staff(self._act), methods=["POST"]),
        ]

    async def _ticket(self, request: Request, signed_in: SignedIn) -> Response:
        ticket_id = request.path_params["ticket"]
        detail = await self._database.read(views.detail, ticket_id)
        is_seen = request.headers.get("x-parts") != "unseen"
        if is_seen and detail.unread_by(signed_in.agent.id):
            await self._database.write(lists.mark_read, ticket_id, signed_in.agent.id)
        return await self._panes.render(request, signed_in, place_of(request.query_params), detail)

    async def _act(self, request: Request, signed_in: SignedIn) -> Response:
        """Run one action and come back to the ticket; on a mistake with everything typed still there."""
        ticket_id, name = request.path_params["ticket"], request.path_params["action"]
        sent = await read_form(request)
        form = Form(texts(sent))
        place = place_of(form)
        if name not in self._actions:
            raise NotFound("There is no such action.")
        try:
            form.files = await self._uploads.of(sent)
            await self._database.write(self._run, name, ticket_id, signed_in.agent.id, form)
        except DeskError as error:
            detail = await self._database.read(views.detail, ticket_id)
            message = explain(error, signed_in.agent.language)
            return await self._panes.render(
                request,
                signed_in,
                place,
                detail,
                message,
                form.get("text", ""),
                name,
                status_of(error),
                files=self._uploads.carried(form.files),
                attempt={**form, "action": name},
            )
        if form.get("next"):
            rows, _, _ = await self._panes.rows(place, signed_in.agent.id, signed_in.agent.language)
            following = next((row.id for row in rows if row.id != ticket_id), None)
            if following is None:
                return RedirectResponse(place.address, 303)
            return RedirectResponse(f"/console/tickets/{following}?{place.suffix}", 303)
        here = f"#{'reply-text' if form.get('send') else 'guide'}" if name == "guide" else ""
        said = f"&said={name}" if name in ("reply", "note") else ""
        return RedirectResponse(f"/console/tickets/{ticket_id}?{place.suffix}{said}{stays_open(form, here)}", 303)

    def _run(self, session: Session, name: str, ticket_id: int, agent_id: int, form: Form) -> None:
        """The action of a form; with an id in it, once however often it is sent."""
        act, now = self._actions[name], self._clock.now()
        if not form.get("once") or once.is_first(session, agent_id, form.key(ticket_id, name), now):
            act(session, ticket_id, agent_id, form, now)

    async def _insert(self, request: Request, signed_in: SignedIn) -> Response:
        """What could be said here: answers kept ready, and articles, in the ticket's language."""
        found = await self._database.read(
            _insertable, request.path_params["ticket"], request.query_params.get("q", ""), signed_in.agent
        )
        return JSONResponse([{"title": title, "text": text, "key": key} for title, text, key in found])

    async def _colleagues(self, request: Request, signed_in: SignedIn) -> Response:
        """Who can be mentioned."""
        return JSONResponse(await self._database.read(_names, signed_in.agent.id))

    async def _retry(self, request: Request, signed_in: SignedIn) -> Response:
        ticket_id = request.path_params["ticket"]
        await self._database.write(outbox.retry, request.path_params["message"], self._clock.now())
        return RedirectResponse(f"/console/tickets/{ticket_id}", 303)

    async def _split(self, request: Request, signed_in: SignedIn) -> Response:
        """Make a message a ticket of its own, and go there."""
        ticket_id, place = request.path_params["ticket"], place_of(await request.form())
        agent, message_id = signed_in.agent, request.path_params["message"]
        try:
            ticket_id = await self._database.write(splitting.split, message_id, agent.id, self._clock.now())
        except DeskError as mistake:
            detail = await self._database.read(views.detail, ticket_id)
            error = explain(mistake, agent.language)
            return await self._panes.render(request, signed_in, place, detail, error, status=status_of(mistake))
        return RedirectResponse(f"/console/tickets/{ticket_id}?{place.suffix}", 303)

    async def _undo(self, request: Request, signed_in: SignedIn) -> Response:
        """Back into the field it came from."""
        ticket_id, place = request.path_params["ticket"], place_of(await read_form(request))
        agent, message_id, draft, error, status = signed_in.agent, request.path_params["message"], Draft(""), "", 200
        try:
            draft = await self._database.write(outbox.undo, message_id, agent.id, self._clock.now())
        except DeskError as mistake:
            error, status = explain(mistake, signed_in.agent.language), status_of(mistake)
        detail = await self._database.read(views.detail, ticket_id)
        files = self._uploads.carried(draft.attachments)
        return await self._panes.render(
            request, signed_in, place, detail, error, draft.text, status=status, files=files
        )


def _names(session: Session, but: int) -> list[str]:
    query = select(Agent.name).where(Agent.active, Agent.id != but).order_by(Agent.name).distinct()
    return list(session.scalars(query))


def _insertable(session: Session, ticket_id: int, wanted: str, agent: Agent) -> list[tuple[str, str, str]]:
    """(title, text, key of the article if it is one), those first whose title has the words."""
    detail = views.detail(session, ticket_id)
    ticket, words = detail.ticket, wanted.casefold().split()
    found = [
        (one.title, one.text_de if ticket.language == "de" else one.text_en, "")
        for one in replies.offered(session, ticket.organization_id, agent.id)
    ]
    found += [
        (one.title, letter(one), one.key)
        for one in articles.visible(session, ticket.organization_id)
        if one.language == ticket.language and (words or ticket.intent in one.intents)
    ]
    fitting = [one for one in found if all(word in f"{one[0]} {one[1]}".casefold() for word in words)]
    fitting.sort(key=lambda one: sum(word not in one[0].casefold() for word in words))
    name = detail.requester.name
    return [(title, replies.filled(text, name, ticket.number, agent.name), key) for title, text, key in fitting[:20]]
