"""Making a desk: its secret, its schema, its inboxes, teams and knowledge. All of it can be run again."""

from __future__ import annotations

import os
import secrets
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.content import Content
from channels import registry
from config.settings import Settings
from core import calendars, schema
from core.calendars import Hours
from core.database import Database
from core.desk_settings import LANGUAGE, NAME
from core.inboxes import editing
from core.inboxes.kinds import Kinds
from core.knowledge.articles import synchronize
from core.models import DeskSettings, Team
from core.sealing import Seal
from desk import wiring

HOURS = {"de": "Bürozeiten", "en": "Office hours"}
TEAMS = (
    ("service-desk", "Service Desk", 1),
    ("access", "Access", 2),
    ("workplace", "Workplace", 2),
    ("network-l2", "Network Operations", 2),
    ("messaging", "Messaging", 2),
    ("mobile", "Mobile", 2),
    ("security", "Security", 2),
    ("network", "Network", 3),
    ("applications", "Applications", 3),
    ("telephony", "Telephony", 3),
    ("servers", "Servers", 3),
)


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret: their own, or the one kept in the data folder, made at the first start."""
    if settings.secret.get_secret_value():
        return settings
    settings.data.mkdir(parents=True, exist_ok=True)
    path = settings.data / "secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return settings.model_copy(update={"secret": SecretStr(path.read_text("utf-8").strip())})


def prepare(
    settings: Settings, database: Database, content: Content, now: datetime, name: str = "", language: str = ""
) -> None:
    """Bring the schema and the articles up to date, and give a new desk what it begins with.

    ``name`` and ``language`` are a new desk's; on one that is there already an admin changes them in the console.
    """
    schema.upgrade(database.engine)
    seal = wiring.seal_of(settings)
    kinds = {key: adapter.kind for key, adapter in registry.adapters().items()}
    database.write_now(_begin, kinds, seal, name or NAME, language or LANGUAGE, now)
    database.write_now(editing.seal_anew, seal)
    database.write_now(synchronize, content.articles, now)


def _begin(session: Session, kinds: Kinds, seal: Seal, name: str, language: str, now: datetime) -> None:
    """Teams, business hours and a web chat; once, so that what an admin changes or removes stays so."""
    known = set(session.scalars(select(Team.key)))
    session.add_all(Team(key=key, name=title, level=level) for key, title, level in TEAMS if key not in known)
    if session.get(DeskSettings, 1) is not None:
        return
    calendar_id = calendars.save(session, None, HOURS[language], Hours(), now)
    session.add(DeskSettings(id=1, name=name, default_language=language, calendar_id=calendar_id, updated_at=now))
    session.flush()
    form = editing.Form(name="Web chat" if language == "en" else "Web-Chat", typed={}, language=language)
    editing.save(session, kinds["webchat"], None, form, seal, now)
