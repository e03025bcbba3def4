"""What a browser shows where there is no page, or where making it failed; programs are told the same in JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import DeskError
from web.languages import explain, preferred, translator
from web.pages import Pages
from web.responses import desk_problem, problem, status_of

log = structlog.get_logger(__name__)


class ErrorPages:
    """The handlers of everything that no endpoint answers itself."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.handlers: dict[Any, Callable[[Request, Exception], Any]] = {
            DeskError: self._desk_error,
            HTTPException: self._http_error,
            Exception: self._unexpected,
        }

    async def _desk_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, DeskError)
        if not _is_read_by_people(request):
            return await desk_problem(request, error)
        return self._page(request, status_of(error), explain(error, _language(request)))

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not _is_read_by_people(request):
            return problem(error.status_code, error.detail)
        _ = translator(_language(request))
        words = _("There is no page at this address. It may have been mistyped, or what stood here is gone.")
        return self._page(request, error.status_code, words)

    async def _unexpected(self, request: Request, error: Exception) -> Response:
        """The error goes on to the server, which logs it whole; the page shows nothing of it."""
        log.error("page_failed", path=request.url.path, error=type(error).__name__)
        _ = translator(_language(request))
        words = _("Something failed on our side. Please go back and try again; tell your administrator if it stays.")
        return self._page(request, 500, words) if _is_read_by_people(request) else problem(500, words)

    def _page(self, request: Request, status: int, message: str) -> Response:
        home = next((home for home in ("/console", "/help") if request.url.path.startswith(home)), "")
        values = {"desk_name": "Firstline", "message": message, "home": home}
        return self._pages.page("error.html", _language(request), status, **values)


def _language(request: Request) -> str:
    return preferred(request.headers.get("accept-language", ""), "en")


def _is_read_by_people(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
