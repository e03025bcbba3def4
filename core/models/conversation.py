"""The threads people write in (conversations), and the ledger of what arrived (receipts)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import Outcome


class Conversation(Base):
    """A channel thread. ``last_seq`` is the cursor of its messages, advanced under this row's lock."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("inbox_id", "thread_key"),)

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    thread_key: Mapped[str] = mapped_column(String(320))
    address_id: Mapped[int] = mapped_column(ForeignKey("requester_address.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    last_seq: Mapped[int] = mapped_column(default=0)
    delivered_seq: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class InboundReceipt(Base):
    """One line of the ledger per delivery: *fetched = ticketed + duplicate + quarantined + ignored*.

    ``dedupe_key`` is unique within an inbox except for duplicates, which carry None and name the first in ``reason``.
    Raw bytes up to a limit lie in ``raw``; larger ones in the blob store under ``raw_sha256``.
    """

    __tablename__ = "inbound_receipt"
    __table_args__ = (
        UniqueConstraint("inbox_id", "dedupe_key"),
        Index("ix_inbound_receipt_outcome", "outcome", "received_at"),
    )

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    dedupe_key: Mapped[str | None] = mapped_column(String(128))
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    reason: Mapped[str] = mapped_column(default="")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    received_at: Mapped[datetime]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    raw_sha256: Mapped[str | None] = mapped_column(String(64))
    authentication: Mapped[dict[str, Any]] = mapped_column(default=dict)
