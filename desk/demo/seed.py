"""What the demo begins with: two customers, three levels of staff, a mailbox."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.mail.adapter import KIND
from channels.phone.adapter import KIND as PHONE
from core import calendars, replies, staff
from core.calendars import Hours
from core.inboxes import editing
from core.models import BusinessCalendar, Inbox, Organization, Requester, RequesterAddress, Role
from core.sealing import Seal
from core.tickets.calendar import DAYS

ALWAYS = "Rund um die Uhr"
PASSWORD = "firstline-demo"  # noqa: S105 - shown to whoever starts the demo, on loopback
ORGANIZATIONS = (
    ("musterbau", "Musterbau GmbH", "musterbau.example"),
    ("nordlicht", "Klinik Nordlicht", "nordlicht.example"),
)
STAFF = (
    ("lea@desk.example", "Lea Brandt", Role.AGENT, ("service-desk",)),
    ("emre@desk.example", "Emre Yıldız", Role.AGENT, ("service-desk",)),
    ("sofia@desk.example", "Sofia Kern", Role.AGENT, ("workplace", "network-l2")),
    ("piotr@desk.example", "Piotr Nowak", Role.AGENT, ("network", "servers")),
    ("mira@desk.example", "Mira Lang", Role.LEAD, ("service-desk",)),
    ("admin@desk.example", "Alma Vogt", Role.ADMIN, ("service-desk",)),
)
CUSTOMERS = (
    ("Carla Neumann", "carla.neumann@musterbau.example", "musterbau", "de", False),
    ("Jonas Weiß", "jonas.weiss@musterbau.example", "musterbau", "de", False),
    ("Dr. Helga Petersen", "h.petersen@nordlicht.example", "nordlicht", "de", True),
    ("Tom Baker", "tom.baker@nordlicht.example", "nordlicht", "en", False),
)
PHONES = {
    "carla.neumann@musterbau.example": "+493023125001",
    "jonas.weiss@musterbau.example": "+493023125002",
    "h.petersen@nordlicht.example": "+494066969340",
}
"""Numbers that the German network agency keeps free for films and the like."""
REPLIES = (
    (
        "Rückfrage: Gerät und Uhrzeit",
        "Guten Tag {name},\n\nwelches Gerät ist betroffen (Inventarnummer auf dem Aufkleber), und seit wann?\n\n"
        "Viele Grüße\n{agent}",
        "Hello {name},\n\nwhich device is affected (asset tag on the sticker), and since when?\n\n"
        "Kind regards\n{agent}",
    ),
    (
        "Techniker kommt vorbei",
        "Guten Tag {name},\n\nzu {number} kommt heute ein Techniker vorbei. Bitte das Gerät eingeschaltet lassen."
        "\n\nViele Grüße\n{agent}",
        "Hello {name},\n\na technician will come to you today about {number}. Please leave the device switched on."
        "\n\nKind regards\n{agent}",
    ),
)
CUSTOMER_NAMES = tuple(f"{name} <{address}>" for name, address, *_ in CUSTOMERS)


def seed(session: Session, password_hash: str, now: datetime) -> None:
    """Add the demo's people; those who are there already stay as they are."""
    organizations: dict[str, int] = {}
    for key, name, domain in ORGANIZATIONS:
        organization = session.scalar(select(Organization).where(Organization.key == key))
        if organization is None:
            organization = Organization(key=key, name=name, domains=[domain], created_at=now)
            session.add(organization)
            session.flush()
        organizations[key] = organization.id
    for email, name, role, teams in STAFF:
        staff.add_agent(session, email, name, password_hash, role, teams, now)
    for name, address, key, language, vip in CUSTOMERS:
        if session.scalar(select(RequesterAddress).where(RequesterAddress.value == address)) is None:
            requester = Requester(
                name=name, organization_id=organizations[key], language=language, vip=vip, created_at=now
            )
            session.add(requester)
            session.flush()
            session.add(
                RequesterAddress(requester_id=requester.id, kind="email", value=address, name=name, verified_at=now)
            )
            if address in PHONES:
                session.add(RequesterAddress(requester_id=requester.id, kind="phone", value=PHONES[address]))
    if not replies.everything(session):
        for title, german, english in REPLIES:
            replies.save(session, None, title, german, english, None, now)
    chat = session.scalar(select(Inbox).where(Inbox.channel == "webchat"))
    if chat is not None:
        chat.organization_id = organizations["musterbau"]


def set_up(session: Session, seal: Seal, address: str, ports: tuple[int, int], now: datetime) -> None:
    """People who are always there, a telephone line and a mailbox; ``ports`` are where that listens and sends to."""
    always = tuple((day, ("00:00-24:00",)) for day in DAYS)
    if session.scalar(select(BusinessCalendar).where(BusinessCalendar.name == ALWAYS)) is None:
        calendars.make_default(session, calendars.save(session, None, ALWAYS, Hours(week=always, country=""), now))
    known = session.scalar(select(Inbox.id).where(Inbox.channel == "mail", Inbox.address == address))
    typed = {
        "address": address,
        "listen_port": str(ports[0]),
        "smtp_host": "127.0.0.1",
        "smtp_port": str(ports[1]),
        "smtp_security": "none",
    }
    editing.save(session, KIND, known, editing.Form("Mail", typed), seal, now)
    if session.scalar(select(Inbox.id).where(Inbox.channel == PHONE.key)) is None:
        line = {"key": "demo", "provider": "webhook", "secret": secrets.token_urlsafe(24)}
        editing.save(session, PHONE, None, editing.Form("Telefon", line), seal, now)
