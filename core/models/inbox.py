"""Inboxes: the configured instances of channels, and which process is running each right now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import InboxStyle


class InboxState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """Takes nothing in and sends nothing; what is owed waits."""
    ARCHIVED = "archived"
    """Was used and is not any more; kept for its conversations."""


class RunState(StrEnum):
    """How an inbox is doing in one process."""

    STARTING = "starting"
    RUNNING = "running"
    STANDBY = "standby"
    """Another process runs it; this one takes over if that one ends."""
    RETRYING = "retrying"


class Inbox(Base):
    """One configured instance of a channel. ``address`` is what the world writes to (a mailbox, a widget's key).

    ``style``, ``address_kind``, ``pushes`` and ``can_send`` are what its kind says (``core.inboxes.kinds``).
    ``configuration`` holds what the channel's own folder declares, ``sealed`` its secrets, each encrypted by itself,
    ``renewed`` what came in place of one (``core.inboxes.renewals``).
    ``lease`` is the right to run it where only one process may. ``received_at`` and what follows is its health: the
    last of everything, whichever process it happened in; ``problem`` is an ``InboxProblem`` as values.
    """

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("channel", "address"),)

    channel: Mapped[str] = mapped_column(String(24))
    address: Mapped[str] = mapped_column(String(320))
    address_kind: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(200))
    style: Mapped[InboxStyle] = mapped_column(choice(InboxStyle))
    pushes: Mapped[bool] = mapped_column(default=False)
    can_send: Mapped[bool] = mapped_column(default=True)
    state: Mapped[InboxState] = mapped_column(choice(InboxState), default=InboxState.ACTIVE)
    sender_name: Mapped[str] = mapped_column(String(200), default="")
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("business_calendar.id"))
    language: Mapped[str] = mapped_column(String(8), default="de")
    configuration: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sealed: Mapped[dict[str, Any]] = mapped_column(default=dict)
    renewed: Mapped[dict[str, Any] | None]
    lease: Mapped[str | None] = mapped_column(String(36))
    leased_until: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[dict[str, Any] | None]
    problem_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class InboxRun(Base):
    """An inbox in one process, as that process last said (``seen_at``). ``problem`` is why it is retrying."""

    __tablename__ = "inbox_run"
    __table_args__ = (UniqueConstraint("inbox_id", "process"),)

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    process: Mapped[str] = mapped_column(String(200))
    state: Mapped[RunState] = mapped_column(choice(RunState))
    problem: Mapped[dict[str, Any] | None]
    retry_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]


class InboxPosition(Base):
    """How far an inbox has read a source that numbers what it holds; see ``core.inboxes.positions``."""

    __tablename__ = "inbox_position"

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"), unique=True)
    source: Mapped[str] = mapped_column(String(1000))
    generation: Mapped[int] = mapped_column(BigInteger)
    read_to: Mapped[int] = mapped_column(BigInteger)
    tidied_to: Mapped[int] = mapped_column(BigInteger)
    reread_to: Mapped[int] = mapped_column(BigInteger)
    begun_at: Mapped[datetime]
