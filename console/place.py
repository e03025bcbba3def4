"""Which list stands on the left: a view, or a search. Every link and form of the panes carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from core.errors import NotFound
from core.tickets import lists
from core.tickets.lists import View
from web.outside import number


@dataclass(frozen=True, slots=True)
class Place:
    """``view`` None means the search ``query``; ``limit`` is how many rows are shown; ``team`` is one of all teams'."""

    view: View | None
    query: str = ""
    limit: int = lists.PAGE
    team: str = ""

    @property
    def key(self) -> str:
        """The list, however much of it is shown."""
        return f"q={self.query}" if self.view is None else f"{self.view}{self.team}"

    @property
    def fields(self) -> dict[str, str]:
        """What links and forms of this list carry, so that one comes back to it."""
        values = {"q": self.query} if self.view is None else {"view": str(self.view)}
        if self.team:
            values["team"] = self.team
        return {**values, "n": str(self.limit)} if self.limit != lists.PAGE else values

    @property
    def suffix(self) -> str:
        """The fields as the end of an address."""
        return urlencode(self.fields)

    @property
    def address(self) -> str:
        if self.view is None:
            return f"/console/search?{self.suffix}"
        more = {name: value for name, value in self.fields.items() if name != "view"}
        return f"/console/views/{self.view}" + (f"?{urlencode(more)}" if more else "")


def place_of(values: Any) -> Place:
    """The place that a form or an address names. Raises ``NotFound``."""
    if query := values.get("q", ""):
        return Place(None, query, limit_of(values.get("n", "")))
    return place_of_view(values.get("view") or "person", values)


def place_of_view(name: str, values: Any) -> Place:
    """The place of a view, with what is said of it besides."""
    view = view_of(name)
    team = values.get("team", "")[:64] if view is View.TEAM else ""
    return Place(view, limit=limit_of(values.get("n", "")), team=team)


def view_of(name: str) -> View:
    try:
        return View(name)
    except ValueError:
        raise NotFound("There is no such view.") from None


def limit_of(wanted: str) -> int:
    """How many rows: what was asked for as far as it makes sense."""
    return min(max(number(wanted) or lists.PAGE, 1), lists.MOST)
