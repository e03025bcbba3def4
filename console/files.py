"""What came with a message: its files, and its HTML alone in a sandbox."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Sequence
from pathlib import PurePath

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from console import mails
from console.auth import Auth, SignedIn
from core.blobs import BlobStore
from core.database import Database
from core.errors import InvalidInput
from core.models import Attachment
from core.tickets import views
from core.values import ticket_number
from web.languages import translator
from web.responses import attachment, file_headers

SHOWN = 200_000
"""How many bytes of a text are shown; the rest is in the download."""
_TEXTS = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml", "message/rfc822"})
_ENDINGS = frozenset({".txt", ".log", ".csv", ".json", ".xml", ".yml", ".yaml", ".ini", ".conf", ".md", ".eml", ".ics"})
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def preview(file: Attachment) -> str:
    """How a file can be looked at in its place: ``picture``, ``pdf``, ``text``, or not (empty)."""
    ending = PurePath(file.filename.lower()).suffix
    if file.media_type in mails.PICTURES:
        return "picture"
    if file.media_type == "application/pdf" or (file.media_type == "application/octet-stream" and ending == ".pdf"):
        return "pdf"
    if file.media_type.startswith("text/") or file.media_type in _TEXTS or ending in _ENDINGS:
        return "text"
    return ""


class Files:
    def __init__(self, database: Database, blobs: BlobStore, auth: Auth) -> None:
        self._database = database
        self._blobs = blobs
        file = "/console/tickets/{ticket:int}/files/{file:int}"
        self.routes: Sequence[BaseRoute] = [
            Route(file, auth.required(self._file)),
            Route(f"{file}/pdf", auth.required(self._pdf)),
            Route(f"{file}/text", auth.required(self._text)),
            Route("/console/tickets/{ticket:int}/html/{message:int}", auth.required(self._html)),
            Route("/console/tickets/{ticket:int}/original/{message:int}", auth.required(self._original)),
        ]

    async def _file(self, request: Request, signed_in: SignedIn) -> Response:
        """A picture to look at; anything else to be kept."""
        file, content = await self._read(request)
        if file.media_type not in mails.PICTURES:
            return attachment(content, file.filename)
        return Response(content, media_type=file.media_type, headers=file_headers(file.filename, "inline"))

    async def _pdf(self, request: Request, signed_in: SignedIn) -> Response:
        """A PDF in the browser's own viewer, which runs nothing of it here: the answer itself is a sandbox."""
        file, content = await self._read(request)
        # Readers accept the mark within the first 1024 bytes; what has none is something else under that name.
        if preview(file) != "pdf" or b"%PDF-" not in content[:1024]:
            raise InvalidInput("This file is no PDF. Download it to look at it.")
        headers = file_headers(file.filename, "inline")
        headers["content-security-policy"] = "sandbox; default-src 'none'; frame-ancestors 'self'"
        return Response(content, media_type="application/pdf", headers=headers)

    async def _text(self, request: Request, signed_in: SignedIn) -> Response:
        """The beginning of a text, as plain text whatever it calls itself."""
        file, content = await self._read(request)
        if preview(file) != "text":
            raise InvalidInput("This file is no text. Download it to look at it.")
        text = decoded(content[:SHOWN])
        if len(content) > SHOWN:
            note = "Only the beginning is shown; the download has all of it."
            text += "\n\n… " + translator(signed_in.agent.language)(note)
        return PlainTextResponse(text, headers={"content-security-policy": "sandbox; default-src 'none'"})

    async def _html(self, request: Request, signed_in: SignedIn) -> Response:
        """A mail's HTML, sanitised, alone in a sandbox; nothing is loaded from elsewhere, but pictures if one asks."""
        html, pictures = await self._database.read(views.html_of, request.path_params["message"])
        cleaned = await asyncio.to_thread(mails.harmless, html, pictures, self._blobs.get)
        pictures_from = "data: https: http:" if "pictures" in request.query_params else "data:"
        policy = (
            f"sandbox; default-src 'none'; img-src {pictures_from}; style-src 'unsafe-inline'; frame-ancestors 'self'"
        )
        page = f'<!doctype html><meta charset="utf-8"><body>{cleaned}'
        return HTMLResponse(page, headers={"content-security-policy": policy, "referrer-policy": "no-referrer"})

    async def _original(self, request: Request, signed_in: SignedIn) -> Response:
        """A mail exactly as it came, to be kept or looked at in a mail program."""
        message_id = request.path_params["message"]
        raw, sha256 = await self._database.read(views.original_of, message_id)
        content = raw if raw is not None else await asyncio.to_thread(self._blobs.get, sha256 or "")
        return attachment(content, f"{ticket_number(request.path_params['ticket'])}-{message_id}.eml")

    async def _read(self, request: Request) -> tuple[Attachment, bytes]:
        file = await self._database.read(views.file_of, request.path_params["file"])
        return file, await asyncio.to_thread(self._blobs.get, file.sha256)


def decoded(content: bytes) -> str:
    """Bytes as text: by their mark, else UTF-8, else Windows-1252. A character cut in two at the end is left out."""
    for mark, charset in _MARKS:
        if content.startswith(mark):
            return content.decode(charset, "replace")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
