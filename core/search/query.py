"""What somebody typed into the search field: words, and filters such as ``status:open older:3d``. Pure.

An unknown filter or value is an error that names the ones there are; quoted words belong together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from core.errors import InvalidInput
from core.values import Status, TicketKind, ticket_id_from_number

_TOKEN = re.compile(r'(?:(?P<name>[a-zäöü]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))', re.IGNORECASE)
_AGE = re.compile(r"^(\d{1,4})(m|h|d|t|w)$", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "t": "days", "w": "weeks"}
_NAMES = {
    "status": "status", "team": "team", "channel": "channel", "kanal": "channel", "older": "older", "älter": "older",
    "newer": "newer", "neuer": "newer", "from": "from", "von": "from", "org": "org", "firma": "org",
    "kind": "kind", "art": "kind", "level": "level", "ebene": "level", "priority": "priority", "prio": "priority",
    "assignee": "assignee", "wer": "assignee", "intent": "intent", "thema": "intent",
}  # fmt: skip
_STATUS = {
    "neu": "new", "offen": "open", "wartend": "pending", "angehalten": "on_hold", "gelöst": "resolved",
    "geschlossen": "closed", "solved": "resolved", "waiting": "pending",
}  # fmt: skip
FILTERS = "status: team: channel: from: org: kind: level: priority: assignee: intent: older: newer:"


@dataclass(frozen=True, slots=True)
class Query:
    """``filters`` hold the values as they are stored; ``older`` and ``newer`` are ages of the last change."""

    words: tuple[str, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    older: timedelta | None = None
    newer: timedelta | None = None
    ticket_id: int | None = field(default=None)


def read(text: str) -> Query:
    """Read a search. Raises ``InvalidInput`` for a filter or a value that does not exist."""
    words: list[str] = []
    filters: list[tuple[str, str]] = []
    ages: dict[str, timedelta] = {}
    for match in _TOKEN.finditer(text[:500]):
        value = match["quoted"] if match["quoted"] is not None else match["plain"]
        if not match["name"]:
            words.append(value)
            continue
        name = _NAMES.get(match["name"].lower())
        if name is None:
            raise InvalidInput(
                "There is no filter “{name}:”. There are {filters}", "q", name=match["name"], filters=FILTERS
            )
        if name in ("older", "newer"):
            ages[name] = _age(value)
        else:
            filters.append((name, _value(name, value)))
    ticket_id = ticket_id_from_number(words[0]) if len(words) == 1 and not words[0].isdigit() else None
    return Query(
        tuple(word for word in words if word.strip()), tuple(filters), ages.get("older"), ages.get("newer"), ticket_id
    )


def _age(value: str) -> timedelta:
    match = _AGE.match(value)
    if match is None:
        raise InvalidInput("An age is a number and a unit: 30m, 4h, 3d, 2w.", "q")
    return timedelta(**{_UNITS[match[2].lower()]: int(match[1])})


def _value(name: str, value: str) -> str:
    lowered = value.lower()
    if name == "status":
        return _known(_STATUS.get(lowered, lowered), [str(one) for one in Status])
    if name == "kind":
        return _known(lowered, [str(one) for one in TicketKind])
    if name in ("level", "priority"):
        return _known(lowered.removeprefix("p"), [str(number) for number in range(6)])
    return lowered


def _known(value: str, values: list[str]) -> str:
    if value not in values:
        raise InvalidInput("“{value}” is not one of {known}.", "q", value=value, known=", ".join(values))
    return value
