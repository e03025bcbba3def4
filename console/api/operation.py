"""What an operation of the REST API is, and how it reads what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session

from bot.content import Content
from core.errors import InvalidInput

PAGE, LARGEST_PAGE = 50, 200
LARGEST_ID = 2**31 - 1
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: ``ids`` from the path, ``query`` from behind the question mark, ``value`` the checked body."""

    agent_id: int
    now: datetime
    ids: dict[str, int]
    query: dict[str, str]
    value: Any
    content: Content


@dataclass(frozen=True, slots=True)
class Operation:
    """``filters`` are what may stand behind the question mark; a list ``is_paged`` unless it is short by nature."""

    method: str
    path: str
    scope: str
    summary: str
    run: Callable[[Session, Call], Any]
    out: type[BaseModel]
    value: type[BaseModel] | None = None
    is_list: bool = False
    is_paged: bool = True
    filters: tuple[str, ...] = ()
    status: int = 200


def page(call: Call) -> tuple[int, int]:
    """(the id to go on after, how many)."""
    after, limit = call.query.get("after", "0"), call.query.get("limit", str(PAGE))
    if not _is_id(after) or not _is_id(limit) or not 1 <= int(limit) <= LARGEST_PAGE:
        raise InvalidInput("after is the cursor of the last page, limit a number from 1 to {most}.", most=LARGEST_PAGE)
    return int(after), int(limit)


def number(call: Call, name: str) -> int | None:
    """An id to filter by, if one is given."""
    value = call.query.get(name)
    if value is not None and not _is_id(value):
        raise InvalidInput("{name} must be a number.", name, name=name)
    return int(value) if value is not None else None


def member(call: Call, name: str, of: type[E]) -> E | None:
    """One of the values of an enumeration to filter by, if one is given."""
    value = call.query.get(name)
    if value is None:
        return None
    if value not in [str(one) for one in of]:
        raise InvalidInput("{name} is one of {known}.", name, name=name, known=", ".join(of))
    return of(value)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID)) and int(text) <= LARGEST_ID
