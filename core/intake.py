"""How anything that arrives becomes part of a documented ticket. One transaction, the same for every channel.

dedupe → requester → conversation → ticket → message → work for the bot. The channel acknowledges to its source only
after this has been committed, and every delivery leaves one line in the ledger:
*fetched = ticketed + duplicate + quarantined + ignored*. What was set aside and is read again (``receipt_id``) has its
line already: that one takes the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core import contacts, returns, rows
from core.calls import events
from core.errors import InvalidInput
from core.joining import InboxRow, Person, Place, find_place, inbox_row, referenced, takes_part
from core.models import InboundReceipt, Message, Ticket, WorkKind
from core.outbox import attach
from core.pictures import texts
from core.promises import owe
from core.revisions import own_words, revise, shown_text
from core.signals import Signal, Topic, emit
from core.tickets import lifecycle
from core.tickets.history import write
from core.values import (
    SYSTEM,
    ActorKind,
    Automation,
    CallEvent,
    Delivery,
    InboundMessage,
    InboxStyle,
    Outcome,
    Receipt,
    Status,
)

ACKNOWLEDGE_AFTER = timedelta(seconds=20)
"""How long the bot may take to answer a letter before the plain confirmation goes out."""

_SEEN = select(InboundReceipt.id, InboundReceipt.message_id).where(
    InboundReceipt.inbox_id == bindparam("inbox"), InboundReceipt.dedupe_key == bindparam("key")
)
_OFFERED = (
    select(Message.choices)
    .where(
        Message.conversation_id == bindparam("conversation"), Message.outbound, Message.delivery != Delivery.CANCELLED
    )
    .order_by(Message.seq.desc())
    .limit(1)
)
_REQUESTER_WROTE = (
    update(Ticket.__table__)  # type: ignore[arg-type]
    .where(Ticket.__table__.c.id == bindparam("ticket"))
    .values(
        status=bindparam("new_status"),
        waiting_since=bindparam("since"),
        version=bindparam("new_version"),
        updated_at=bindparam("at"),
        snoozed_until=None,
    )
)


def receive(session: Session, inbound: InboundMessage, now: datetime) -> Receipt:
    """Document one inbound message. Calling it again with the same delivery changes nothing but the ledger."""
    line = inbound.receipt_id
    if line is not None and (settled := _settled(session, line)) is not None:
        return settled
    if (known := _seen(session, inbound.inbox_id, inbound.dedupe_key)) is not None:
        return _duplicate(session, inbound.inbox_id, known, now, line)
    if inbound.call is not None:
        return _telephone(session, inbound, inbound.call, now)
    if inbound.report is not None and (noted := returns.settle(session, inbound.report, now)) is not None:
        _ledger(session, inbound, Outcome.TICKETED, now, message_id=noted.message_id)
        return noted
    if (reason := _ignored(session, inbound, now)) is not None:
        _ledger(session, inbound, Outcome.IGNORED, now, reason=reason)
        return Receipt(Outcome.IGNORED, reason=reason)
    if inbound.revises is not None and (receipt := revise(session, inbound, now)) is not None:
        _ledger(session, inbound, receipt.outcome, now, reason=receipt.reason, message_id=receipt.message_id)
        return receipt
    return _document(session, inbound, now)[0]


def _document(session: Session, inbound: InboundMessage, now: datetime) -> tuple[Receipt, bool]:
    """Make it a message on a ticket; whether that is a new one."""
    inbox = inbox_row(session, inbound.inbox_id)
    sender = contacts.sender(session, inbound, inbox, now)
    place = find_place(session, inbox, sender, inbound, now)
    message_id = _add_message(session, place, sender, inbound, now)
    _ledger(session, inbound, Outcome.TICKETED, now, message_id=message_id)
    is_to_see = texts.owe(session, inbound.attachments, now)
    due = now + texts.PATIENCE if is_to_see else now
    work_id = None if place.is_storm else _owe_work(session, inbox, place, message_id, inbound, now, due)
    if not place.is_new:
        _count_as_waiting(session, place, inbound, now)
    emit(session, Signal(Topic.TICKET, place.ticket.id, place.ticket.version + 1))
    emit(session, Signal(Topic.CONVERSATION, place.conversation_id, place.seq))
    receipt = Receipt(Outcome.TICKETED, place.ticket.id, place.conversation_id, message_id, place.seq, work_id)
    return receipt, place.is_new


def _telephone(session: Session, inbound: InboundMessage, event: CallEvent, now: datetime) -> Receipt:
    """News of a call. Only its end is a delivery that the ledger counts."""
    taken = events.take(session, inbound, event)
    if not taken.over:
        return Receipt(Outcome.IGNORED, reason="a call that is going on")
    if taken.message is not None:
        receipt, is_new = _document(session, taken.message, now)
        assert receipt.ticket_id is not None and receipt.message_id is not None
        events.documented(session, taken.call_id, receipt.ticket_id, receipt.message_id, is_new)
        return receipt
    outcome = Outcome.IGNORED if taken.message_id is None else Outcome.TICKETED
    _ledger(session, inbound, outcome, now, reason=taken.reason, message_id=taken.message_id)
    return Receipt(outcome, message_id=taken.message_id, reason=taken.reason)


def knows(session: Session, inbox_id: int, dedupe_key: str) -> bool:
    """Whether that delivery has arrived."""
    return _seen(session, inbox_id, dedupe_key) is not None


def ignore(session: Session, inbox_id: int, dedupe_key: str, reason: str, now: datetime) -> Receipt:
    """Count something that arrived and is no message for the desk; nothing of it is kept."""
    if (known := _seen(session, inbox_id, dedupe_key)) is not None:
        return _duplicate(session, inbox_id, known, now)
    rows.insert(
        session,
        InboundReceipt,
        inbox_id=inbox_id,
        dedupe_key=dedupe_key,
        outcome=Outcome.IGNORED,
        reason=reason,
        received_at=now,
    )
    return Receipt(Outcome.IGNORED, reason=reason)


def quarantine(
    session: Session,
    inbox_id: int,
    dedupe_key: str,
    reason: str,
    now: datetime,
    raw: bytes | None = None,
    raw_sha256: str | None = None,
    about: Mapping[str, Any] | None = None,
    receipt_id: int | None = None,
) -> Receipt:
    """Keep what cannot be read, visible and retryable, instead of losing it or stumbling over it for ever.

    ``about`` is what could be made out (see ``InboundReceipt``); with ``receipt_id`` it was set aside before and still
    cannot be read.
    """
    if receipt_id is not None:
        return _still_unreadable(session, receipt_id, reason, now)
    if (known := _seen(session, inbox_id, dedupe_key)) is not None:
        return _duplicate(session, inbox_id, known, now)
    line = rows.insert(
        session,
        InboundReceipt,
        inbox_id=inbox_id,
        dedupe_key=dedupe_key,
        outcome=Outcome.QUARANTINED,
        reason=reason,
        received_at=now,
        raw=raw,
        raw_sha256=raw_sha256,
        about={**(about or {}), "why": reason},
    )
    emit(session, Signal(Topic.QUARANTINE, line))
    return Receipt(Outcome.QUARANTINED, reason=reason)


def _settled(session: Session, receipt_id: int) -> Receipt | None:
    """What became of it in the meantime, if it is no longer set aside; the line stays locked."""
    receipt = session.scalar(select(InboundReceipt).where(InboundReceipt.id == receipt_id).with_for_update())
    if receipt is None or receipt.outcome is Outcome.QUARANTINED:
        return None
    return Receipt(receipt.outcome, message_id=receipt.message_id, reason=receipt.reason)


def _still_unreadable(session: Session, receipt_id: int, reason: str, now: datetime) -> Receipt:
    if (settled := _settled(session, receipt_id)) is not None:
        return settled
    receipt = session.get_one(InboundReceipt, receipt_id)
    tries = int(receipt.about.get("tries", 0)) + 1
    receipt.reason = reason
    receipt.about = {**receipt.about, "why": reason, "tries": tries, "tried_at": now.isoformat()}
    return Receipt(Outcome.QUARANTINED, reason=reason)


class _Known(NamedTuple):
    receipt_id: int
    message_id: int | None


def _seen(session: Session, inbox_id: int, dedupe_key: str) -> _Known | None:
    found = rows.first(session, _SEEN, inbox=inbox_id, key=dedupe_key)
    return _Known(*found) if found is not None else None


def _duplicate(session: Session, inbox_id: int, known: _Known, now: datetime, receipt_id: int | None = None) -> Receipt:
    values = {
        "outcome": Outcome.DUPLICATE,
        "reason": f"duplicate of receipt {known.receipt_id}",
        "message_id": known.message_id,
    }
    if receipt_id is None:
        rows.insert(session, InboundReceipt, inbox_id=inbox_id, received_at=now, **values)
    else:
        _becomes(session, receipt_id, dedupe_key=None, **values)
    if known.message_id is None:
        return Receipt(Outcome.DUPLICATE)
    message = session.get_one(Message, known.message_id)
    return Receipt(Outcome.DUPLICATE, message.ticket_id, message.conversation_id, message.id, message.seq)


def _ignored(session: Session, inbound: InboundMessage, now: datetime) -> str | None:
    if inbound.automation is Automation.OWN_ADDRESS:
        return "sent by the desk itself"
    if inbound.report is not None or inbound.automation is Automation.BOUNCE:
        return "a delivery report about nothing the desk sent"
    if inbound.automation is Automation.AUTO_REPLY:
        return _ignored_reply(session, inbound, now)
    if not inbound.sender.value:
        raise InvalidInput("The message names no sender.", "sender")
    return None


def _ignored_reply(session: Session, inbound: InboundMessage, now: datetime) -> str | None:
    """An automatic reply belongs to the ticket it answers; from an address that takes no part it is only noted."""
    ticket = referenced(session, inbound)
    if ticket is None:
        return "an automatic reply to nothing the desk wrote"
    if takes_part(session, ticket, inbound.sender):
        return None
    write(session, ticket.id, SYSTEM, "replied_automatically", now, inbound.sender.value)
    return "an automatic reply from an address that does not take part, noted on the ticket"


def _ledger(
    session: Session,
    inbound: InboundMessage,
    outcome: Outcome,
    now: datetime,
    reason: str = "",
    message_id: int | None = None,
) -> None:
    values = {
        "dedupe_key": inbound.dedupe_key,
        "outcome": outcome,
        "reason": reason,
        "message_id": message_id,
        "authentication": inbound.authentication,
    }
    if inbound.receipt_id is not None:
        _becomes(session, inbound.receipt_id, **values)
        return
    raw = {"raw": inbound.raw, "raw_sha256": inbound.raw_sha256}
    rows.insert(session, InboundReceipt, inbox_id=inbound.inbox_id, received_at=now, **values, **raw)


def _becomes(session: Session, receipt_id: int, **values: Any) -> None:
    """Change a line that counts already: what it stands for has been read again."""
    receipt = session.get_one(InboundReceipt, receipt_id)
    for name, value in values.items():
        setattr(receipt, name, value)


def _add_message(session: Session, place: Place, sender: Person, inbound: InboundMessage, now: datetime) -> int:
    message_id = rows.insert(
        session,
        Message,
        ticket_id=place.ticket.id,
        conversation_id=place.conversation_id,
        seq=place.seq,
        outbound=False,
        author_kind=ActorKind.REQUESTER,
        author_id=sender.requester_id,
        author_name=inbound.sender.name[:200] or sender.name,
        subject=inbound.subject[:300],
        text=shown_text(inbound),
        full_text=inbound.full_text if inbound.full_text != inbound.text else None,
        html=inbound.html,
        external_id=inbound.external_id,
        meta=_meta(session, place, inbound),
        created_at=now,
    )
    attach(session, message_id, inbound.attachments)
    return message_id


def _meta(session: Session, place: Place, inbound: InboundMessage) -> dict[str, Any]:
    meta: dict[str, Any] = {**own_words(inbound)}
    payload = inbound.payload if inbound.payload is not None else _picked(session, place, inbound.option)
    if payload is not None:
        meta["payload"] = payload
    if inbound.automation is not None:
        meta["automation"] = str(inbound.automation)
    if inbound.authentication:
        meta["authentication"] = inbound.authentication
    if inbound.remarks:
        meta["remarks"] = inbound.remarks
    return meta


def _picked(session: Session, place: Place, option: int | None) -> str | None:
    """What the number stands for that a person typed, if the desk's last words in this conversation were a choice."""
    if option is None or place.seq == 1:
        return None
    choices = rows.scalar(session, _OFFERED, conversation=place.conversation_id) or []
    return str(choices[option - 1]["payload"]) if 1 <= option <= len(choices) else None


def _count_as_waiting(session: Session, place: Place, inbound: InboundMessage, now: datetime) -> None:
    """A person who writes waits for an answer, from the first unanswered word on; a machine does not."""
    status, since = place.ticket.status, place.ticket.waiting_since
    if inbound.automation is None:
        status = lifecycle.after_requester_message(status)
        if since is None and status is not Status.RESOLVED:
            since = inbound.received_at
    rows.execute(
        session,
        _REQUESTER_WROTE,
        ticket=place.ticket.id,
        new_status=status,
        since=since,
        new_version=place.ticket.version + 1,
        at=now,
    )


def _owe_work(
    session: Session,
    inbox: InboxRow,
    place: Place,
    message_id: int,
    inbound: InboundMessage,
    now: datetime,
    due: datetime,
) -> int | None:
    """The bot reads everything people write: it answers what it has, and only listens where people have the ticket.

    ``due`` is later where there are pictures to be looked at first.
    """
    if inbound.automation is not None or inbound.accompanies or inbound.for_people:
        return None
    work_id = owe(session, WorkKind.UNDERSTAND, place.ticket.id, due, message_id)
    if place.is_new and inbox.style is InboxStyle.LETTER:
        owe(session, WorkKind.ACKNOWLEDGE, place.ticket.id, now + ACKNOWLEDGE_AFTER, message_id)
    return work_id
