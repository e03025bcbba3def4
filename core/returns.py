"""What comes back about a message of ours: it is noted at that message, where people look for it.

A report is believed if it names a Message-ID of ours, which only those know who got the message.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Conversation, Message, RequesterAddress, Ticket
from core.tickets.history import record
from core.values import SYSTEM, Delivery, DeliveryReport, Fate, Outcome, Receipt, Status

_ACTIONS = {
    Fate.FAILED: "delivery_failed",
    Fate.DELAYED: "delivery_delayed",
    Fate.READ: "was_read",
    Fate.COMPLAINED: "complained",
}
"""What the ticket's history says; that something arrived needs no line."""


class Awaited(NamedTuple):
    """A message that the other side took and has not reported on; ``sent_as`` is how it is called there."""

    external_id: str
    sent_as: str
    recipient: str


def awaited(session: Session, inbox_id: int, since: datetime) -> list[Awaited]:
    """What an inbox sent from then on and waits to hear of."""
    query = (
        select(Message.external_id, Message.meta, RequesterAddress.value)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(RequesterAddress, RequesterAddress.id == Conversation.address_id)
        .where(Conversation.inbox_id == inbox_id, Message.delivery == Delivery.SENT, Message.created_at > since)
        .order_by(Message.id)
    )
    found = ((id_ or "", meta.get("sent_as", ()), number) for id_, meta, number in session.execute(query))
    return [Awaited(id_, names[-1], number) for id_, names, number in found if names]


def settle(session: Session, report: DeliveryReport, now: datetime) -> Receipt | None:
    """Note what is reported; None if no message of ours is meant."""
    message = _reported(session, report)
    if message is None:
        return None
    ticket = session.scalars(select(Ticket).where(Ticket.id == message.ticket_id).with_for_update()).one()
    if _is_news(message, report.fate):
        _note(message, report, now)
        if report.fate is Fate.FAILED and ticket.status is Status.PENDING:
            # Nobody can answer what never arrived.
            ticket.status = Status.OPEN
        if (action := _ACTIONS.get(report.fate)) is not None:
            record(
                session, ticket, SYSTEM, action, now, reason=report.reason, message_id=message.id, to=report.recipient
            )
    return Receipt(Outcome.TICKETED, ticket.id, message.conversation_id, message.id, message.seq)


def _reported(session: Session, report: DeliveryReport) -> Message | None:
    found = session.scalars(select(Message).where(Message.external_id.in_(report.message_ids), Message.outbound)).all()
    by_id = {message.external_id: message for message in found}
    return next((by_id[one] for one in report.message_ids if one in by_id), None)


def _is_news(message: Message, fate: Fate) -> bool:
    """A mail that failed is not late any more, and one that was read did arrive."""
    known = Fate((message.meta.get("report") or {"fate": Fate.DELAYED})["fate"])
    if message.delivery is Delivery.FAILED:
        return fate is Fate.COMPLAINED
    order = (Fate.DELAYED, Fate.DELIVERED, Fate.READ, Fate.FAILED, Fate.COMPLAINED)
    return "report" not in message.meta or order.index(fate) > order.index(known)


def _note(message: Message, report: DeliveryReport, now: datetime) -> None:
    details = {"fate": report.fate, "reason": report.reason, "said": report.said, "recipient": report.recipient}
    message.meta = {**message.meta, "report": {**details, "at": now.isoformat()}}
    if report.fate is Fate.FAILED:
        message.delivery, message.delivery_reason = Delivery.FAILED, report.reason
    elif report.fate in (Fate.DELIVERED, Fate.READ) and message.delivery is Delivery.SENT:
        message.delivery, message.delivered_at = Delivery.DELIVERED, now
