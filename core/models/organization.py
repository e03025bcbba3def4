"""Customers: organizations, the people in them, and the addresses those people write from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice
from core.values import FormOfAddress


class Organization(Base):
    """A customer. ``key`` names its content folder; mail from ``domains`` belongs to it.

    ``form_of_address`` None means as the desk speaks to everybody, ``calendar_id`` None the hours of the inbox it
    writes to, or of the desk.
    """

    __tablename__ = "organization"

    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    domains: Mapped[list[Any]] = mapped_column(default=list)
    form_of_address: Mapped[FormOfAddress | None] = mapped_column(choice(FormOfAddress))
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("business_calendar.id"))
    created_at: Mapped[datetime]


class Requester(Base):
    """A person who reports problems. ``language`` is the last one seen or chosen."""

    __tablename__ = "requester"

    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str | None] = mapped_column(String(8))
    vip: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class RequesterAddress(Base):
    """How a requester is reached on one kind of channel. An unverified address is only a claim."""

    __tablename__ = "requester_address"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    requester_id: Mapped[int] = mapped_column(ForeignKey("requester.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    value: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200), default="")
    verified_at: Mapped[datetime | None]
