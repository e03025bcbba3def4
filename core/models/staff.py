"""The desk's people: agents, the teams they work in, and their signed-in sessions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, choice


class Role(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class Team(Base):
    """A support group. Level 1 is the Service Desk, 2 the experienced, 3 the experts; 0 is the bot and no team."""

    __tablename__ = "team"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 3", name="level"),)

    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[int]


class Agent(Base):
    """A member of staff. ``password_hash`` is Argon2's encoded form."""

    __tablename__ = "agent"

    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(choice(Role), default=Role.AGENT)
    language: Mapped[str] = mapped_column(String(8), default="de")
    active: Mapped[bool] = mapped_column(default=True)
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class TeamMember(Base):
    __tablename__ = "team_member"

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)


class TeamRoom(Base):
    """Where a team talks on a channel (``room`` is the channel's own id): its tickets are shown there as cards."""

    __tablename__ = "team_room"
    __table_args__ = (UniqueConstraint("inbox_id", "team_id"),)

    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    room: Mapped[str] = mapped_column(String(64))


class StaffSession(Base):
    """A signed-in browser. Only the SHA-256 of its token is kept."""

    __tablename__ = "staff_session"

    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A key to the REST API that acts in an agent's name, within its scopes. Only its SHA-256 is kept."""

    __tablename__ = "api_token"

    name: Mapped[str] = mapped_column(String(120))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
