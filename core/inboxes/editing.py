"""Setting up inboxes: adding, changing, pausing, archiving and removing them. Every process hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, Mistakes, NotFound
from core.inboxes import configuring, renewals
from core.inboxes.kinds import InboxSettings, Kind
from core.inboxes.reading import shown
from core.models import (
    ArrivalRow,
    BusinessCalendar,
    Call,
    CardRow,
    Conversation,
    InboundReceipt,
    Inbox,
    InboxPosition,
    InboxRun,
    InboxState,
    Organization,
    OutboxRow,
    Team,
    TeamRoom,
)
from core.sealing import Seal
from core.signals import Signal, Topic, emit

LONGEST = 200
OWN = "own."
"""What the mistakes of a kind's own fields begin with: two kinds may name a field alike."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is set of an inbox of any kind, and ``typed``, what its own kind asks for; see ``configuring.parse``.

    ``forget`` names the secrets that shall not be kept.
    """

    name: str
    typed: Mapping[str, str]
    sender_name: str = ""
    language: str = "de"
    organization_id: int | None = None
    team_id: int | None = None
    calendar_id: int | None = None
    forget: frozenset[str] = frozenset()


def check(session: Session, kind: Kind[Any], inbox_id: int | None, form: Form, seal: Seal) -> InboxSettings[Any]:
    """What saving would make of it, without saving. Raises ``Mistakes``."""
    inbox = find(session, inbox_id) if inbox_id is not None else None
    name = form.name.strip()
    wrong: dict[str, InvalidInput] = {}
    if not name or len(name) > LONGEST:
        wrong["name"] = InvalidInput("Give the inbox a name, by which colleagues know it.", "name")
    for field, model, chosen in _references(form):
        if chosen is not None and session.get(model, chosen) is None:
            wrong[field] = InvalidInput("Please choose one of the values offered.", field)
    kept = configuring.readable_secrets(inbox, seal) if inbox is not None else {}
    try:
        configuration = configuring.parse(
            kind, form.typed, {key: value for key, value in kept.items() if key not in form.forget}
        )
    except Mistakes as mistakes:
        raise Mistakes({**wrong, **{f"{OWN}{name}": one for name, one in mistakes.fields.items()}}) from None
    if wrong:
        raise Mistakes(wrong)
    return shown(session, inbox_id or 0, kind.key, name, form.sender_name.strip(), form.language, configuration)


def save(session: Session, kind: Kind[Any], inbox_id: int | None, form: Form, seal: Seal, now: datetime) -> int:
    """Add an inbox, which begins to work at once, or change one. Raises ``Mistakes``."""
    settings = check(session, kind, inbox_id, form, seal)
    _require_free(session, kind, inbox_id, settings.address)
    if inbox_id is None:
        inbox = Inbox(channel=kind.key, created_at=now, sealed={})
        session.add(inbox)
    else:
        inbox = find(session, inbox_id)
    inbox.style, inbox.address_kind = kind.style, kind.address_kind
    inbox.pushes, inbox.can_send = kind.pushes, kind.can_send
    inbox.address, inbox.name, inbox.sender_name = settings.address, settings.name, form.sender_name.strip()[:LONGEST]
    inbox.language, inbox.organization_id = form.language, form.organization_id
    inbox.team_id, inbox.calendar_id = form.team_id, form.calendar_id
    inbox.problem = None
    configuring.store(inbox, settings.configuration, seal)
    session.flush()
    _tell(session, inbox.id)
    return inbox.id


def _references(form: Form) -> tuple[tuple[str, type[Organization | Team | BusinessCalendar], int | None], ...]:
    return (
        ("organization", Organization, form.organization_id),
        ("team", Team, form.team_id),
        ("calendar", BusinessCalendar, form.calendar_id),
    )


def _require_free(session: Session, kind: Kind[Any], inbox_id: int | None, address: str) -> None:
    same = select(Inbox).where(Inbox.channel == kind.key, Inbox.address == address, Inbox.id != (inbox_id or 0))
    other = session.scalar(same)
    if other is None:
        return
    if other.state is InboxState.ARCHIVED:
        raise Conflict(
            "The archived inbox “{name}” has the address {address}. Bring that one back instead.",
            name=other.name,
            address=address,
        )
    raise Conflict("The inbox “{name}” already has the address {address}.", name=other.name, address=address)


def set_state(session: Session, inbox_id: int, state: InboxState) -> None:
    """Pause, resume, archive or bring back. What is owed by an inbox that is not active waits in its rows."""
    inbox = find(session, inbox_id)
    if state is InboxState.ARCHIVED and backlog(session, inbox_id):
        raise Conflict("Messages still wait to be sent here. Let them go out first, or pause the inbox instead.")
    if inbox.state is not state:
        inbox.state, inbox.problem = state, None
        _tell(session, inbox_id)
        emit(session, Signal(Topic.OUTBOX, inbox_id))


def remove(session: Session, inbox_id: int) -> None:
    """Only what was never used can be removed; anything else is archived."""
    inbox = find(session, inbox_id)
    if is_used(session, inbox_id):
        raise Conflict("This inbox has conversations, which would be lost. Archive it instead.")
    for model in (InboxPosition, InboxRun, TeamRoom):
        session.execute(delete(model).where(model.inbox_id == inbox_id))
    session.delete(inbox)
    _tell(session, inbox_id)


def is_used(session: Session, inbox_id: int) -> bool:
    used = (
        session.scalar(select(model.id).where(model.inbox_id == inbox_id).limit(1))
        for model in (ArrivalRow, Call, CardRow, Conversation, InboundReceipt, OutboxRow)
    )
    return any(one is not None for one in used)


def backlog(session: Session, inbox_id: int) -> int:
    """How many messages still wait to be sent there."""
    waiting = select(func.count()).where(OutboxRow.inbox_id == inbox_id, OutboxRow.state == "pending")
    return session.scalar(waiting) or 0


def seal_anew(session: Session, seal: Seal) -> int:
    """Seal with the newest secret what an older one still opens; how many inboxes were touched."""
    touched = 0
    for inbox in session.scalars(select(Inbox)):
        readable = configuring.readable_secrets(inbox, seal)
        old = {name: secret for name, secret in readable.items() if not seal.is_newest(inbox.sealed[name])}
        if old:
            inbox.sealed = {**inbox.sealed, **{name: seal.close(secret) for name, secret in old.items()}}
        touched += renewals.seal_anew(inbox, seal) or bool(old)
    return touched


def find(session: Session, inbox_id: int) -> Inbox:
    inbox = session.get(Inbox, inbox_id)
    if inbox is None:
        raise NotFound("That inbox does not exist any more.")
    return inbox


def _tell(session: Session, inbox_id: int) -> None:
    emit(session, Signal(Topic.INBOX, inbox_id))
