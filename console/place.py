"""Which list stands on the left: a view, or a search. Every link and form of the panes carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from core.errors import NotFound
from core.tickets import lists
from core.tickets.lists import View


@dataclass(frozen=True, slots=True)
class Place:
    """``view`` None means the search ``query``; ``limit`` is how many rows are shown."""

    view: View | None
    query: str = ""
    limit: int = lists.PAGE

    @property
    def suffix(self) -> str:
        """What links of this list carry, so that one comes back to it."""
        return urlencode({"q": self.query} if self.view is None else {"view": self.view})

    @property
    def address(self) -> str:
        return f"/console/search?{self.suffix}" if self.view is None else f"/console/views/{self.view}"


def place_of(values: Any) -> Place:
    """The place that a form or an address names. Raises ``NotFound``."""
    if query := values.get("q", ""):
        return Place(None, query)
    return Place(view_of(values.get("view") or "person"))


def view_of(name: str) -> View:
    try:
        return View(name)
    except ValueError:
        raise NotFound("There is no such view.") from None
