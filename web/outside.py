"""What comes from outside, made safe to handle: texts that every database takes, numbers that every database knows."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

LARGEST_NUMBER = 2**31 - 1
"""The largest number that an id can have."""
LONGEST_NAME = 200
_CONTROLS = re.compile("[\0-\x1f\x7f\u2028-\u202e\u2066-\u2069]+")
"""What has no place in a name: controls, ends of lines, marks that turn the direction of writing."""


class _NumberInPath(IntegerConvertor):
    """``{…:int}`` in a route: a number that no row can have becomes the largest, which is looked for and not found."""

    def convert(self, value: str) -> int:
        found = number(value)
        return found if found is not None else LARGEST_NUMBER


register_url_convertor("int", _NumberInPath())


def number(value: object) -> int | None:
    """A number from 0 to ``LARGEST_NUMBER``, as digits or as JSON has it; None is whatever else was sent."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) <= 10 else None
    # ``True`` is an integer too.
    return value if type(value) is int and 0 <= value <= LARGEST_NUMBER else None


def clean(text: str) -> str:
    """Text that every database takes: without NUL and without halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode() if not text.isascii() else text.replace("\0", "")


def clean_all(value: Any) -> Any:
    """Plain data as JSON has it, with every text in it ``clean``."""
    match value:
        case str():
            return clean(value)
        case list():
            return [clean_all(one) for one in value]
        case dict():
            return {clean(key): clean_all(one) for key, one in value.items()}
        case _:
            return value


def file_name(text: str) -> str:
    """What a file is called, in one line and without the folders it came from; ``file`` if nothing is left."""
    bare = PurePosixPath(_CONTROLS.sub(" ", clean(text)).replace("\\", "/")).name
    return bare.strip()[:LONGEST_NAME] or "file"


async def read_form(request: Request) -> FormData:
    """The form of a request, with every text in it ``clean``."""
    form = await request.form()
    return FormData([(clean(key), clean(one) if isinstance(one, str) else one) for key, one in form.multi_items()])


class CleanAddresses:
    """Takes NUL out of every address, for no database can look for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            query: bytes = scope.get("query_string", b"")
            scope["path"], scope["query_string"] = scope["path"].replace("\0", ""), query.replace(b"%00", b"")
        await self._app(scope, receive, send)
