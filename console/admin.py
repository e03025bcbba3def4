"""What admins set up: staff, teams, customers, tokens. Each page is a table and one form."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console import words
from console.administration import Administration
from console.auth import SignedIn
from console.forms import chosen, chosen_id, chosen_language
from core import administration as use_cases
from core import staff, tokens
from core.errors import DeskError
from core.models import Agent, BusinessCalendar, Organization, Role, Team, TeamMember
from core.values import FormOfAddress
from web.languages import LANGUAGES, explain
from web.outside import number, read_form
from web.responses import status_of

Save = Callable[[FormData, SignedIn], Awaitable[str]]


class Admin:
    def __init__(self, administration: Administration) -> None:
        self._administration = administration
        self._database = administration.database
        self._clock = administration.clock
        self._saves: dict[str, Save] = {
            "staff": self._save_agent,
            "teams": self._save_team,
            "organizations": self._save_organization,
            "tokens": self._save_token,
        }
        self.routes: Sequence[BaseRoute] = [
            Route(f"/console/admin/{name}", administration.required(self._page), name=name, methods=["GET", "POST"])
            for name in self._saves
        ]

    async def _page(self, request: Request, signed_in: SignedIn) -> Response:
        """Show the page, or save its form and come back; on a mistake with everything typed still there."""
        name = request.url.path.rpartition("/")[2]
        error, told, status, form = "", "", 200, FormData()
        if request.method == "POST":
            form = await read_form(request)
            try:
                told = await self._saves[name](form, signed_in)
                if not told:
                    return RedirectResponse(request.url.path, 303)
            except DeskError as mistake:
                error, status = explain(mistake, signed_in.agent.language), status_of(mistake)
        values = await self._database.read(_everything)
        editing = request.query_params.get("edit", str(form.get("id", "")) if error else "")
        chosen = next((one for one in values[name] if hasattr(one, "id") and str(one.id) == editing), None)
        return await self._administration.page(
            signed_in,
            name,
            f"admin_{name}.html",
            status,
            chosen=chosen,
            form=form,
            error=error,
            told=told,
            roles=list(Role),
            role_texts=list(words.MAY.items()),
            scopes=tokens.SCOPES,
            forms=list(FormOfAddress),
            **values,
        )

    async def _save_agent(self, form: FormData, signed_in: SignedIn) -> str:
        agent_id, now = _id(form), self._clock.now()
        if agent_id is not None and form.get("active"):
            await self._database.write(use_cases.set_active, agent_id, form["active"] == "yes", now)
            return ""
        password = str(form.get("password", ""))
        hashed = await asyncio.to_thread(staff.hash_password, password) if password else None
        await self._database.write(
            use_cases.save_agent,
            agent_id,
            str(form.get("email", "")),
            str(form.get("name", "")),
            chosen(Role, str(form.get("role", "")), "role") or Role.AGENT,
            chosen_language(str(form.get("language", ""))) or LANGUAGES[0],
            [id_ for team in form.getlist("team") if (id_ := chosen_id(str(team), "team")) is not None],
            hashed,
            now,
        )
        return ""

    async def _save_team(self, form: FormData, signed_in: SignedIn) -> str:
        level, name = number(form.get("level", "")) or 0, str(form.get("name", ""))
        await self._database.write(use_cases.save_team, _id(form), name, level)
        return ""

    async def _save_organization(self, form: FormData, signed_in: SignedIn) -> str:
        domains = str(form.get("domains", "")).replace(",", " ").split()
        name, now = str(form.get("name", "")), self._clock.now()
        address = chosen(FormOfAddress, str(form.get("form_of_address", "")), "form_of_address")
        calendar = chosen_id(str(form.get("calendar", "")), "calendar")
        await self._database.write(use_cases.save_organization, _id(form), name, domains, address, now, calendar)
        return ""

    async def _save_token(self, form: FormData, signed_in: SignedIn) -> str:
        """A new token is told once, on the page that answers."""
        token_id, now = _id(form), self._clock.now()
        if token_id is not None:
            await self._database.write(tokens.revoke, token_id, now)
            return ""
        scopes = [str(scope) for scope in form.getlist("scope")]
        return await self._database.write(tokens.issue, str(form.get("name", "")), scopes, signed_in.agent.id, now)


def _id(form: FormData) -> int | None:
    return chosen_id(str(form.get("id", "")), "id")


def _everything(session: Session) -> dict[str, Any]:
    members: dict[int, set[int]] = {}
    for agent_id, team_id in session.execute(select(TeamMember.agent_id, TeamMember.team_id)):
        members.setdefault(agent_id, set()).add(team_id)
    return {
        "staff": list(session.scalars(select(Agent).order_by(Agent.active.desc(), Agent.name))),
        "teams": list(session.scalars(select(Team).order_by(Team.level, Team.name))),
        "organizations": list(session.scalars(select(Organization).order_by(Organization.name))),
        "tokens": tokens.everything(session),
        "members": members,
        "calendars": list(session.scalars(select(BusinessCalendar).order_by(BusinessCalendar.name))),
    }
