"""Pages on which staff set something: their own preferences, and the answers kept ready for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.forms import Filled, chosen_id, chosen_language, texts
from console.frame import PREFERENCES, frame
from core import replies, rights
from core.calls.people import TELEPHONE
from core.clock import Clock
from core.database import Database
from core.errors import DeskError
from core.models import Agent, CannedReply, Organization
from core.rights import Right
from web.outside import read_form
from web.pages import Pages


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
            form = await read_form(request)
            language = chosen_language(str(form.get("language", ""))) or signed_in.agent.language
            wanted: dict[str, Any] = {key: key in form for key in PREFERENCES}
            wanted[TELEPHONE] = str(form.get(TELEPHONE, "")).strip()[:200]
            await self._database.write(_prefer, signed_in.agent.id, language, wanted)
            return RedirectResponse("/console/me?saved=yes", 303)
        values = await frame(self._database, signed_in, self._clock.now())
        saved = bool(request.query_params.get("saved"))
        return self._pages.page("me.html", signed_in.agent.language, place=None, was_saved=saved, **values)

    async def _replies(self, request: Request, signed_in: SignedIn) -> Response:
        agent, filled, editing = signed_in.agent, Filled({}), request.query_params.get("edit", "")
        if request.method == "POST":
            form = texts(await read_form(request))
            try:
                await self._database.write(_change_reply, form, agent, self._clock)
                return RedirectResponse("/console/replies", 303)
            except DeskError as mistake:
                filled, editing = Filled.wrong(form, mistake, agent.language), form.get("id", "")
        found, organizations = await self._database.read(_read_replies, agent.id)
        chosen = next((one for one in found if str(one.id) == editing), None)
        if chosen is not None and not filled.values:
            filled = Filled(_values(chosen))
        return self._pages.page(
            "replies.html",
            agent.language,
            filled.status,
            place=None,
            replies=found,
            organizations=organizations,
            chosen=chosen,
            filled=filled,
            **await frame(self._database, signed_in, self._clock.now()),
        )


def _prefer(session: Session, agent_id: int, language: str, wanted: dict[str, Any]) -> None:
    agent = session.get_one(Agent, agent_id)
    agent.preferences = wanted
    agent.language = language


def _read_replies(session: Session, agent_id: int) -> tuple[list[CannedReply], list[tuple[int, str]]]:
    organizations = session.execute(select(Organization.id, Organization.name).order_by(Organization.name))
    return replies.everything(session, agent_id), [(id_, name) for id_, name in organizations]


def _values(reply: CannedReply) -> dict[str, str]:
    return {
        "title": reply.title,
        "text_de": reply.text_de,
        "text_en": reply.text_en,
        "organization": str(reply.organization_id or ""),
        "own": "yes" if reply.agent_id is not None else "",
    }


def _change_reply(session: Session, form: dict[str, str], agent: Agent, clock: Clock) -> None:
    """Write, change or remove one; who may not write for everybody writes for themselves."""
    reply_id = chosen_id(form.get("id", ""), "id")
    if form.get("remove") and reply_id is not None:
        replies.remove(session, reply_id, agent.id)
        return
    replies.save(
        session,
        reply_id,
        form.get("title", ""),
        form.get("text_de", ""),
        form.get("text_en", ""),
        chosen_id(form.get("organization", ""), "organization"),
        clock.now(),
        by=agent.id,
        own=form.get("own") == "yes" or not rights.may(agent.role, Right.SHARE),
    )
