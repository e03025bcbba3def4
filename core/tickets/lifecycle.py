"""Which status may follow which, and what a message does to one. Pure."""

from __future__ import annotations

from core.errors import Conflict
from core.values import Status

ACTIVE = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)
"""The desk still owes something, or waits for it."""

_NEXT: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED}),
    Status.OPEN: frozenset({Status.PENDING, Status.ON_HOLD, Status.RESOLVED}),
    Status.PENDING: frozenset({Status.OPEN, Status.ON_HOLD, Status.RESOLVED}),
    Status.ON_HOLD: frozenset({Status.OPEN, Status.PENDING, Status.RESOLVED}),
    Status.RESOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    Status.CLOSED: frozenset(),
}


def check(current: Status, following: Status) -> None:
    """Raise ``Conflict`` if a ticket cannot go from one status to the other. Staying is always allowed."""
    if following is not current and following not in _NEXT[current]:
        raise Conflict("This ticket cannot go from “{current}” to “{following}”.", current=current, following=following)


def after_requester_message(current: Status) -> Status:
    """The requester wrote: what waited for them goes on. A resolved ticket waits for a look at what they wrote."""
    return Status.OPEN if current in (Status.PENDING, Status.ON_HOLD) else current


def after_reply(current: Status) -> Status:
    """The desk answered and now waits for the requester."""
    return Status.PENDING if current in ACTIVE else current
