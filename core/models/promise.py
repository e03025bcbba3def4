"""What the desk owes: messages to be sent, work to be done, what is to be read (again), cards to be shown."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, PromiseMixin, choice


class OutboxRow(PromiseMixin, Base):
    """A message owed to a person; its lane is the conversation."""

    __tablename__ = "outbox"

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))


class WorkKind(StrEnum):
    UNDERSTAND = "understand"
    """A message the bot has not read yet."""
    ACKNOWLEDGE = "acknowledge"
    """A confirmation owed if nothing else has been said by then."""
    CONTINUE_BY_MAIL = "continue_by_mail"
    """A chat answer that was not fetched, and an address to send it to."""
    CONFIRM_SILENCE = "confirm_silence"
    """The bot helped and heard nothing since; the ticket is resolved as unconfirmed."""
    REMIND = "remind"
    """A ticket was put aside until now, or a call back was promised for now."""


class WorkRow(PromiseMixin, Base):
    """Work owed on a ticket; its lane is the ticket."""

    __tablename__ = "work"

    kind: Mapped[WorkKind] = mapped_column(choice(WorkKind))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))


class RereadRow(PromiseMixin, Base):
    """Something set aside that is to be read again by its channel; its lane is the receipt."""

    __tablename__ = "reread"

    receipt_id: Mapped[int] = mapped_column(ForeignKey("inbound_receipt.id"), index=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))


class ArrivalRow(PromiseMixin, Base):
    """What a channel was handed and has acknowledged, and not read yet; its lane stands for the thread.

    ``key`` identifies the delivery for ever; ``payload`` is what came, and is emptied when it has been read.
    """

    __tablename__ = "arrival"

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    key: Mapped[str] = mapped_column(String(128))
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]


class CardRow(PromiseMixin, Base):
    """What a team's room shows of a ticket; due whenever that is not what the ticket is any more.

    ``external_id`` is the channel's id of the card once it is there; ``asked`` counts how often it had to be shown.
    """

    __tablename__ = "card"

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    room: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str | None] = mapped_column(String(64))
    asked: Mapped[int] = mapped_column(default=1)


Index("ix_arrival_key", ArrivalRow.inbox_id, ArrivalRow.key, unique=True)
