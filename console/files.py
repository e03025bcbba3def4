"""What came with a message: its files, and its HTML alone in a sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import nh3
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from console.auth import Auth, SignedIn
from core.blobs import BlobStore
from core.database import Database
from core.tickets import views


class Files:
    def __init__(self, database: Database, blobs: BlobStore, auth: Auth) -> None:
        self._database = database
        self._blobs = blobs
        ticket = "/console/tickets/{ticket:int}"
        self.routes: Sequence[BaseRoute] = [
            Route(f"{ticket}/files/{{file:int}}", auth.required(self._file)),
            Route(f"{ticket}/html/{{message:int}}", auth.required(self._html)),
        ]

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
