"""The only place that builds objects: from settings to a desk that can run."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from bot import content as contents
from bot import worker as workers
from bot.content import Content
from bot.worker import Worker
from channels import registry
from channels.base import Receive, Surroundings
from channels.delivery import Delivery
from channels.supervisor import Supervisor
from channels.trials import Trials
from channels.watch import Watch
from config.settings import Settings
from core import intake
from core.blobs import BlobStore, FolderBlobStore
from core.clock import Clock
from core.database import Database
from core.flood import Flood
from core.inboxes.kinds import Kinds
from core.pictures.reader import PictureReader
from core.promises import Work
from core.sealing import Seal
from core.signals import Topic, retract
from core.values import InboundMessage, Receipt
from desk.data import seal_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Desk:
    """Everything a process needs, built and not yet running. ``kinds`` are the channels there are."""

    settings: Settings
    clock: Clock
    database: Database
    blobs: BlobStore
    content: Content
    kinds: Kinds
    seal: Seal
    trials: Trials
    watch: Watch
    inboxes: Supervisor
    delivery: Delivery
    worker: Worker
    pictures: PictureReader
    flood: Flood
    receive: Receive


def surroundings_of(settings: Settings, clock: Clock, database: Database) -> Surroundings:
    """What adapters may use; whose addresses are the desk's own is still to be filled in."""
    blobs, secret = FolderBlobStore(settings.data / "blobs"), settings.secret.get_secret_value()
    return Surroundings(database, blobs, clock, settings.effective_public_url, secret)


def build(settings: Settings, clock: Clock, database: Database) -> Desk:
    """The desk of these settings. Raises ``ContentError`` in plain words."""
    content = contents.load(settings.content.folder)
    adapters, seal = registry.adapters(), seal_of(settings)
    watch = Watch(database, clock, f"{socket.gethostname()}:{os.getpid()}")
    surroundings = replace(surroundings_of(settings, clock, database), impaired=watch.impaired)
    inboxes = Supervisor(adapters, surroundings, seal, watch)
    delivery = Delivery(database, clock, inboxes.channels, watch)
    flood = Flood()
    worker = Worker(database, clock, content, delivery.deliver, flood)
    return Desk(
        settings=settings,
        clock=clock,
        database=database,
        blobs=surroundings.blobs,
        content=content,
        kinds={key: adapter.kind for key, adapter in adapters.items()},
        seal=seal,
        trials=Trials(adapters, surroundings),
        watch=watch,
        inboxes=inboxes,
        delivery=delivery,
        worker=worker,
        pictures=PictureReader(database, surroundings.blobs, clock),
        flood=flood,
        receive=receiver(database, clock, worker, flood, inboxes.is_dialogue),
    )


def receiver(
    database: Database, clock: Clock, worker: Worker, flood: Flood, is_dialogue: Callable[[int], bool]
) -> Receive:
    """Intake; for inboxes where somebody waits for the answer, with the claim of the bot's work in the same commit."""

    async def receive(message: InboundMessage) -> Receipt:
        with flood.documenting():
            at_once = worker.understands and is_dialogue(message.inbox_id)
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
