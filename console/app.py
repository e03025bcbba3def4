"""The staff's pages: lists, the conversation, and what one does to it. Every page works without the script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import nh3
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.content import Content
from bot.content import View as ContentView
from console import words
from console.actions import ACTIONS
from console.auth import Auth, SignedIn
from core import outbox
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, NotFound
from core.signals import Topic
from core.tickets import views
from core.tickets.views import Detail, View
from core.values import ResolutionCode, Scale, Status, TicketKind
from web.languages import translator
from web.pages import Pages
from web.responses import status_of

HERE = Path(__file__).parent
HEARTBEAT = 20.0
TITLES = {
    "status": words.STATUS,
    "kind": words.KIND,
    "scale": words.SCALE,
    "code": words.CODE,
    "channel": words.CHANNEL,
    "view": words.VIEW,
    "empty": words.EMPTY,
    "reason": words.REASON,
    "delivery": words.DELIVERY,
}
HAND_CODES = [
    code for code in ResolutionCode if code not in (ResolutionCode.SELF_RESOLUTION, ResolutionCode.UNCONFIRMED)
]


class Console:
    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        clock: Clock,
        content: Content,
        zone: ZoneInfo,
        secret: str,
        desk_name: str,
        default_language: str,
        secure_cookies: bool,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._content = content
        self._pages = Pages(HERE / "templates", zone, desk_name=desk_name, titles=TITLES, history=words.history)
        self._auth = Auth(database, clock, self._pages, secret, default_language, secure_cookies)
        staff = self._auth.required
        ticket = "/console/tickets/{ticket:int}"
        self.routes: Sequence[BaseRoute] = [
            Route("/console/login", self._auth.login, methods=["GET", "POST"]),
            Route("/console/logout", staff(self._auth.logout), methods=["POST"]),
            Route("/console", staff(self._home)),
            Route("/console/views/{view}", staff(self._list)),
            Route(ticket, staff(self._ticket)),
            Route(f"{ticket}/files/{{file:int}}", staff(self._file)),
            Route(f"{ticket}/html/{{message:int}}", staff(self._html)),
            Route(f"{ticket}/retry/{{message:int}}", staff(self._retry), methods=["POST"]),
            Route(f"{ticket}/{{action}}", staff(self._act), methods=["POST"]),
            WebSocketRoute("/console/live", self._live),
        ]

    async def _home(self, request: Request, signed_in: SignedIn) -> Response:
        return RedirectResponse("/console/views/person", 303)

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        view = _view(request.path_params["view"])
        return await self._render(request, signed_in, view, None)

    async def _ticket(self, request: Request, signed_in: SignedIn) -> Response:
        view = _view(request.query_params.get("view", "person"))
        detail = await self._database.read(views.detail, request.path_params["ticket"])
        return await self._render(request, signed_in, view, detail)

    async def _render(
        self,
        request: Request,
        signed_in: SignedIn,
        view: View,
        detail: Detail | None,
        error: str = "",
        typed: str = "",
        status: int = 200,
    ) -> Response:
        agent = signed_in.agent
        rows = await self._database.read(views.rows, view, agent.id)
        counts = await self._database.read(views.counts, agent.id)
        name = "parts.html" if request.headers.get("x-parts") else "desk.html"
        organization = detail.organization.key if detail is not None and detail.organization is not None else None
        content = self._content.of(organization)
        flow = content.flow_for(detail.ticket.intent or "") if detail is not None else None
        return self._pages.page(
            name,
            agent.language,
            status,
            me=agent,
            csrf=signed_in.csrf,
            view=view,
            views=list(View),
            counts=counts,
            rows=rows,
            detail=detail,
            now=self._clock.now(),
            error=error,
            typed=typed,
            codes=HAND_CODES,
            kinds=list(TicketKind),
            scales=list(Scale),
            statuses=[Status.OPEN, Status.PENDING, Status.ON_HOLD],
            label=lambda intent: content.label(intent, agent.language) if intent else "",
            slot_label=lambda slot: _slot_label(content, slot, agent.language),
            flow=flow,
        )

    async def _act(self, request: Request, signed_in: SignedIn) -> Response:
        """Run one action and come back to the ticket; on a mistake with everything typed still there."""
        ticket_id, name = request.path_params["ticket"], request.path_params["action"]
        form = {key: str(value) for key, value in (await request.form()).items()}
        view = _view(form.get("view", "person"))
        if name not in ACTIONS:
            raise NotFound("There is no such action.")
        try:
            await self._database.write(ACTIONS[name], ticket_id, signed_in.agent.id, form, self._clock.now())
        except DeskError as error:
            detail = await self._database.read(views.detail, ticket_id)
            message = translator(signed_in.agent.language)(str(error))
            return await self._render(request, signed_in, view, detail, message, form.get("text", ""), status_of(error))
        return RedirectResponse(f"/console/tickets/{ticket_id}?view={view}", 303)

    async def _retry(self, request: Request, signed_in: SignedIn) -> Response:
        ticket_id = request.path_params["ticket"]
        await self._database.write(outbox.retry, request.path_params["message"], self._clock.now())
        return RedirectResponse(f"/console/tickets/{ticket_id}", 303)

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
        html = await self._database.read(views.html_of, request.path_params["message"])
        cleaned = await asyncio.to_thread(nh3.clean, html)
        policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
        page = f'<!doctype html><meta charset="utf-8"><body>{cleaned}'
        return HTMLResponse(page, headers={"content-security-policy": policy})

    async def _live(self, socket: WebSocket) -> None:
        """Says which tickets moved; never content."""
        if await self._auth.who(socket) is None or not _same_origin(socket):
            await socket.close(4401)
            return
        await socket.accept()
        telling = asyncio.create_task(self._tell(socket))
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            telling.cancel()

    async def _tell(self, socket: WebSocket) -> None:
        with self._database.signals.subscribe(Topic.TICKET) as signals:
            await socket.send_json({"tickets": {}})
            while True:
                news = await signals.wait(HEARTBEAT)
                await socket.send_json({"tickets": {str(one.id): one.cursor for one in news}})


def _view(name: str) -> View:
    try:
        return View(name)
    except ValueError:
        raise NotFound("There is no such view.") from None


def _slot_label(content: ContentView, slot: str, language: str) -> str:
    variants = content.responses.get(f"utter_label_{slot}")
    return variants[0].text[language] if variants else slot


def _same_origin(socket: WebSocket) -> bool:
    """A browser always names the page's origin; another site's page must not listen in."""
    origin = socket.headers.get("origin", "")
    return not origin or origin.partition("://")[2] == socket.headers.get("host", "")
