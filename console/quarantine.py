"""What arrived and could not be read: why, what it looks like, and what to do with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from console.frame import frame
from core import quarantine
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, NotFound
from web.languages import explain
from web.outside import read_form
from web.pages import Pages
from web.responses import attachment, status_of

SHOWN = 200_000
"""How many bytes of a mail's source are shown; the rest is in the download."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that would hide or turn around what stands there."""


class Quarantine:
    def __init__(self, database: Database, blobs: BlobStore, clock: Clock, pages: Pages, auth: Auth) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._pages = pages
        one = "/console/quarantine/{receipt:int}"
        self.routes: Sequence[BaseRoute] = [
            Route("/console/quarantine", auth.required(self._list)),
            Route("/console/quarantine/again", auth.required(self._all_again), methods=["POST"]),
            Route(one, auth.required(self._one)),
            Route(f"{one}/raw", auth.required(self._raw)),
            Route(f"{one}/{{action}}", auth.required(self._act), methods=["POST"]),
        ]

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        waiting = await self._database.read(quarantine.waiting)
        discarded = await self._database.read(quarantine.discarded)
        return await self._page("quarantine.html", signed_in, 200, waiting=waiting, discarded=discarded)

    async def _one(self, request: Request, signed_in: SignedIn) -> Response:
        return await self._show(request.path_params["receipt"], signed_in)

    async def _show(
        self, receipt_id: int, signed_in: SignedIn, error: str = "", typed: str = "", status: int = 200
    ) -> Response:
        aside = await self._database.read(quarantine.one, receipt_id)
        try:
            source, lost = await self._source(receipt_id), ""
        except NotFound as problem:
            source, lost = b"", explain(problem, signed_in.agent.language)
        return await self._page(
            "quarantined.html",
            signed_in,
            status,
            aside=aside,
            source=readable(source[:SHOWN]),
            is_cut=len(source) > SHOWN,
            lost=lost,
            error=error,
            typed=typed,
        )

    async def _raw(self, request: Request, signed_in: SignedIn) -> Response:
        receipt_id = request.path_params["receipt"]
        aside = await self._database.read(quarantine.one, receipt_id)
        return attachment(await self._source(receipt_id), aside.file or f"mail-{receipt_id}.eml")

    async def _act(self, request: Request, signed_in: SignedIn) -> Response:
        receipt_id, action = request.path_params["receipt"], request.path_params["action"]
        reason, now = str((await read_form(request)).get("reason", "")), self._clock.now()
        try:
            match action:
                case "again":
                    await self._database.write(quarantine.read_again, receipt_id, now)
                case "discard":
                    await self._database.write(quarantine.discard, receipt_id, signed_in.agent.id, reason, now)
                case "restore":
                    await self._database.write(quarantine.restore, receipt_id)
                case _:
                    raise NotFound("There is no such action.")
        except DeskError as error:
            message = explain(error, signed_in.agent.language)
            return await self._show(receipt_id, signed_in, message, reason, status_of(error))
        address = "/console/quarantine" if action == "discard" else f"/console/quarantine/{receipt_id}"
        return RedirectResponse(address, 303)

    async def _all_again(self, request: Request, signed_in: SignedIn) -> Response:
        await self._database.write(quarantine.read_all_again, self._clock.now())
        return RedirectResponse("/console/quarantine", 303)

    async def _source(self, receipt_id: int) -> bytes:
        raw, sha256 = await self._database.read(quarantine.original, receipt_id)
        return raw if raw is not None else await asyncio.to_thread(self._blobs.get, sha256 or "")

    async def _page(self, template: str, signed_in: SignedIn, status: int, **values: Any) -> Response:
        around = await frame(self._database, signed_in, self._clock.now())
        return self._pages.page(
            template, signed_in.agent.language, status, place=None, here="quarantine", **values, **around
        )


def readable(source: bytes) -> str:
    """A mail's source as text in which nothing is hidden: what cannot be shown is a replacement character."""
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError:
        text = source.decode("cp1252", "replace")
    return _UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))
