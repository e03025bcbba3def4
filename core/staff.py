"""Staff: adding people, signing in and out. Passwords are Argon2id; of a session only the token's hash is kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound
from core.models import Agent, Role, StaffSession, Team, TeamMember

SESSION = timedelta(hours=12)
SHORTEST = 10

_hasher = PasswordHasher()


def _of_nobody() -> str:
    """What a hash looks like that no password has; made up, since computing one takes tens of milliseconds."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
        for size in (_hasher.salt_len, _hasher.hash_len)
    )
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


_NOBODY = _of_nobody()
"""Compared against when there is no such agent, so that the time taken does not tell."""


def hash_password(password: str) -> str:
    """Takes tens of milliseconds on purpose. Raises ``InvalidInput`` for a password that is too short."""
    if len(password) < SHORTEST:
        raise InvalidInput("The password needs at least {count} characters.", "password", count=SHORTEST)
    return _hasher.hash(password)


def add_agent(
    session: Session,
    email: str,
    name: str,
    password_hash: str,
    role: Role,
    team_keys: tuple[str, ...],
    now: datetime,
    language: str = "de",
) -> int:
    """A new member of staff, or an existing one changed. Returns the id."""
    agent = session.scalar(select(Agent).where(Agent.email == email.lower()))
    if agent is None:
        agent = Agent(email=email.lower(), created_at=now, name=name, password_hash=password_hash)
        session.add(agent)
    agent.name, agent.password_hash, agent.role, agent.language, agent.active = (
        name,
        password_hash,
        role,
        language,
        True,
    )
    session.flush()
    session.execute(delete(TeamMember).where(TeamMember.agent_id == agent.id))
    for key in team_keys:
        team_id = session.scalar(select(Team.id).where(Team.key == key))
        if team_id is None:
            raise NotFound("There is no team “{key}”.", key=key)
        session.add(TeamMember(team_id=team_id, agent_id=agent.id))
    return agent.id


def by_email(session: Session, email: str) -> int | None:
    """The active agent who signs in with this address."""
    return session.scalar(select(Agent.id).where(Agent.email == email.strip().lower(), Agent.active))


def password_hash_of(session: Session, email: str) -> tuple[int | None, str]:
    """The agent's id and hash, or None and a hash that fits no password."""
    agent = session.scalar(select(Agent).where(Agent.email == email.strip().lower(), Agent.active))
    return (agent.id, agent.password_hash) if agent is not None else (None, _NOBODY)


def fits(password_hash: str, password: str) -> bool:
    """Takes tens of milliseconds on purpose: call it off the loop and outside any transaction."""
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def open_session(session: Session, agent_id: int, now: datetime) -> str:
    """A session's token; it is not stored and cannot be read again."""
    token = secrets.token_urlsafe(32)
    session.add(StaffSession(token_sha256=_digest(token), agent_id=agent_id, created_at=now, expires_at=now + SESSION))
    session.execute(delete(StaffSession).where(StaffSession.expires_at < now))
    return token


def close_session(session: Session, token: str) -> None:
    session.execute(delete(StaffSession).where(StaffSession.token_sha256 == _digest(token)))


def signed_in(session: Session, token: str, now: datetime) -> Agent | None:
    """The agent whose valid session this is."""
    return session.scalar(
        select(Agent)
        .join(StaffSession, StaffSession.agent_id == Agent.id)
        .where(StaffSession.token_sha256 == _digest(token), StaffSession.expires_at > now, Agent.active)
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
