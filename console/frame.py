"""What every page of the console has around it: the views with their counts, the saved searches, who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from console.auth import SignedIn
from core import desk_settings, quarantine, rights
from core.calls import reading
from core.calls.reading import Known
from core.database import Database
from core.desk_settings import Standing
from core.models import Agent, SavedView
from core.rights import Right
from core.search import saved
from core.tickets import lists
from core.tickets.lists import TeamLine, View

PREFERENCES = {"sound": True, "badge": True, "desktop": False, "shortcuts": True}
"""How an agent is noticed, and whether single keys do something (WCAG 2.1.4); each can be switched."""


def preferences(signed_in: SignedIn) -> dict[str, bool]:
    kept = signed_in.agent.preferences
    return {key: bool(kept.get(key, shipped)) for key, shipped in PREFERENCES.items()}


@dataclass(frozen=True, slots=True)
class _Around:
    counts: dict[View, int]
    unread: int
    saved: list[SavedView]
    quarantined: int
    desk: Standing
    teams: list[TeamLine]
    calls: list[Known]


async def frame(database: Database, signed_in: SignedIn, now: datetime) -> dict[str, Any]:
    """The values the surrounding templates use; ``may`` holds what the agent's role allows."""
    agent = signed_in.agent
    around = await database.read(_read, agent, now)
    return {
        "desk_name": around.desk.name,
        "zone": around.desk.calendar.zone,
        "form_of_address": around.desk.form_of_address,
        "me": agent,
        "may": rights.RIGHTS[agent.role],
        "csrf": signed_in.csrf,
        "views": list(View),
        "counts": around.counts,
        "unread": around.unread,
        "all_teams": around.teams,
        "saved": around.saved,
        "quarantined": around.quarantined,
        "preferences": preferences(signed_in),
        "calls_now": around.calls,
        "now": now,
    }


def _read(session: Session, agent: Agent, now: datetime) -> _Around:
    return _Around(
        lists.counts(session, agent.id, now),
        lists.unread(session, agent.id),
        saved.seen_by(session, agent.id),
        quarantine.count(session),
        desk_settings.of_desk(session),
        lists.teams(session) if rights.may(agent.role, Right.SEE_TEAMS) else [],
        reading.current(session, agent.id, now),
    )
