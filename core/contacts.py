"""Who wrote, where the channel itself names a further address of theirs (a messenger's profile has an e-mail address).

Such an address is a claim. Only where an admin takes the channel's word for it does it make the sender somebody who is
known already; a claim that nobody could check yields to one that somebody can.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core import rows
from core.joining import InboxRow, Person, known_person, person
from core.models import Conversation, Message, RequesterAddress
from core.values import Address, InboundMessage

_address = RequesterAddress.__table__
_HAS_WRITTEN = (
    select(Message.id)
    .join(Conversation, Conversation.id == Message.conversation_id)
    .where(Conversation.address_id == RequesterAddress.id, Message.outbound.is_(False))
    .exists()
)
_ADDRESS = select(
    RequesterAddress.id, RequesterAddress.requester_id, RequesterAddress.verified_at.is_not(None) | _HAS_WRITTEN
).where(RequesterAddress.kind == bindparam("kind"), RequesterAddress.value == bindparam("value"))
_GIVE = (
    update(_address)  # type: ignore[arg-type]
    .where(_address.c.id == bindparam("address"))
    .values(requester_id=bindparam("requester"), verified_at=bindparam("at"))
)
_VERIFY = (
    update(_address)  # type: ignore[arg-type]
    .where(_address.c.id == bindparam("address"), _address.c.verified_at.is_(None))
    .values(verified_at=bindparam("at"))
)


class _Known(NamedTuple):
    """An address somebody has; ``in_use`` unless it was only ever claimed."""

    address_id: int
    requester_id: int
    in_use: bool


def sender(session: Session, inbound: InboundMessage, inbox: InboxRow, now: datetime) -> Person:
    """The requester who wrote a message, made if nobody knows them."""
    contact, verified = inbound.contact, inbound.contact_is_verified
    if contact is None:
        return person(session, inbound.sender, inbox, inbound.language, now)
    owner = _owner(session, contact)
    if verified and owner is not None and owner.in_use and known_person(session, inbound.sender) is None:
        _add(session, owner.requester_id, inbound.sender, now)
    vouched = contact if verified else None
    found = person(session, inbound.sender, inbox, inbound.language, now, vouched)
    if owner is None:
        _add(session, found.requester_id, contact, now if verified else None)
    elif verified and (owner.requester_id == found.requester_id or not owner.in_use):
        rows.execute(session, _GIVE, address=owner.address_id, requester=found.requester_id, at=now)
    if verified:
        rows.execute(session, _VERIFY, address=found.address_id, at=now)
    return found


def _owner(session: Session, contact: Address) -> _Known | None:
    found = rows.first(session, _ADDRESS, kind=contact.kind, value=contact.value)
    return _Known(*found) if found is not None else None


def _add(session: Session, requester_id: int, address: Address, verified_at: datetime | None) -> None:
    rows.insert(
        session,
        RequesterAddress,
        requester_id=requester_id,
        kind=address.kind,
        value=address.value,
        name=address.name[:200],
        verified_at=verified_at,
    )
