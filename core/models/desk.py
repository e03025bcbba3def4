"""The desk itself: what it calls itself, how it behaves, and when people are there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import FormOfAddress


class BusinessCalendar(Base):
    """Business hours under a name. ``hours`` are those of ``core.tickets.calendar``; ``days`` the desk's own days.

    An own day is ``{"date": "2026-12-24", "yearly": true, "name": "…", "hours": ["08:00-12:00"]}``; without hours it is
    closed, and with hours it is open even on a holiday.
    """

    __tablename__ = "business_calendar"

    name: Mapped[str] = mapped_column(String(120), unique=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    hours: Mapped[dict[str, Any]] = mapped_column(default=dict)
    country: Mapped[str] = mapped_column(String(8), default="")
    region: Mapped[str] = mapped_column(String(64), default="")
    days: Mapped[list[Any]] = mapped_column(default=list)
    updated_at: Mapped[datetime]


class DeskSettings(Base):
    """What an admin sets for the whole desk; the table has one row. ``calendar_id`` is the default calendar.

    ``form_of_address`` is how it speaks German to everybody whose customer did not choose. ``threshold`` None takes the
    value found in training. ``reads_pictures`` has the text in pictures read by machine.
    """

    __tablename__ = "desk"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    name: Mapped[str] = mapped_column(String(120))
    default_language: Mapped[str] = mapped_column(String(8))
    form_of_address: Mapped[FormOfAddress] = mapped_column(choice(FormOfAddress), default=FormOfAddress.FORMAL)
    threshold: Mapped[float | None]
    reads_pictures: Mapped[bool] = mapped_column(default=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("business_calendar.id"))
    updated_at: Mapped[datetime]
