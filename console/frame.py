"""What every page of the console has around it: the views with their counts, the saved searches, who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console.auth import SignedIn
from core import desk_settings
from core.database import Database
from core.desk_settings import Standing
from core.models import SavedView
from core.tickets import lists
from core.tickets.lists import View

PREFERENCES = {"sound": True, "badge": True, "desktop": False, "shortcuts": True}
"""How an agent is noticed, and whether single keys do something (WCAG 2.1.4); each can be switched."""


def preferences(signed_in: SignedIn) -> dict[str, bool]:
    return {**PREFERENCES, **{key: bool(value) for key, value in signed_in.agent.preferences.items()}}


async def frame(database: Database, signed_in: SignedIn, now: datetime) -> dict[str, Any]:
    """The values the surrounding templates use."""
    counts, saved, quarantined, desk = await database.read(_read, signed_in.agent.id, now)
    return {
        "desk_name": desk.name,
        "zone": desk.calendar.zone,
        "form_of_address": desk.form_of_address,
        "me": signed_in.agent,
        "csrf": signed_in.csrf,
        "views": list(View),
        "counts": counts,
        "saved": saved,
        "quarantined": quarantined,
        "preferences": preferences(signed_in),
        "now": now,
    }


def _read(session: Session, agent_id: int, now: datetime) -> tuple[dict[View, int], list[SavedView], int, Standing]:
    mine = or_(SavedView.agent_id.is_(None), SavedView.agent_id == agent_id)
    saved = list(session.scalars(select(SavedView).where(mine).order_by(SavedView.name)))
    desk = desk_settings.of_desk(session)
    return lists.counts(session, agent_id, now), saved, lists.count_quarantined(session), desk
