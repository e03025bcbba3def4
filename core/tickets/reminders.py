"""What the desk promised to do later: confirm a letter, go on by mail, close what nobody came back about."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox, rows
from core.inboxes.reading import mailbox_for
from core.models import Conversation, Inbox, Message, Participant, Ticket
from core.outbox import Destination
from core.promises import WORK
from core.tickets import lifecycle
from core.tickets.actions import current_conversation, locked, mail_address, set_resolved
from core.tickets.decisions import BOT_NAME
from core.tickets.history import record
from core.tickets.snooze import plan_reminder
from core.values import BOT, SYSTEM, Delivery, Draft, ResolutionCode, Status


def acknowledge(session: Session, work_id: int, lease: str, draft: Draft, now: datetime) -> bool:
    """Confirm a letter that nothing has answered yet. False if that is no longer owed."""
    work = WORK.finish(session, work_id, lease, now)
    if work is None:
        return False
    ticket = locked(session, work.ticket_id)
    answered = select(Message.id).where(Message.ticket_id == ticket.id, Message.outbound).limit(1)
    if session.scalar(answered) is not None:
        return False
    outbox.enqueue(session, ticket, current_conversation(session, ticket), SYSTEM, BOT_NAME, draft, now)
    return True


def confirm_silence(session: Session, work_id: int, lease: str, now: datetime) -> None:
    """The bot helped, and nobody came back in time: resolved, counted apart from what was confirmed."""
    work = WORK.finish(session, work_id, lease, now)
    if work is None:
        return
    ticket = locked(session, work.ticket_id)
    if ticket.level == 0 and ticket.status in lifecycle.ACTIVE:
        set_resolved(session, ticket, BOT, ResolutionCode.UNCONFIRMED, now)


def remind(session: Session, work_id: int, lease: str, now: datetime) -> None:
    """What was put aside until now is back, and whoever promised to call should."""
    work = WORK.finish(session, work_id, lease, now)
    if work is None:
        return
    ticket = locked(session, work.ticket_id)
    if ticket.status not in lifecycle.ACTIVE:
        return
    if ticket.callback_at is not None and ticket.callback_at <= now:
        ticket.callback_at, ticket.waiting_since = None, ticket.waiting_since or now
        record(session, ticket, SYSTEM, "call_back_now", now)
    if ticket.snoozed_until is not None and ticket.snoozed_until <= now:
        ticket.snoozed_until = None
        record(session, ticket, SYSTEM, "woken", now)
    plan_reminder(session, ticket, now)


def continue_by_mail(session: Session, work_id: int, lease: str, now: datetime) -> int:
    """Send by mail what was said in a chat and never fetched; the ticket goes on there. Returns how many messages."""
    work = WORK.finish(session, work_id, lease, now)
    if work is None:
        return 0
    ticket = locked(session, work.ticket_id)
    message = session.get_one(Message, work.message_id)
    address_id = mail_address(session, ticket.requester_id)
    mailbox = mailbox_for(session, ticket.organization_id)
    if (
        address_id is None
        or mailbox is None
        or message.delivery is Delivery.DELIVERED
        or ticket.status is Status.CLOSED
    ):
        return 0
    unread = session.scalars(
        select(Message)
        .where(
            Message.conversation_id == message.conversation_id,
            Message.ticket_id == ticket.id,
            Message.outbound,
            Message.delivery.in_([Delivery.SENT, Delivery.QUEUED]),
        )
        .order_by(Message.seq)
    ).all()
    if not unread:
        return 0
    destination = _mail_conversation(session, mailbox, address_id, ticket, now)
    draft = Draft("\n\n".join(one.text for one in unread), meta={"continues": [one.id for one in unread]})
    author = unread[-1]
    outbox.enqueue(session, ticket, destination, SYSTEM, author.author_name, draft, now)
    for one in unread:
        one.delivery, one.delivered_at, one.delivery_reason = Delivery.DELIVERED, now, "by_mail"
    record(session, ticket, SYSTEM, "continued_by_mail", now, messages=len(unread))
    return len(unread)


def _mail_conversation(session: Session, mailbox: Inbox, address_id: int, ticket: Ticket, now: datetime) -> Destination:
    conversation_id = session.scalar(
        select(Conversation.id)
        .where(
            Conversation.inbox_id == mailbox.id,
            Conversation.ticket_id == ticket.id,
            Conversation.address_id == address_id,
        )
        .with_for_update()
    )
    if conversation_id is None:
        conversation_id = rows.insert(
            session,
            Conversation,
            inbox_id=mailbox.id,
            thread_key=f"ticket-{ticket.id}-{address_id}",
            address_id=address_id,
            ticket_id=ticket.id,
            created_at=now,
        )
        known = select(Participant.id).where(Participant.ticket_id == ticket.id, Participant.address_id == address_id)
        if session.scalar(known) is None:
            rows.insert(session, Participant, ticket_id=ticket.id, address_id=address_id)
    return Destination(conversation_id, address_id, mailbox.id, mailbox.address, mailbox.style)
