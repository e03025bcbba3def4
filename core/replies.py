"""Answers kept ready: found, filled in, written and removed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from core import rights
from core.errors import InvalidInput, NotFound
from core.models import CannedReply
from core.rights import Right

LONGEST_TITLE = 120


def offered(session: Session, organization_id: int | None, agent_id: int | None = None) -> list[CannedReply]:
    """What may be said on a ticket of this organization, by title: everybody's answers, and the agent's own."""
    fitting = or_(CannedReply.organization_id.is_(None), CannedReply.organization_id == organization_id)
    return list(session.scalars(select(CannedReply).where(fitting, _seen_by(agent_id)).order_by(CannedReply.title)))


def everything(session: Session, agent_id: int | None = None) -> list[CannedReply]:
    """Everybody's answers and the agent's own, by title."""
    return list(session.scalars(select(CannedReply).where(_seen_by(agent_id)).order_by(CannedReply.title)))


def _seen_by(agent_id: int | None) -> ColumnElement[bool]:
    return or_(CannedReply.agent_id.is_(None), CannedReply.agent_id == agent_id)


def save(
    session: Session,
    reply_id: int | None,
    title: str,
    text_de: str,
    text_en: str,
    organization_id: int | None,
    now: datetime,
    by: int | None = None,
    own: bool = False,
) -> int:
    """Write a new one, or change one. Raises ``InvalidInput`` unless it has a title and both languages.

    ``by`` is the agent who does it (None is the desk itself), ``own`` keeps it for them alone; what everybody uses not
    everybody may change.
    """
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise InvalidInput("Give the answer a short title, by which it is found.", "title")
    if not text_de.strip() or not text_en.strip():
        raise InvalidInput("Write the answer in German and in English: requesters speak either.", "text_de")
    reply = _changeable(session, reply_id, by) if reply_id is not None else CannedReply()
    if by is not None and not own:
        rights.require_of(session, by, Right.SHARE)
    reply.title, reply.text_de, reply.text_en = title.strip(), text_de.strip(), text_en.strip()
    reply.organization_id, reply.agent_id, reply.updated_at = organization_id, by if own else None, now
    session.add(reply)
    session.flush()
    return reply.id


def remove(session: Session, reply_id: int, by: int | None = None) -> None:
    session.delete(_changeable(session, reply_id, by))


def _changeable(session: Session, reply_id: int, by: int | None) -> CannedReply:
    """The answer, if this agent may change it; somebody else's own is none."""
    reply = session.get(CannedReply, reply_id)
    if reply is None or (by is not None and reply.agent_id not in (None, by)):
        raise NotFound("That answer does not exist any more.")
    if by is not None and reply.agent_id is None:
        rights.require_of(session, by, Right.SHARE)
    return reply


def filled(text: str, name: str, number: str, agent: str) -> str:
    """The placeholders ``{name}``, ``{number}`` and ``{agent}`` replaced; anything else in braces stays as it is.

    Who has no name is greeted without one: "Guten Tag," and not "Guten Tag ,".
    """
    if not name:
        text = text.replace(" {name}", "")
    for placeholder, value in (("{name}", name), ("{number}", number), ("{agent}", agent)):
        text = text.replace(placeholder, value)
    return text
