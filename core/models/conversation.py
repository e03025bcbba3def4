"""The threads people write in (conversations), and the ledger of what arrived (receipts)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import Outcome


class Conversation(Base):
    """A channel thread. ``last_seq`` is the cursor of its messages, advanced under this row's lock.

    ``is_shared`` means that others read along there (a channel, a group): what only its requester may hear is not said.
    """

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("inbox_id", "thread_key"),)

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    thread_key: Mapped[str] = mapped_column(String(320))
    address_id: Mapped[int] = mapped_column(ForeignKey("requester_address.id"), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    last_seq: Mapped[int] = mapped_column(default=0)
    delivered_seq: Mapped[int] = mapped_column(default=0)
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class InboundReceipt(Base):
    """One line of the ledger per delivery: *fetched = ticketed + duplicate + quarantined + ignored*.

    A line keeps counting once, whatever people do with it: what was set aside and is read again takes the outcome of
    that reading, what is discarded is *ignored* with the reason given, by whom and when.

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
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Of what was set aside: ``sender`` and ``subject`` as far as they could be made out, ``envelope_sender``, ``size``
    in bytes, ``file`` its name where it is no mail, ``why`` it could not be read, how often (``tries``) and when last
    (``tried_at``) it was read again."""
    discarded_at: Mapped[datetime | None]
    discarded_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
