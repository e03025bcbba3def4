"""Knowledge: the articles, writing them, and the public pages requesters read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.frame import frame
from core import desk_settings
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.desk_settings import Standing
from core.errors import DeskError, InvalidInput, NotFound
from core.knowledge import articles, editing
from core.knowledge.articles import ArticleText
from core.models import Organization
from core.search.words import fold
from core.values import spoken
from web.languages import LANGUAGES, asked_for, explain
from web.markdown import IMAGES, html, image_type
from web.pages import Pages
from web.responses import status_of

LARGEST_IMAGE = 5_000_000
LONGEST = 100_000


class Knowledge:
    def __init__(self, database: Database, blobs: BlobStore, clock: Clock, pages: Pages, auth: Auth) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._pages = pages
        staff = auth.required
        self.routes: Sequence[BaseRoute] = [
            Route("/console/knowledge", staff(self._list), methods=["GET", "POST"]),
            Route("/console/knowledge/preview", staff(self._preview), methods=["POST"]),
            Route("/console/knowledge/images", staff(self._upload), methods=["POST"]),
            Route("/console/knowledge/{article:int}", staff(self._edit), methods=["GET", "POST"]),
            Route("/console/knowledge/{article:int}/versions/{version:int}", staff(self._version)),
            Route("/help", self._help),
            Route("/help/{article:int}", self._read),
            Route("/help/images/{sha256}", self._image),
        ]

    # -- for staff --------------------------------------------------------------------------------------------------

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        error, status = "", 200
        if request.method == "POST":
            try:
                article_id = await self._create(await request.form(), signed_in)
                return RedirectResponse(f"/console/knowledge/{article_id}", 303)
            except DeskError as mistake:
                error, status = explain(mistake, signed_in.agent.language), status_of(mistake)
        words, language = request.query_params.get("words", ""), request.query_params.get("language", "")
        found = await self._database.read(editing.overview)
        organizations = await self._database.read(_organizations)
        return self._pages.page(
            "knowledge.html",
            signed_in.agent.language,
            status,
            place=None,
            lines=[one for one in found if _has(words, one.title) and language in ("", one.language)],
            words=words,
            wanted=language,
            organizations=organizations,
            error=error,
            **await frame(self._database, signed_in, self._clock.now()),
        )

    async def _create(self, form: FormData, signed_in: SignedIn) -> int:
        organization = str(form.get("organization", ""))
        language = str(form.get("language", ""))
        return await self._database.write(
            editing.create,
            str(form.get("title", "")),
            language if language in LANGUAGES else signed_in.agent.language,
            int(organization) if organization.isdecimal() else None,
            str(form.get("key", ""))[:120],
            signed_in.agent.id,
            self._clock.now(),
        )

    async def _edit(self, request: Request, signed_in: SignedIn) -> Response:
        article_id, error, typed, status = request.path_params["article"], "", {}, 200
        if request.method == "POST":
            form = {key: str(value)[:LONGEST] for key, value in (await request.form()).items()}
            try:
                await self._database.write(_change, article_id, form, signed_in.agent.id, self._clock)
                return RedirectResponse(f"/console/knowledge/{article_id}", 303)
            except DeskError as mistake:
                error, typed, status = explain(mistake, signed_in.agent.language), form, status_of(mistake)
        opened = await self._database.read(editing.open_article, article_id)
        shown = opened.current or opened.article
        values = {name: typed.get(name, getattr(shown, name)) for name in ("title", "summary", "body")}
        return self._pages.page(
            "article.html",
            signed_in.agent.language,
            status,
            place=None,
            opened=opened,
            typed=values,
            preview=html(values["body"]),
            error=error,
            **await frame(self._database, signed_in, self._clock.now()),
        )

    async def _version(self, request: Request, signed_in: SignedIn) -> Response:
        opened = await self._database.read(editing.open_article, request.path_params["article"])
        version = next((one for one, _ in opened.versions if one.id == request.path_params["version"]), None)
        if version is None:
            raise NotFound("There is no such version.")
        return self._pages.page(
            "version.html",
            signed_in.agent.language,
            place=None,
            opened=opened,
            version=version,
            lines=editing.difference(version.body, opened.article.body),
            **await frame(self._database, signed_in, self._clock.now()),
        )

    async def _preview(self, request: Request, signed_in: SignedIn) -> Response:
        return HTMLResponse(html(str((await request.form()).get("body", ""))[:LONGEST]))

    async def _upload(self, request: Request, signed_in: SignedIn) -> Response:
        file = (await request.form()).get("file")
        content = await file.read(LARGEST_IMAGE + 1) if file is not None and not isinstance(file, str) else b""
        if len(content) > LARGEST_IMAGE or image_type(content) is None:
            raise InvalidInput("A picture must be PNG, JPEG, GIF or WebP, of at most 5 MB.")
        sha256 = await asyncio.to_thread(self._blobs.put, content)
        return JSONResponse({"markdown": f"![]({IMAGES}{sha256})"})

    # -- for everybody ----------------------------------------------------------------------------------------------

    async def _help(self, request: Request) -> Response:
        desk, found = await self._database.read(_for_everybody)
        wanted, accepted = request.query_params.get("lang", ""), request.headers.get("accept-language", "")
        language = asked_for(wanted, accepted, desk.default_language)
        words = request.query_params.get("words", "")
        shown = [
            one for one in found if one.language == language and _has(words, one.title, one.summary, *one.keywords)
        ]
        shown.sort(key=lambda one: fold(one.title))
        tag = spoken(language, desk.form_of_address)
        return self._pages.page("help.html", tag, found=shown, words=words, desk_name=desk.name)

    async def _read(self, request: Request) -> Response:
        article = await self._database.read(articles.find, request.path_params["article"], None)
        if article is None:
            raise NotFound("There is no such article.")
        desk, body = await self._database.read(desk_settings.of_desk), html(article.body)
        tag = spoken(article.language, desk.form_of_address)
        return self._pages.page("help_article.html", tag, article=article, body=body, desk_name=desk.name)

    async def _image(self, request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        if len(sha256) != 64 or not all(character in "0123456789abcdef" for character in sha256):
            raise NotFound("There is no such picture.")
        content = await asyncio.to_thread(self._blobs.get, sha256)
        media_type = image_type(content)
        if media_type is None:
            raise NotFound("There is no such picture.")
        return Response(
            content, media_type=media_type, headers={"cache-control": "public, max-age=31536000, immutable"}
        )


def _has(words: str, *texts: str) -> bool:
    """All the words stand in the texts."""
    text = fold(" ".join(texts))
    return all(word in text for word in fold(words).split())


def _for_everybody(session: Session) -> tuple[Standing, list[ArticleText]]:
    return desk_settings.of_desk(session), articles.visible(session, None)


def _organizations(session: Session) -> list[Organization]:
    return list(session.scalars(select(Organization).order_by(Organization.name)))


def _change(session: Session, article_id: int, form: dict[str, str], agent_id: int, clock: Clock) -> None:
    now = clock.now()
    if form.get("withdraw"):
        editing.withdraw(session, article_id, agent_id, now)
        return
    if form.get("version", "").isdecimal():
        editing.publish(session, int(form["version"]), agent_id, now)
        return
    version_id = editing.save_draft(
        session, article_id, form.get("title", ""), form.get("summary", ""), form.get("body", ""), agent_id, now
    )
    if form.get("publish"):
        editing.publish(session, version_id, agent_id, now)
