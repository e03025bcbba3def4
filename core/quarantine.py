"""What arrived and could not be read: kept, shown, read again, or discarded for a reason.

Reading again is a promise that the channel of the inbox keeps, whichever process runs it: it hands the same bytes to
the same door, and the line of the ledger takes the outcome. So a line always counts once, and
*fetched = ticketed + duplicate + quarantined + ignored* stays true; what is discarded counts as ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import Session, undefer

from core import rows
from core.errors import Conflict, InvalidInput, NotFound
from core.models import Agent, InboundReceipt, Inbox, Message, PromiseState, RereadRow
from core.promises import REREAD, Reread
from core.signals import Signal, Topic, emit
from core.values import Outcome, ticket_number

PAGE = 100
LONGEST_REASON = 500


_OF_INBOX = REREAD.due(RereadRow.inbox_id == bindparam("inbox"), limit=10)
_NO_REREAD = REREAD.cancelling(RereadRow.receipt_id == bindparam("receipt"))


@dataclass(frozen=True, slots=True)
class Aside:
    """A delivery that was set aside at some time, and what is known of it. ``size`` is in bytes."""

    id: int
    inbox: str
    outcome: Outcome
    reason: str
    why: str
    received_at: datetime
    sender: str
    subject: str
    size: int
    tries: int
    tried_at: datetime | None
    is_waiting: bool
    """It is to be read again and was not yet."""
    ticket_id: int | None
    discarded_at: datetime | None
    discarded_by: str
    file: str = ""
    """The name of the file that it is, where it is no mail."""

    @property
    def ticket(self) -> str:
        """The number of the ticket it became part of, if it did."""
        return ticket_number(self.ticket_id) if self.ticket_id is not None else ""


@dataclass(frozen=True, slots=True)
class Again:
    """What a channel needs to read something again: the bytes, or where they lie, and what came with them."""

    work: Reread
    received_at: datetime
    envelope_sender: str | None
    raw: bytes | None
    raw_sha256: str | None


# -- looking ----------------------------------------------------------------------------------------------------------


def waiting(session: Session, limit: int = PAGE) -> list[Aside]:
    """What lies in quarantine, the newest first."""
    query = _asides().where(InboundReceipt.outcome == Outcome.QUARANTINED)
    return [_aside(*found) for found in session.execute(query.order_by(InboundReceipt.received_at.desc()).limit(limit))]


def discarded(session: Session, limit: int = PAGE) -> list[Aside]:
    """What was discarded and can be brought back, the latest first."""
    query = _asides().where(InboundReceipt.outcome == Outcome.IGNORED, InboundReceipt.discarded_at.is_not(None))
    newest = query.order_by(InboundReceipt.discarded_at.desc()).limit(limit)
    return [_aside(*found) for found in session.execute(newest)]


def count(session: Session) -> int:
    query = select(func.count()).select_from(InboundReceipt).where(InboundReceipt.outcome == Outcome.QUARANTINED)
    return session.scalar(query) or 0


def one(session: Session, receipt_id: int) -> Aside:
    """A delivery that was set aside, whatever has become of it. Raises ``NotFound``."""
    found = session.execute(_asides().where(InboundReceipt.id == receipt_id)).first()
    if found is None or not found[0].about:
        raise NotFound("There is no such mail in quarantine.")
    return _aside(*found)


def original(session: Session, receipt_id: int) -> tuple[bytes | None, str | None]:
    """The bytes, or the SHA-256 under which they lie in the blob store. Raises ``NotFound``."""
    receipt = session.get(InboundReceipt, receipt_id, options=[undefer(InboundReceipt.raw)])
    if receipt is None or not receipt.about or (receipt.raw is None and receipt.raw_sha256 is None):
        raise NotFound("There is no such mail in quarantine.")
    return receipt.raw, receipt.raw_sha256


# -- what people do with it -------------------------------------------------------------------------------------------


def read_again(session: Session, receipt_id: int, now: datetime) -> None:
    """Promise another reading, unless one is promised already. Raises ``Conflict`` if it is not in quarantine."""
    receipt = _quarantined(session, receipt_id)
    pending = select(RereadRow.id).where(RereadRow.receipt_id == receipt_id, RereadRow.state == PromiseState.PENDING)
    if session.scalar(pending) is None:
        session.add(RereadRow(receipt_id=receipt_id, inbox_id=receipt.inbox_id, lane=receipt_id, due_at=now))
    emit(session, Signal(Topic.QUARANTINE, receipt_id))


def read_all_again(session: Session, now: datetime) -> int:
    """The same for everything in quarantine, after the desk has learned to read more. Returns how many."""
    query = select(InboundReceipt.id).where(InboundReceipt.outcome == Outcome.QUARANTINED).order_by(InboundReceipt.id)
    ids = session.scalars(query).all()
    for receipt_id in ids:
        read_again(session, receipt_id, now)
    return len(ids)


def discard(session: Session, receipt_id: int, agent_id: int, reason: str, now: datetime) -> None:
    """Nobody needs it: from now on it counts as ignored, for this reason. ``restore`` takes it back."""
    if not reason.strip():
        raise InvalidInput("Say why nobody needs it; the reason stays in the ledger.", "reason")
    receipt = _quarantined(session, receipt_id)
    rows.execute(session, _NO_REREAD, receipt=receipt_id, at=now)
    receipt.outcome, receipt.reason = Outcome.IGNORED, reason.strip()[:LONGEST_REASON]
    receipt.discarded_at, receipt.discarded_by_id = now, agent_id
    emit(session, Signal(Topic.QUARANTINE, receipt_id))


def restore(session: Session, receipt_id: int) -> None:
    """It was discarded by mistake: back into quarantine."""
    receipt = _locked(session, receipt_id)
    if receipt.outcome is not Outcome.IGNORED or receipt.discarded_at is None:
        raise Conflict("This mail was not discarded; somebody may have brought it back already.")
    receipt.outcome, receipt.reason = Outcome.QUARANTINED, str(receipt.about.get("why", ""))
    receipt.discarded_at, receipt.discarded_by_id = None, None
    emit(session, Signal(Topic.QUARANTINE, receipt_id))


# -- what the channel does --------------------------------------------------------------------------------------------


def claim(session: Session, now: datetime, inbox_id: int) -> list[Again]:
    """Lease what is owed another reading in this inbox."""
    found = []
    for work in REREAD.claim(session, _OF_INBOX, now, inbox=inbox_id):
        receipt = session.get_one(InboundReceipt, work.receipt_id, options=[undefer(InboundReceipt.raw)])
        sender = receipt.about.get("envelope_sender")
        found.append(Again(work, receipt.received_at, sender, receipt.raw, receipt.raw_sha256))
    return found


def finished(session: Session, work: Reread, now: datetime) -> None:
    """It has been read again, with whatever outcome; the ledger already says so."""
    if REREAD.finish(session, work.id, work.lease, now) is not None:
        emit(session, Signal(Topic.QUARANTINE, work.receipt_id))


def later(session: Session, work: Reread, due_at: datetime, error: str) -> None:
    """It could not even be tried now."""
    if REREAD.held(session, work.id, work.lease) is not None:
        REREAD.put_back(session, work.id, due_at, error)


def _locked(session: Session, receipt_id: int) -> InboundReceipt:
    query = select(InboundReceipt).where(InboundReceipt.id == receipt_id).with_for_update()
    receipt = session.scalar(query.execution_options(populate_existing=True))
    if receipt is None or not receipt.about:
        raise NotFound("There is no such mail in quarantine.")
    return receipt


def _quarantined(session: Session, receipt_id: int) -> InboundReceipt:
    receipt = _locked(session, receipt_id)
    if receipt.outcome is not Outcome.QUARANTINED:
        raise Conflict("This mail is no longer in quarantine; somebody was faster.")
    return receipt


def _asides() -> Select[InboundReceipt, str, str | None, int | None, bool]:
    pending = exists().where(RereadRow.receipt_id == InboundReceipt.id, RereadRow.state == PromiseState.PENDING)
    return (
        select(InboundReceipt, Inbox.name, Agent.name, Message.ticket_id, pending)
        .join(Inbox, Inbox.id == InboundReceipt.inbox_id)
        .outerjoin(Agent, Agent.id == InboundReceipt.discarded_by_id)
        .outerjoin(Message, Message.id == InboundReceipt.message_id)
    )


def _aside(receipt: InboundReceipt, inbox: str, agent: str | None, ticket_id: int | None, is_waiting: bool) -> Aside:
    about = receipt.about
    tried = about.get("tried_at")
    return Aside(
        id=receipt.id,
        inbox=inbox,
        outcome=receipt.outcome,
        reason=receipt.reason,
        why=about.get("why", ""),
        received_at=receipt.received_at,
        sender=about.get("sender") or about.get("envelope_sender") or "",
        subject=about.get("subject", ""),
        size=about.get("size", 0),
        tries=about.get("tries", 0),
        tried_at=datetime.fromisoformat(tried) if tried else None,
        is_waiting=is_waiting,
        ticket_id=ticket_id,
        discarded_at=receipt.discarded_at,
        discarded_by=agent or "",
        file=about.get("file", ""),
    )
