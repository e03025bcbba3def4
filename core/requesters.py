"""Requesters outside of any ticket: the language somebody wants to be answered in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core import rows
from core.joining import inbox_row, person
from core.models import Conversation, Requester, RequesterAddress, Ticket
from core.tickets import lifecycle
from core.tickets.history import touch
from core.values import Address

_LANGUAGE = (
    select(Requester.language)
    .join(RequesterAddress, RequesterAddress.requester_id == Requester.id)
    .where(RequesterAddress.kind == bindparam("kind"), RequesterAddress.value == bindparam("value"))
)


def language(session: Session, address: Address) -> str | None:
    """The language last seen or chosen; None for somebody new."""
    found: str | None = rows.scalar(session, _LANGUAGE, kind=address.kind, value=address.value)
    return found


def choose_language(session: Session, inbox_id: int, address: Address, chosen: str, now: datetime) -> None:
    """From now on the desk speaks this language with them, also about what is open in this inbox."""
    known = person(session, address, inbox_row(session, inbox_id), chosen, now)
    session.get_one(Requester, known.requester_id).language = chosen
    about = select(Conversation.ticket_id).where(
        Conversation.inbox_id == inbox_id, Conversation.address_id == known.address_id
    )
    for ticket in session.scalars(
        select(Ticket).where(Ticket.id.in_(about), Ticket.status.in_(lifecycle.ACTIVE)).with_for_update()
    ):
        ticket.language = chosen
        touch(session, ticket, now)
