"""Rendering pages: Jinja with autoescaping, the reader's language, dates and the asset links."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, tzinfo
from functools import cache, partial
from pathlib import Path
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

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
            _=translator(tag),
            language=language,
            when=_when(language, values.get("zone", UTC)),
            size=partial(size, language=language),
            **values,
        )

    def page(self, name: str, tag: str, status: int = 200, **values: Any) -> Response:
        """A template as a page that no cache keeps."""
        headers = {"cache-control": "no-store", "content-language": language_of(tag)}
        return HTMLResponse(self.text(name, tag, **values), status, headers=headers)


def _when(language: str, zone: tzinfo) -> Any:
    def when(at: datetime, pattern: str = "short", now: datetime | None = None) -> str:
        """A moment in the desk's time zone; times in 24 hours in both languages.

        ``age``: the day unless today; ``moment``: the day and the time, today the time alone.
        """
        if pattern in ("age", "moment") and now is not None:
            is_today = at.astimezone(zone).date() == now.astimezone(zone).date()
            pattern = "time" if is_today else {"age": "day", "moment": "short"}[pattern]
        patterns = {
            "day": "dd.MM." if language == "de" else "d MMM",
            "short": "dd.MM.yyyy HH:mm" if language == "de" else "d MMM yyyy HH:mm",
            "time": "HH:mm",
        }
        return format_datetime(at.astimezone(zone), patterns[pattern], locale=language)

    return when


def size(count: int, language: str) -> str:
    """A number of bytes as people say it: 640 bytes, 12 kB, 3.4 MB (in steps of 1000)."""
    if count < 1000:
        return f"{count} {translator(language)('bytes')}"
    for unit in ("kB", "MB"):
        if (value := count / 1000 ** (1 if unit == "kB" else 2)) < 999.5:
            return f"{format_decimal(round(value, 1) if value < 10 else round(value), locale=language)} {unit}"
    return f"{format_decimal(round(count / 1e9, 1), locale=language)} GB"


def assets() -> BaseRoute:
    """The static files that all pages share, compressed. An address names their content, so caches keep it for ever."""
    return Mount("/assets/{version}", _Assets(directory=HERE / "assets"), middleware=[Middleware(GZipMiddleware)])


class _Assets(StaticFiles):
    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        # While processes are being replaced, an old one is asked for the new one's files: that answer must not stay.
        is_ours = scope.get("path_params", {}).get("version") == _version()
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if is_ours else "no-cache"
        return response


@cache
def asset(name: str) -> str:
    """The address of a static file.

    All files share one version, made of what is in them, so that a script finds the modules beside it that it was
    written with.
    """
    if not (HERE / "assets" / name).is_file():
        raise FileNotFoundError(name)
    return f"/assets/{_version()}/{name}"


@cache
def _version() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in (HERE / "assets").rglob("*") if path.is_file()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]
