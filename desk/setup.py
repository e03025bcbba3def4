"""Making a desk: its secret, its schema, its inboxes, teams and knowledge. All of it can be run again."""

from __future__ import annotations

import os
import secrets
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.content import Content
from config.settings import Settings
from core import schema
from core.database import Database
from core.knowledge.articles import synchronize
from core.models import Inbox, Team
from core.values import InboxStyle
from desk.wiring import CHAT_KEY

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


def prepare(settings: Settings, database: Database, content: Content, now: datetime) -> None:
    """Bring schema, inboxes, teams and articles to what settings and content say."""
    schema.upgrade(database.engine)
    database.write_now(_settle, settings, now)
    database.write_now(synchronize, content.articles, now)


def _settle(session: Session, settings: Settings, now: datetime) -> None:
    known = set(session.scalars(select(Team.key)))
    session.add_all(Team(key=key, name=name, level=level) for key, name, level in TEAMS if key not in known)
    if settings.chat.enabled:
        _inbox(session, "webchat", CHAT_KEY, settings.name, InboxStyle.DIALOGUE, settings, now)
    if settings.mail.enabled:
        address = settings.mail.address.lower()
        _inbox(session, "mail", address, settings.mail.name, InboxStyle.LETTER, settings, now)


def _inbox(
    session: Session, channel: str, address: str, name: str, style: InboxStyle, settings: Settings, now: datetime
) -> None:
    inbox = session.scalar(select(Inbox).where(Inbox.channel == channel, Inbox.address == address))
    if inbox is None:
        inbox = Inbox(channel=channel, address=address, name=name, style=style, created_at=now)
        session.add(inbox)
    inbox.name, inbox.language = name, settings.default_language
