"""Where agents work: the lists, the search, the conversation and what one does to it. Works without the script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.content import Content
from bot.content import View as ContentView
from console import mails
from console.actions import ACTIONS
from console.auth import Auth, SignedIn
from console.frame import frame
from core import outbox, presence, replies
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, InvalidInput, NotFound
from core.knowledge import articles
from core.models import SavedView
from core.search import query as queries
from core.search.find import Hit, find
from core.tickets import lists, views
from core.tickets.lists import Row, View
from core.tickets.views import Detail
from core.values import ResolutionCode, Scale, Status, TicketKind
from web.languages import explain
from web.pages import Pages
from web.responses import status_of

HAND_CODES = [
    code for code in ResolutionCode if code not in (ResolutionCode.SELF_RESOLUTION, ResolutionCode.UNCONFIRMED)
]


@dataclass(frozen=True, slots=True)
class Place:
    """Which list stands on the left: a view, or a search."""

    view: View | None
    query: str = ""
    limit: int = lists.PAGE

    @property
    def suffix(self) -> str:
        """What links of this list carry, so that one comes back to it."""
        return urlencode({"q": self.query} if self.view is None else {"view": self.view})

    @property
    def address(self) -> str:
        return f"/console/search?{self.suffix}" if self.view is None else f"/console/views/{self.view}"


class Work:
    def __init__(
        self, database: Database, blobs: BlobStore, clock: Clock, content: Content, pages: Pages, auth: Auth
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._content = content
        self._pages = pages
        staff = auth.required
        ticket = "/console/tickets/{ticket:int}"
        self.routes: Sequence[BaseRoute] = [
            Route("/console", staff(self._home)),
            Route("/console/views/{view}", staff(self._list)),
            Route("/console/search", staff(self._search)),
            Route("/console/search", staff(self._save_search), methods=["POST"]),
            Route("/console/quarantine", staff(self._quarantine)),
            Route(ticket, staff(self._ticket)),
            Route(f"{ticket}/insert", staff(self._insert)),
            Route(f"{ticket}/files/{{file:int}}", staff(self._file)),
            Route(f"{ticket}/html/{{message:int}}", staff(self._html)),
            Route(f"{ticket}/undo/{{message:int}}", staff(self._undo), methods=["POST"]),
            Route(f"{ticket}/retry/{{message:int}}", staff(self._retry), methods=["POST"]),
            Route(f"{ticket}/{{action}}", staff(self._act), methods=["POST"]),
        ]

    # -- lists ------------------------------------------------------------------------------------------------------

    async def _home(self, request: Request, signed_in: SignedIn) -> Response:
        return RedirectResponse("/console/views/person", 303)

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        wanted = request.query_params.get("n", "")
        limit = min(int(wanted), lists.MOST) if wanted.isdecimal() else lists.PAGE
        return await self._render(request, signed_in, Place(_view(request.path_params["view"]), limit=limit), None)

    async def _search(self, request: Request, signed_in: SignedIn) -> Response:
        return await self._render(request, signed_in, Place(None, request.query_params.get("q", "")), None)

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

    async def _quarantine(self, request: Request, signed_in: SignedIn) -> Response:
        found = await self._database.read(lists.quarantined)
        values = await frame(self._database, signed_in, self._clock.now())
        return self._pages.page("quarantine.html", signed_in.agent.language, place=None, receipts=found, **values)

    async def _rows(self, place: Place, agent_id: int, language: str) -> tuple[list[Row], dict[int, Hit], str]:
        """The rows of a list, what a search found in them, and what is wrong with the search."""
        now = self._clock.now()
        if place.view is not None:
            return await self._database.read(lists.view_rows, place.view, agent_id, now, place.limit), {}, ""
        try:
            hits = await self._database.read(find, queries.read(place.query), agent_id, now)
        except InvalidInput as error:
            return [], {}, explain(error, language)
        return [hit.row for hit in hits], {hit.row.id: hit for hit in hits}, ""

    # -- the conversation -------------------------------------------------------------------------------------------

    async def _ticket(self, request: Request, signed_in: SignedIn) -> Response:
        ticket_id = request.path_params["ticket"]
        detail = await self._database.read(views.detail, ticket_id)
        if detail.unread_by(signed_in.agent.id):
            await self._database.write(lists.mark_read, ticket_id, signed_in.agent.id)
        return await self._render(request, signed_in, _place(request.query_params), detail)

    async def _render(
        self,
        request: Request,
        signed_in: SignedIn,
        place: Place,
        detail: Detail | None,
        error: str = "",
        typed: str = "",
        status: int = 200,
    ) -> Response:
        agent = signed_in.agent
        rows, hits, mistake = await self._rows(place, agent.id, agent.language)
        name = "parts.html" if request.headers.get("x-parts") else "desk.html"
        colleagues = []
        if detail is not None:
            colleagues = await self._database.read(presence.others, detail.ticket.id, agent.id, self._clock.now())
        organization = detail.organization.key if detail is not None and detail.organization is not None else None
        content = self._content.of(organization)
        return self._pages.page(
            name,
            agent.language,
            status,
            place=place,
            rows=rows,
            more=min(place.limit * 2, lists.MOST) if place.view and place.limit <= len(rows) < lists.MOST else 0,
            hits=hits,
            mistake=mistake,
            detail=detail,
            looking=colleagues,
            error=error,
            typed=typed,
            codes=HAND_CODES,
            kinds=list(TicketKind),
            scales=list(Scale),
            statuses=[Status.OPEN, Status.PENDING, Status.ON_HOLD],
            label=lambda intent: content.label(intent, agent.language) if intent else "",
            intents=sorted((content.label(key, agent.language), key) for key in content.intents),
            slot_label=lambda slot: _slot_label(content, slot, agent.language),
            flow=content.flow_for(detail.ticket.intent or "") if detail is not None else None,
            **await frame(self._database, signed_in, self._clock.now()),
        )

    async def _act(self, request: Request, signed_in: SignedIn) -> Response:
        """Run one action and come back to the ticket; on a mistake with everything typed still there."""
        ticket_id, name = request.path_params["ticket"], request.path_params["action"]
        form = {key: str(value) for key, value in (await request.form()).items()}
        place = _place(form)
        if name not in ACTIONS:
            raise NotFound("There is no such action.")
        try:
            await self._database.write(ACTIONS[name], ticket_id, signed_in.agent.id, form, self._clock.now())
        except DeskError as error:
            detail = await self._database.read(views.detail, ticket_id)
            message = explain(error, signed_in.agent.language)
            return await self._render(
                request, signed_in, place, detail, message, form.get("text", ""), status_of(error)
            )
        if form.get("next"):
            rows, _, _ = await self._rows(place, signed_in.agent.id, signed_in.agent.language)
            following = next((row.id for row in rows if row.id != ticket_id), None)
            if following is None:
                return RedirectResponse(place.address, 303)
            ticket_id = following
        return RedirectResponse(f"/console/tickets/{ticket_id}?{place.suffix}", 303)

    async def _insert(self, request: Request, signed_in: SignedIn) -> Response:
        """What could be said here: answers kept ready, and articles, in the ticket's language."""
        found = await self._database.read(
            _insertable, request.path_params["ticket"], request.query_params.get("q", ""), signed_in.agent.name
        )
        return JSONResponse([{"kind": kind, "title": title, "text": text} for kind, title, text in found])

    async def _retry(self, request: Request, signed_in: SignedIn) -> Response:
        ticket_id = request.path_params["ticket"]
        await self._database.write(outbox.retry, request.path_params["message"], self._clock.now())
        return RedirectResponse(f"/console/tickets/{ticket_id}", 303)

    async def _undo(self, request: Request, signed_in: SignedIn) -> Response:
        """Back into the field it came from."""
        ticket_id, place = request.path_params["ticket"], _place(await request.form())
        agent, message_id, typed, error, status = signed_in.agent, request.path_params["message"], "", "", 200
        try:
            typed = await self._database.write(outbox.undo, message_id, agent.id, self._clock.now())
        except DeskError as mistake:
            error, status = explain(mistake, signed_in.agent.language), status_of(mistake)
        detail = await self._database.read(views.detail, ticket_id)
        return await self._render(request, signed_in, place, detail, error, typed, status)

    async def _file(self, request: Request, signed_in: SignedIn) -> Response:
        file = await self._database.read(views.file_of, request.path_params["file"])
        content = await asyncio.to_thread(self._blobs.get, file.sha256)
        safe = file.media_type.startswith("image/") and file.media_type != "image/svg+xml"
        name = file.filename.encode("ascii", "replace").decode().replace('"', "'")
        return Response(
            content,
            media_type=file.media_type if safe else "application/octet-stream",
            headers={
                "content-disposition": f'{"inline" if safe else "attachment"}; filename="{name}"',
                "content-security-policy": "sandbox",
            },
        )

    async def _html(self, request: Request, signed_in: SignedIn) -> Response:
        """A mail's HTML, sanitised, alone in a sandbox; nothing is loaded from elsewhere."""
        html, pictures = await self._database.read(views.html_of, request.path_params["message"])
        cleaned = await asyncio.to_thread(mails.harmless, html, pictures, self._blobs.get)
        policy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
        page = f'<!doctype html><meta charset="utf-8"><body>{cleaned}'
        return HTMLResponse(page, headers={"content-security-policy": policy})


def _view(name: str) -> View:
    try:
        return View(name)
    except ValueError:
        raise NotFound("There is no such view.") from None


def _place(values: Any) -> Place:
    if query := values.get("q", ""):
        return Place(None, query)
    return Place(_view(values.get("view") or "person"))


def _slot_label(content: ContentView, slot: str, language: str) -> str:
    variants = content.responses.get(f"utter_label_{slot}")
    return variants[0].text[language] if variants else slot


def _keep_search(session: Session, name: str, query: str, agent_id: int | None) -> None:
    session.add(SavedView(name=name, query=query, agent_id=agent_id))


def _forget_search(session: Session, saved_id: int, agent_id: int) -> None:
    saved = session.get(SavedView, saved_id)
    if saved is not None and saved.agent_id in (None, agent_id):
        session.delete(saved)


def _insertable(session: Session, ticket_id: int, wanted: str, agent: str) -> list[tuple[str, str, str]]:
    """(kind, title, text), those first whose title has the words."""
    detail = views.detail(session, ticket_id)
    ticket, words = detail.ticket, wanted.casefold().split()
    found = [
        ("reply", one.title, one.text_de if ticket.language == "de" else one.text_en)
        for one in replies.offered(session, ticket.organization_id)
    ]
    found += [
        ("article", one.title, f"{one.title}\n\n{one.summary}\n\n{one.body}".strip())
        for one in articles.visible(session, ticket.organization_id)
        if one.language == ticket.language and (words or ticket.intent in one.intents)
    ]
    fitting = [one for one in found if all(word in f"{one[1]} {one[2]}".casefold() for word in words)]
    fitting.sort(key=lambda one: sum(word not in one[1].casefold() for word in words))
    name = detail.requester.name
    return [(kind, title, replies.filled(text, name, ticket.number, agent)) for kind, title, text in fitting[:20]]
