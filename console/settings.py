"""Pages on which staff set something: their own preferences, and the answers kept ready for all."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.frame import PREFERENCES, frame
from core import replies
from core.clock import Clock
from core.database import Database
from core.errors import DeskError
from core.models import Agent, CannedReply, Organization
from web.languages import LANGUAGES, explain
from web.pages import Pages
from web.responses import status_of


class Settings:
    def __init__(self, database: Database, clock: Clock, pages: Pages, auth: Auth) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        staff = auth.required
        self.routes: Sequence[BaseRoute] = [
            Route("/console/me", staff(self._me), methods=["GET", "POST"]),
            Route("/console/replies", staff(self._replies), methods=["GET", "POST"]),
        ]

    async def _me(self, request: Request, signed_in: SignedIn) -> Response:
        if request.method == "POST":
            form = await request.form()
            language = str(form.get("language", ""))
            wanted = {key: key in form for key in PREFERENCES}
            await self._database.write(_prefer, signed_in.agent.id, language, wanted)
            return RedirectResponse("/console/me?saved=yes", 303)
        values = await frame(self._database, signed_in, self._clock.now())
        saved = bool(request.query_params.get("saved"))
        return self._pages.page("me.html", signed_in.agent.language, place=None, was_saved=saved, **values)

    async def _replies(self, request: Request, signed_in: SignedIn) -> Response:
        error, typed, status = "", {}, 200
        if request.method == "POST":
            form = {key: str(value) for key, value in (await request.form()).items()}
            try:
                await self._database.write(_change_reply, form, self._clock)
                return RedirectResponse("/console/replies", 303)
            except DeskError as problem:
                error, typed, status = explain(problem, signed_in.agent.language), form, status_of(problem)
        editing = request.query_params.get("edit", typed.get("id", ""))
        found, organizations = await self._database.read(_read_replies)
        chosen = next((one for one in found if str(one.id) == editing), None)
        return self._pages.page(
            "replies.html",
            signed_in.agent.language,
            status,
            place=None,
            replies=found,
            organizations=organizations,
            chosen=chosen,
            error=error,
            typed=typed,
            **await frame(self._database, signed_in, self._clock.now()),
        )


def _prefer(session: Session, agent_id: int, language: str, wanted: dict[str, bool]) -> None:
    agent = session.get_one(Agent, agent_id)
    agent.preferences = wanted
    if language in LANGUAGES:
        agent.language = language


def _read_replies(session: Session) -> tuple[list[CannedReply], list[Organization]]:
    return replies.everything(session), list(session.scalars(select(Organization).order_by(Organization.name)))


def _change_reply(session: Session, form: dict[str, str], clock: Clock) -> None:
    reply_id = int(form["id"]) if form.get("id", "").isdigit() else None
    if form.get("remove") and reply_id is not None:
        replies.remove(session, reply_id)
        return
    organization = form.get("organization", "")
    replies.save(
        session,
        reply_id,
        form.get("title", ""),
        form.get("text_de", ""),
        form.get("text_en", ""),
        int(organization) if organization.isdigit() else None,
        clock.now(),
    )
