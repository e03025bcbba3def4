"""A small desk to test with: teams, agents, inboxes, and messages as channels hand them in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.models import Agent, BusinessCalendar, DeskSettings, Inbox, Organization, Role, Team
from core.tickets.calendar import DAYS
from core.values import Address, InboundMessage, InboxStyle
from tests.fakes.clock import SetClock

_keys = itertools.count()


@dataclass(frozen=True)
class Desk:
    chat: int
    mail: int
    anna: int
    ben: int


def seed(session: Session, clock: SetClock) -> Desk:
    """Four teams, two agents, a chat and a mailbox, two organizations; people are always there."""
    now = clock.now()
    session.add_all(
        [
            Team(key="service-desk", name="Service Desk", level=1),
            Team(key="network-l2", name="Netzwerk", level=2),
            Team(key="security", name="Security", level=2),
            Team(key="network", name="Netzwerk-Experten", level=3),
            Organization(key="alpha", name="Alpha GmbH", domains=["alpha.example"], created_at=now),
            Organization(key="beta", name="Beta AG", domains=["beta.example"], created_at=now),
        ]
    )
    agents = [
        Agent(email=f"{name}@desk.example", name=name.title(), password_hash="-", role=Role.AGENT, created_at=now)
        for name in ("anna", "ben")
    ]
    chat = Inbox(
        channel="webchat",
        address="chat",
        address_kind="webchat",
        name="Chat",
        style=InboxStyle.DIALOGUE,
        configuration={"key": "chat"},
        created_at=now,
    )
    mail = Inbox(
        channel="mail",
        address="desk@desk.example",
        address_kind="email",
        name="Mail",
        style=InboxStyle.LETTER,
        configuration={"address": "desk@desk.example"},
        created_at=now,
    )
    hours = BusinessCalendar(
        name="Immer", time_zone="Europe/Berlin", hours={day: ["00:00-24:00"] for day in DAYS}, updated_at=now
    )
    session.add_all([*agents, chat, mail, hours])
    session.flush()
    session.add(DeskSettings(id=1, name="Service Desk", default_language="de", calendar_id=hours.id, updated_at=now))
    session.flush()
    return Desk(chat.id, mail.id, agents[0].id, agents[1].id)


def chat_message(desk: Desk, clock: SetClock, text: str = "VPN geht nicht", **changes: Any) -> InboundMessage:
    """What a visitor of the chat wrote."""
    values: dict[str, Any] = {
        "inbox_id": desk.chat,
        "dedupe_key": f"key-{next(_keys)}",
        "sender": Address("webchat", "visitor-1"),
        "text": text,
        "received_at": clock.now(),
        "thread_key": "visitor-1",
    }
    return InboundMessage(**{**values, **changes})


def letter(desk: Desk, clock: SetClock, text: str = "Mein Drucker druckt nicht.", **changes: Any) -> InboundMessage:
    """What somebody mailed."""
    key = f"mail-{next(_keys)}"
    values: dict[str, Any] = {
        "inbox_id": desk.mail,
        "dedupe_key": key,
        "external_id": f"<{key}@alpha.example>",
        "sender": Address("email", "carla@alpha.example", "Carla"),
        "subject": "Drucker",
        "text": text,
        "received_at": clock.now(),
    }
    return InboundMessage(**{**values, **changes})


def make(session: Session, agent_id: int, role: Role) -> None:
    """Give somebody a role."""
    session.get_one(Agent, agent_id).role = role
