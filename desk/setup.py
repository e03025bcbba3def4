"""Making a desk: its schema, its inboxes, teams and knowledge. All of it can be run again."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import content as contents
from bot.content import Content
from channels import registry
from config.settings import Settings
from core import calendars, schema
from core.calendars import Hours
from core.clock import SystemClock
from core.database import Database
from core.desk_settings import FORM, LANGUAGE, NAME
from core.inboxes import editing
from core.inboxes.kinds import Kinds
from core.knowledge.articles import synchronize
from core.models import DeskSettings, Team
from core.sealing import Seal
from core.values import FormOfAddress
from desk.data import open_database, seal_of, with_secret

HOURS = {"de": "Bürozeiten", "en": "Office hours"}
CHAT = {"de": "Web-Chat", "en": "Web chat"}
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


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new desk is given; on one that is there already an admin changes it in the console."""

    name: str = NAME
    language: str = LANGUAGE
    form_of_address: FormOfAddress = FORM


def init(settings: Settings, options: argparse.Namespace) -> int:
    settings = with_secret(settings)
    database = open_database(settings)
    try:
        content, now = contents.load(settings.content.folder), SystemClock().now()
        form = FormOfAddress(options.address or FORM)
        beginning = Beginning(options.name or NAME, options.language or LANGUAGE, form)
        prepare(settings, database, content, now, beginning)
    finally:
        database.close()
    print(f"The desk is ready in {settings.data}. Next: firstline user you@example.com --name 'Your Name' --role admin")
    print("A web chat is set up. Add a mailbox in the console, under Administration, or with firstline inbox add.")
    return 0


def prepare(
    settings: Settings, database: Database, content: Content, now: datetime, beginning: Beginning | None = None
) -> None:
    """Bring the schema and the articles up to date, and give a new desk what it begins with."""
    schema.upgrade(database.engine)
    seal = seal_of(settings)
    database.write_now(_begin, registry.kinds(), seal, beginning or Beginning(), now)
    database.write_now(editing.seal_anew, seal)
    database.write_now(synchronize, content.articles, now)


def _begin(session: Session, kinds: Kinds, seal: Seal, beginning: Beginning, now: datetime) -> None:
    """Teams, business hours and a web chat; once, so that what an admin changes or removes stays so."""
    known = set(session.scalars(select(Team.key)))
    session.add_all(Team(key=key, name=title, level=level) for key, title, level in TEAMS if key not in known)
    if session.get(DeskSettings, 1) is not None:
        return
    language = beginning.language
    session.add(
        DeskSettings(
            id=1,
            name=beginning.name,
            default_language=language,
            form_of_address=beginning.form_of_address,
            calendar_id=calendars.save(session, None, HOURS[language], Hours(), now),
            updated_at=now,
        )
    )
    session.flush()
    form = editing.Form(name=CHAT[language], typed={}, language=language)
    editing.save(session, kinds["webchat"], None, form, seal, now)
