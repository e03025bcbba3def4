"""The only place that builds objects: from settings to a desk that can run."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import content as contents
from bot import worker as workers
from bot.content import Content
from bot.worker import Worker
from channels.base import Channel, Receive
from channels.delivery import Delivery
from channels.mail.channel import Mail, MailSettings
from channels.mail.resolver import DnsResolver
from channels.webchat.channel import WebChat
from config.settings import Settings
from core import intake
from core.blobs import BlobStore, FolderBlobStore
from core.clock import Clock
from core.database import Database
from core.flood import Flood
from core.models import Inbox
from core.promises import Work
from core.signals import Topic, retract
from core.tickets.calendar import Calendar, calendar
from core.values import InboundMessage, InboxStyle, Receipt

log = structlog.get_logger(__name__)

CHAT_KEY = "main"


@dataclass(frozen=True)
class Desk:
    """Everything a process needs, built and not yet running."""

    settings: Settings
    clock: Clock
    database: Database
    blobs: BlobStore
    content: Content
    calendar: Calendar
    channels: dict[int, Channel]
    delivery: Delivery
    worker: Worker
    flood: Flood
    receive: Receive


def open_database(settings: Settings) -> Database:
    settings.data.mkdir(parents=True, exist_ok=True)
    return Database(settings.effective_database_url)


def build(settings: Settings, clock: Clock, database: Database) -> Desk:
    """The desk of these settings. Raises ``ContentError``, ``InvalidInput`` or ``SettingsError`` in plain words."""
    blobs = FolderBlobStore(settings.data / "blobs")
    content = contents.load(settings.content.folder)
    hours = settings.business_hours
    opening = calendar(hours.time_zone, hours.hours, hours.holidays_country, hours.holidays_region)
    inboxes = database.read_now(_inboxes)
    channels = {inbox.id: _channel(inbox, settings, clock, database, blobs) for inbox in inboxes}
    delivery = Delivery(database, clock, channels)
    flood = Flood()
    threshold = settings.nlu.threshold
    worker = Worker(database, clock, content, opening, settings.name, delivery.deliver, flood, threshold)
    dialogues = frozenset(id_ for id_, one in channels.items() if one.capabilities.style is InboxStyle.DIALOGUE)
    receive = receiver(database, clock, worker, flood, dialogues)
    return Desk(settings, clock, database, blobs, content, opening, channels, delivery, worker, flood, receive)


def receiver(database: Database, clock: Clock, worker: Worker, flood: Flood, dialogues: frozenset[int]) -> Receive:
    """Intake; for inboxes where somebody waits for the answer, with the claim of the bot's work in the same commit."""

    async def receive(message: InboundMessage) -> Receipt:
        with flood.documenting():
            at_once = worker.understands and message.inbox_id in dialogues
            receipt, jobs = await database.write(_take_in, message, clock.now(), at_once)
        worker.start(jobs)
        log.info(
            "received",
            inbox=message.inbox_id,
            outcome=str(receipt.outcome),
            ticket=receipt.ticket_id,
            message=receipt.message_id,
        )
        return receipt

    return receive


def _take_in(session: Session, message: InboundMessage, now: datetime, claim: bool) -> tuple[Receipt, list[Work]]:
    receipt = intake.receive(session, message, now)
    if not claim or receipt.work_id is None:
        return receipt, []
    retract(session, Topic.WORK)
    return receipt, workers.claim_one(session, now, receipt.work_id)


def _inboxes(session: Session) -> list[Inbox]:
    return list(session.scalars(select(Inbox).order_by(Inbox.id)))


def _channel(inbox: Inbox, settings: Settings, clock: Clock, database: Database, blobs: BlobStore) -> Channel:
    builders: dict[str, Callable[..., Channel]] = {"webchat": _webchat, "mail": _mail}
    return builders[inbox.channel](inbox, settings, clock, database, blobs)


def _webchat(inbox: Inbox, settings: Settings, clock: Clock, database: Database, blobs: BlobStore) -> Channel:
    chat = settings.chat
    return WebChat(
        inbox_id=inbox.id,
        key=inbox.address,
        name=settings.name,
        database=database,
        blobs=blobs,
        clock=clock,
        secret=settings.secret.get_secret_value(),
        allowed_origins=settings.http.allowed_origins,
        max_attachment_bytes=chat.max_attachment_bytes,
        max_characters=chat.max_message_characters,
        messages_per_minute=chat.messages_per_minute,
        sessions_per_hour=chat.sessions_per_hour,
    )


def _mail(inbox: Inbox, settings: Settings, clock: Clock, database: Database, blobs: BlobStore) -> Channel:
    mail = settings.mail
    own = frozenset(address.lower() for address in (mail.address, *mail.aliases))
    tls = None
    if mail.tls_certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(mail.tls_certificate, mail.tls_key)
    configured = MailSettings(
        address=mail.address,
        name=mail.name,
        own_addresses=own,
        listen_host=mail.listen_host,
        listen_port=mail.listen_port,
        max_bytes=mail.max_bytes,
        tls=tls,
        username=mail.username,
        password=mail.password.get_secret_value(),
        smtp_host=mail.smtp_host,
        smtp_port=mail.smtp_port,
        smtp_security=mail.smtp_security,
        smtp_username=mail.smtp_username,
        smtp_password=mail.smtp_password.get_secret_value(),
        trusted_servers=frozenset(name.lower() for name in mail.trusted_servers),
    )
    secret = settings.secret.get_secret_value()
    resolver = DnsResolver.of_system() if mail.check_signatures else None
    return Mail(inbox.id, configured, settings.effective_public_url, secret, database, blobs, clock, resolver)
