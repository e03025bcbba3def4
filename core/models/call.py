"""Telephone calls: as a telephone system tells of them, or as somebody wrote them down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import CallResult, Direction


class Call(Base):
    """A call. ``number`` is the other side's in E.164, empty if withheld; ``line`` is the desk's own.

    ``people`` are those whose telephones rang and ``answered_by`` who took it, as the telephone system calls them;
    ``to_mailbox`` says that a machine took it. ``agent_id`` is who of the staff had the call, or wrote it down;
    ``message_id`` is what of it stands on the ticket. ``result`` None means that it is going on. ``put_away_by`` are
    the agents who do not want to see it on every page.
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("inbox_id", "key"),
        Index("ix_call_started_at", "started_at"),
        Index("ix_call_number", "number", "inbox_id"),
    )

    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    key: Mapped[str] = mapped_column(String(128))
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    number: Mapped[str] = mapped_column(String(40), default="")
    line: Mapped[str] = mapped_column(String(40), default="")
    people: Mapped[list[Any]] = mapped_column(default=list)
    answered_by: Mapped[str] = mapped_column(String(200), default="")
    to_mailbox: Mapped[bool] = mapped_column(default=False)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[CallResult | None] = mapped_column(choice(CallResult))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), unique=True)
    put_away_by: Mapped[list[Any]] = mapped_column(default=list)

    @property
    def talked_for(self) -> timedelta | None:
        """How long people spoke; None where nobody knows, or nobody did."""
        if self.result is not CallResult.TALKED or self.answered_at is None or self.ended_at is None:
            return None
        return max(self.ended_at - self.answered_at, timedelta(0))

    @property
    def rang_for(self) -> timedelta | None:
        """How long it rang before somebody answered or gave up; None where the beginning or the end is not known."""
        until = self.answered_at or self.ended_at
        return until - self.started_at if until is not None and until > self.started_at else None
