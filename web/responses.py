"""What every HTTP answer has in common: security headers, problems in JSON, the size limit of a body."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import Conflict, DeskError, InvalidInput, NotAllowed, NotFound
from web.outside import clean_all

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; frame-src 'self'"
)
HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}

_STATUS: dict[type[DeskError], int] = {NotFound: 404, Conflict: 409, NotAllowed: 403, InvalidInput: 422}


class TooLarge(Exception):
    """A request's body is larger than allowed."""


class SecurityHeaders:
    """Adds the headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers += [
                    (name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in present
                ]
            await send(message)

        await self._app(scope, receive, with_headers)


def attachment(content: bytes, filename: str, media_type: str = "application/octet-stream") -> Response:
    """A file to be kept, under a name that may have any letters (RFC 6266, RFC 8187); never shown as a page."""
    return Response(content, media_type=media_type, headers=file_headers(filename, "attachment"))


def file_headers(filename: str, disposition: str) -> dict[str, str]:
    """What a file is called, and that nothing in it may run."""
    plain = re.sub(r"[^\w .()+-]", "_", filename.encode("ascii", "replace").decode())
    name = f"filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    return {"content-disposition": f"{disposition}; {name}", "content-security-policy": "sandbox"}


def problem(status: int, title: str, **more: Any) -> JSONResponse:
    """An error a program can read and a person can understand (RFC 9457)."""
    return JSONResponse({"title": title, "status": status, **more}, status, media_type="application/problem+json")


def status_of(error: DeskError) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


async def desk_problem(request: Request, error: Exception) -> Response:
    """The handler of ``DeskError`` for JSON endpoints."""
    assert isinstance(error, DeskError)
    return problem(status_of(error), str(error))


async def body(request: Request, limit: int) -> bytes:
    """The whole body. Raises ``TooLarge`` as soon as it is more than ``limit`` bytes."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(limit)
        parts.append(part)
    return b"".join(parts)


async def json_object(request: Request, limit: int = 64 * 1024) -> dict[str, Any]:
    """A JSON object, with every text in it ``clean``. Raises ``InvalidInput``."""
    try:
        value = clean_all(json.loads(await body(request, limit)))
    except TooLarge:
        raise InvalidInput("That is too much at once; at most {most} kB.", most=limit // 1024) from None
    except (ValueError, RecursionError):
        raise InvalidInput("The request is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidInput("The request must be a JSON object.")
    return value
