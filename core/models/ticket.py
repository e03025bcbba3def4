"""The work item and everything documented on it: messages, attachments, history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import (
    ActorKind,
    Delivery,
    ResolutionCode,
    Scale,
    Status,
    TicketKind,
    ticket_number,
)


class Ticket(Base):
    """A ticket. ``level`` 0 means the bot has it; from 1 on people do. ``version`` grows with every change.

    ``merged_into_id`` is the ticket that everything said on this one went to; that one is never merged itself.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("level BETWEEN 0 AND 3", name="level"),
        CheckConstraint("level > 0 OR assignee_id IS NULL", name="bot_has_no_assignee"),
        CheckConstraint("merged_into_id IS NULL OR status = 'closed'", name="merged_is_closed"),
        Index("ix_ticket_queue", "status", "level", "team_id", "waiting_since"),
        Index("ix_ticket_updated", "updated_at"),
    )

    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    subject: Mapped[str] = mapped_column(String(300), default="")
    language: Mapped[str] = mapped_column(String(8), default="de")
    kind: Mapped[TicketKind] = mapped_column(choice(TicketKind), default=TicketKind.QUESTION)
    status: Mapped[Status] = mapped_column(choice(Status), default=Status.NEW)
    impact: Mapped[Scale] = mapped_column(choice(Scale, "impact"), default=Scale.LOW)
    urgency: Mapped[Scale] = mapped_column(choice(Scale, "urgency"), default=Scale.MEDIUM)
    priority: Mapped[int] = mapped_column(default=3)
    level: Mapped[int] = mapped_column(default=0)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    intent: Mapped[str | None] = mapped_column(String(80))
    confidence: Mapped[float | None]
    bot_state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    packet: Mapped[dict[str, Any]] = mapped_column(default=dict)
    resolution_code: Mapped[ResolutionCode | None] = mapped_column(choice(ResolutionCode))
    follow_up_of_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    merged_into_id: Mapped[int | None] = mapped_column(
        # Checked at the commit: a backup is restored in the order of the ids, and this may name a later ticket.
        ForeignKey("ticket.id", deferrable=True, initially="DEFERRED"),
        index=True,
    )
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None]
    handed_off_at: Mapped[datetime | None]
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    callback_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]

    @property
    def number(self) -> str:
        return ticket_number(self.id)


class Message(Base):
    """Something said. A note has no conversation and no ``seq``; everything public has both.

    ``external_id`` is the channel's public id (a Message-ID) by which replies are recognised. ``delivery`` is None for
    what came in.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        CheckConstraint("(conversation_id IS NULL) = (seq IS NULL)", name="seq_in_conversation"),
        CheckConstraint("NOT is_note OR conversation_id IS NULL", name="note_is_internal"),
        CheckConstraint("(delivery IS NULL) = (is_note OR NOT outbound)", name="delivery_of_outbound"),
        Index("ix_message_ticket", "ticket_id", "id"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    seq: Mapped[int | None]
    outbound: Mapped[bool]
    is_note: Mapped[bool] = mapped_column(default=False)
    author_kind: Mapped[ActorKind] = mapped_column(choice(ActorKind))
    author_id: Mapped[int | None]
    author_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(300), default="")
    text: Mapped[str]
    full_text: Mapped[str | None]
    html: Mapped[str | None] = mapped_column(deferred=True)
    external_id: Mapped[str | None] = mapped_column(String(500), index=True)
    in_reply_to: Mapped[str | None] = mapped_column(String(500))
    choices: Mapped[list[Any]] = mapped_column(default=list)
    offers_help: Mapped[bool] = mapped_column(default=False)
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    delivery: Mapped[Delivery | None] = mapped_column(choice(Delivery))
    delivery_reason: Mapped[str] = mapped_column(default="")
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Participant(Base):
    """An address that takes part in a ticket: only those may join it by a reference or a number."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("ticket_id", "address_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    address_id: Mapped[int] = mapped_column(ForeignKey("requester_address.id"), index=True)


class Attachment(Base):
    """A file on a message; its bytes lie in the blob store under their SHA-256."""

    __tablename__ = "attachment"

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(127))
    size: Mapped[int]
    content_id: Mapped[str | None] = mapped_column(String(255))


class HistoryEntry(Base):
    """Who did what, when and why. Rows are only ever added."""

    __tablename__ = "history_entry"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    actor_kind: Mapped[ActorKind] = mapped_column(choice(ActorKind))
    actor_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(40))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(default="")
