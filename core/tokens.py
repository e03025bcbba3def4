"""Tokens of the REST API: what may be done with each, in whose name. Only a token's SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.models import Agent, ApiToken

SCOPES = (
    "tickets:read",
    "tickets:write",
    "requesters:read",
    "requesters:write",
    "knowledge:read",
    "knowledge:write",
)
PREFIX = "fl_"
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a token was last used: a write for every request would cost more than the request."""


def issue(session: Session, name: str, scopes: list[str], agent_id: int, now: datetime) -> str:
    """A new token, told this once. What it does is done in the name of the agent."""
    if not name.strip():
        raise InvalidInput("Say what the token is for.", "name")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidInput("Choose what the token may do.", "scopes")
    token = PREFIX + secrets.token_urlsafe(32)
    kept = {"token_sha256": _hash(token), "scopes": sorted(scopes)}
    session.add(ApiToken(name=name.strip()[:120], agent_id=agent_id, created_at=now, **kept))
    return token


def find(session: Session, token: str) -> ApiToken | None:
    """The valid token, if its agent still works here."""
    return session.scalar(
        select(ApiToken)
        .join(Agent, Agent.id == ApiToken.agent_id)
        .where(ApiToken.token_sha256 == _hash(token), ApiToken.revoked_at.is_(None), Agent.active)
    )


def seen(session: Session, token_id: int, now: datetime) -> None:
    token = session.get(ApiToken, token_id)
    if token is not None:
        token.last_used_at = now


def revoke(session: Session, token_id: int, now: datetime) -> None:
    token = session.get(ApiToken, token_id)
    if token is not None and token.revoked_at is None:
        token.revoked_at = now


def everything(session: Session) -> list[tuple[ApiToken, str]]:
    """All that are not revoked, with whose name they act in."""
    query = select(ApiToken, Agent.name).join(Agent, Agent.id == ApiToken.agent_id).where(ApiToken.revoked_at.is_(None))
    return [(token, name) for token, name in session.execute(query.order_by(ApiToken.name))]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
