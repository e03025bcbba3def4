"""Rendering pages: Jinja with autoescaping, the reader's language, dates and the asset links."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from core.values import language_of
from web.languages import translator

HERE = Path(__file__).parent


class Pages:
    """Templates of one room on top of the shared ones in ``web/templates``."""

    def __init__(self, folder: Path, **shared: Any) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(asset=asset, **shared)

    def text(self, name: str, tag: str, **values: Any) -> str:
        """A template as text, in a language or a form of it (``core.values.spoken``); ``zone`` among the values is the
        time zone of what ``when`` says."""
        language = language_of(tag)
        return self._environment.get_template(name).render(
            _=translator(tag), language=language, when=_when(language, values.get("zone", UTC)), **values
        )

    def page(self, name: str, tag: str, status: int = 200, **values: Any) -> Response:
        """A template as a page that no cache keeps."""
        headers = {"cache-control": "no-store", "content-language": language_of(tag)}
        return HTMLResponse(self.text(name, tag, **values), status, headers=headers)


def _when(language: str, zone: tzinfo) -> Any:
    def when(at: datetime, pattern: str = "short", now: datetime | None = None) -> str:
        """A moment in the desk's time zone; times in 24 hours in both languages. ``age``: the day unless today."""
        if pattern == "age" and now is not None:
            is_today = at.astimezone(zone).date() == now.astimezone(zone).date()
            pattern = "time" if is_today else "day"
        patterns = {
            "day": "dd.MM." if language == "de" else "d MMM",
            "short": "dd.MM.yyyy HH:mm" if language == "de" else "d MMM yyyy HH:mm",
            "time": "HH:mm",
        }
        return format_datetime(at.astimezone(zone), patterns[pattern], locale=language)

    return when


def assets() -> BaseRoute:
    """The static files that all pages share."""
    return Mount("/assets", StaticFiles(directory=HERE / "assets"))


@cache
def asset(name: str) -> str:
    """The address of a static file, with its content's hash so that caches never show an old one."""
    digest = hashlib.sha256((HERE / "assets" / name).read_bytes()).hexdigest()[:10]
    return f"/assets/{name}?v={digest}"
