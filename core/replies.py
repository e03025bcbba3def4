"""Answers kept ready: found, filled in, written and removed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, NotFound
from core.models import CannedReply

LONGEST_TITLE = 120


def offered(session: Session, organization_id: int | None) -> list[CannedReply]:
    """What may be said on a ticket of this organization, by title."""
    mine = or_(CannedReply.organization_id.is_(None), CannedReply.organization_id == organization_id)
    return list(session.scalars(select(CannedReply).where(mine).order_by(CannedReply.title)))


def everything(session: Session) -> list[CannedReply]:
    return list(session.scalars(select(CannedReply).order_by(CannedReply.title)))


def save(
    session: Session,
    reply_id: int | None,
    title: str,
    text_de: str,
    text_en: str,
    organization_id: int | None,
    now: datetime,
) -> int:
    """Write a new one, or change one. Raises ``InvalidInput`` unless it has a title and both languages."""
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise InvalidInput("Give the answer a short title, by which it is found.", "title")
    if not text_de.strip() or not text_en.strip():
        raise InvalidInput("Write the answer in German and in English: requesters speak either.", "text_de")
    reply = session.get(CannedReply, reply_id) if reply_id is not None else CannedReply()
    if reply is None:
        raise NotFound("That answer does not exist any more.")
    reply.title, reply.text_de, reply.text_en = title.strip(), text_de.strip(), text_en.strip()
    reply.organization_id, reply.updated_at = organization_id, now
    session.add(reply)
    session.flush()
    return reply.id


def remove(session: Session, reply_id: int) -> None:
    reply = session.get(CannedReply, reply_id)
    if reply is not None:
        session.delete(reply)


def filled(text: str, name: str, number: str, agent: str) -> str:
    """The placeholders ``{name}``, ``{number}`` and ``{agent}`` replaced; anything else in braces stays as it is."""
    for placeholder, value in (("{name}", name), ("{number}", number), ("{agent}", agent)):
        text = text.replace(placeholder, value)
    return text
