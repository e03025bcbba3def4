"""What an operation of the REST API is, and how it reads what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from bot.content import Content
from core.errors import InvalidInput
from web import outside

PAGE, LARGEST_PAGE = 50, 200
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
    """``filters`` are what may stand behind the question mark; a list ``is_paged`` unless it is short by nature.

    With ``is_file`` the answer is the content of the file that ``run`` finds.
    """

    method: str
    path: str
    scope: str
    summary: str
    run: Callable[[Session, Call], Any]
    out: type[BaseModel]
    value: type[BaseModel] | None = None
    is_list: bool = False
    is_paged: bool = True
    is_file: bool = False
    filters: tuple[str, ...] = ()
    status: int = 200

    def check(self, query: QueryParams) -> None:
        """Raises ``InvalidInput`` for what would be ignored: a filter of which everything would be the answer."""
        known = (*self.filters, *(("after", "limit") if self.is_list and self.is_paged else ()))
        for name, value in query.multi_items():
            if name not in known:
                offered = ", ".join(known) or "–"
                raise InvalidInput("There is no parameter {name} here. Known: {known}.", name, name=name, known=offered)
            if not value.strip():
                raise InvalidInput("The parameter {name} is empty. Leave it out, or give it a value.", name, name=name)
            if len(query.getlist(name)) > 1:
                raise InvalidInput("The parameter {name} may be given once only.", name, name=name)


def page(call: Call) -> tuple[int, int]:
    """(the id to go on after, how many)."""
    after, limit = call.query.get("after", "0"), call.query.get("limit", str(PAGE))
    cursor, most = outside.number(after), outside.number(limit)
    if cursor is None:
        raise InvalidInput("{name} must be a number.", "after", name="after")
    if most is None or not 1 <= most <= LARGEST_PAGE:
        raise InvalidInput("{name} must be a number from 1 to {most}.", "limit", name="limit", most=LARGEST_PAGE)
    return cursor, most


def number(call: Call, name: str) -> int | None:
    """An id to filter by, if one is given."""
    if name not in call.query:
        return None
    found = outside.number(call.query[name])
    if found is None:
        raise InvalidInput("{name} must be a number.", name, name=name)
    return found


def member(call: Call, name: str, of: type[E]) -> E | None:
    """One of the values of an enumeration to filter by, if one is given."""
    value = call.query.get(name)
    if value is None:
        return None
    if value not in [str(one) for one in of]:
        raise InvalidInput("{name} is one of {known}.", name, name=name, known=", ".join(of))
    return of(value)
