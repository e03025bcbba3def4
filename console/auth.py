"""Signing in: a session cookie, a token against forged forms, and a brake on guessing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from core import desk_settings, staff
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, NotAllowed
from core.models import Agent
from web.languages import asked_for, explain
from web.limiting import Limiter
from web.outside import read_form
from web.pages import Pages
from web.responses import status_of

COOKIE = "firstline_session"
GUESSES_PER_MINUTE = 10
"""Wrong passwords from one address; right ones do not count, since many sign in from one."""
GUESSES_AT_ONE = 30
"""Wrong passwords for one person, from anywhere: more than one address may try, or the person would be locked out."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks; ``csrf`` must come back with every form."""

    agent: Agent
    csrf: str


Endpoint = Callable[[Request, SignedIn], Awaitable[Response]]


class Auth:
    def __init__(self, database: Database, clock: Clock, pages: Pages, secret: str, secure: bool) -> None:
        self._database = database
        self._clock = clock
        self._pages = pages
        self._secret = secret.encode()
        self._secure = secure
        self._limiter = Limiter()

    async def who(self, connection: HTTPConnection) -> SignedIn | None:
        """The agent of this request or socket, if the session is valid."""
        token = connection.cookies.get(COOKIE, "")
        agent = await self._database.read(staff.signed_in, token, self._clock.now()) if token else None
        return SignedIn(agent, self._csrf(token)) if agent is not None else None

    def required(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        """Only for staff; a form must carry the session's token."""

        async def guarded(request: Request) -> Response:
            signed_in = await self.who(request)
            if signed_in is None:
                return RedirectResponse(f"/console/login?next={_page_of(request)}", 303)
            try:
                if request.method == "POST":
                    form = await read_form(request)
                    if not hmac.compare_digest(str(form.get("csrf", "")).encode(), signed_in.csrf.encode()):
                        raise NotAllowed("The form has expired. Please reload the page and try again.")
                return await endpoint(request, signed_in)
            except ClientDisconnect:
                # The page went on to another one before it had sent its form.
                return Response(status_code=400)
            except DeskError as error:
                language, desk = signed_in.agent.language, await self._database.read(desk_settings.of_desk)
                message = explain(error, language)
                shown = {"desk_name": desk.name, "message": message, "home": "/console"}
                return self._pages.page("error.html", language, status_of(error), **shown)

        return guarded

    async def login(self, request: Request) -> Response:
        desk = await self._database.read(desk_settings.of_desk)
        wanted, accepted = request.query_params.get("lang", ""), request.headers.get("accept-language", "")
        language = asked_for(wanted, accepted, desk.default_language)
        shown: dict[str, Any] = {"desk_name": desk.name, "target": _inside(request.query_params.get("next", ""))}
        if request.method == "GET":
            return self._pages.page("login.html", language, email="", error="", **shown)
        form = await read_form(request)
        email, password = str(form.get("email", ""))[:320], str(form.get("password", ""))[:1000]
        client = request.client.host if request.client is not None else ""
        guesser, account = ("guesser", client, GUESSES_PER_MINUTE), ("account", email.lower(), GUESSES_AT_ONE)
        if self._limiter.is_over(*guesser) or self._limiter.is_over(*account):
            return self._pages.page("login.html", language, 429, email=email, error="throttled", **shown)
        agent_id, password_hash = await self._database.read(staff.password_hash_of, email)
        if not await asyncio.to_thread(staff.fits, password_hash, password) or agent_id is None:
            self._limiter.per_minute(*guesser)
            self._limiter.per_minute(*account)
            return self._pages.page("login.html", language, 401, email=email, error="wrong", **shown)
        token = await self._database.write(staff.open_session, agent_id, self._clock.now())
        response = RedirectResponse(shown["target"], 303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(staff.SESSION.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )
        return response

    async def logout(self, request: Request, signed_in: SignedIn) -> Response:
        await self._database.write(staff.close_session, request.cookies.get(COOKIE, ""))
        response = RedirectResponse("/console/login", 303)
        response.delete_cookie(COOKIE)
        return response

    def _csrf(self, token: str) -> str:
        return hmac.new(self._secret, f"csrf:{token}".encode(), hashlib.sha256).hexdigest()


def _page_of(request: Request) -> str:
    """Where somebody is after they have signed in again: of a form that was sent, the page it stood on."""
    if request.method == "GET":
        return request.url.path
    came_from = urlsplit(request.headers.get("referer", ""))
    return came_from.path if came_from.netloc == request.url.netloc else "/console"


def _inside(target: str) -> str:
    """Only a page of the console: never another site."""
    return target if target.startswith("/console") and "//" not in target and "\\" not in target else "/console"
