"""What the desk owes: messages still to be sent, work still to be done, mail still to be read again."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey
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
