"""What makes the console a workplace: what an agent has read, mentions, ready answers, saved searches, corrections."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base


class Reading(Base):
    """Up to which message an agent has read a ticket."""

    __tablename__ = "reading"
    __table_args__ = (UniqueConstraint("ticket_id", "agent_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    message_id: Mapped[int]


class Mention(Base):
    """A note asks this agent to look. Seen as soon as the agent has read that far (see ``Reading``)."""

    __tablename__ = "mention"
    __table_args__ = (UniqueConstraint("agent_id", "message_id"),)

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)


class Presence(Base):
    """Where an agent is looking right now, as far as their page said; one row an agent."""

    __tablename__ = "presence"

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), unique=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    seen_at: Mapped[datetime]
    typing_until: Mapped[datetime | None]


class SentForm(Base):
    """A form that an agent sent, so that sent twice it acts once; kept for as long as it may come again."""

    __tablename__ = "sent_form"
    __table_args__ = (UniqueConstraint("agent_id", "key"),)

    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    key: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime] = mapped_column(index=True)


class CannedReply(Base):
    """An answer kept ready in both languages; ``{name}``, ``{number}`` and ``{agent}`` are filled in.

    ``organization_id`` None means for everybody's tickets, ``agent_id`` None for everybody who answers them.
    """

    __tablename__ = "canned_reply"

    title: Mapped[str] = mapped_column(String(120))
    text_de: Mapped[str]
    text_en: Mapped[str]
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    updated_at: Mapped[datetime]


class SavedView(Base):
    """A search kept under a name; without ``agent_id`` everybody sees it."""

    __tablename__ = "saved_view"

    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(String(500))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)


class Correction(Base):
    """An agent said what a message was really about: kept for training."""

    __tablename__ = "correction"
    __table_args__ = (UniqueConstraint("message_id"),)

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    predicted: Mapped[str | None] = mapped_column(String(80))
    intent: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
