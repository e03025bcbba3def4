"""Which inboxes there are: for the processes that run them, and for whoever looks for one to write from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from core import desk_settings
from core.errors import InboxProblem
from core.inboxes import configuring
from core.inboxes.kinds import Configuration, InboxSettings, Kinds
from core.models import Inbox, InboxState
from core.sealing import Seal


@dataclass(frozen=True, slots=True)
class Configured:
    """An inbox to be run (or, not ``is_active``, to be kept at rest): its settings, or what is wrong with them.

    ``own_addresses`` are of the kind ``address_kind``.
    """

    id: int
    is_active: bool
    address_kind: str
    own_addresses: frozenset[str]
    settings: InboxSettings[Any] | None
    problem: InboxProblem | None = None


def configured(session: Session, kinds: Kinds, seal: Seal) -> list[Configured]:
    """All inboxes that are not archived."""
    wanted = select(Inbox).where(Inbox.state != InboxState.ARCHIVED).order_by(Inbox.id)
    return [_configured(session, inbox, kinds, seal) for inbox in session.scalars(wanted)]


def _configured(session: Session, inbox: Inbox, kinds: Kinds, seal: Seal) -> Configured:
    is_active, kind = inbox.state is InboxState.ACTIVE, inbox.address_kind
    try:
        settings = settings_of(session, inbox, kinds, seal)
    except InboxProblem as problem:
        return Configured(inbox.id, is_active, kind, frozenset({inbox.address}), None, problem)
    return Configured(inbox.id, is_active, kind, settings.configuration.own_addresses, settings)


def settings_of(session: Session, inbox: Inbox, kinds: Kinds, seal: Seal) -> InboxSettings[Any]:
    """Raises ``InboxProblem`` for one whose settings cannot be read."""
    kind = kinds.get(inbox.channel)
    if kind is None:
        raise InboxProblem(
            "This version of Firstline knows no channel “{channel}”.",
            "Archive the inbox, or run the version that brought it.",
            channel=inbox.channel,
        )
    configuration = configuring.load(kind, inbox, seal)
    return shown(session, inbox.id, inbox.channel, inbox.name, inbox.sender_name, inbox.language, configuration)


def shown(
    session: Session, inbox_id: int, channel: str, name: str, own: str, language: str, configuration: Configuration
) -> InboxSettings[Any]:
    """The settings with what the desk is called there: by the inbox's own name for it, or as everywhere."""
    desk = desk_settings.read(session)
    return InboxSettings(inbox_id, channel, name, own or desk.name, language, configuration, desk.form_of_address)


def mailbox_for(session: Session, organization_id: int | None) -> Inbox | None:
    """The inbox from which mail is written to somebody of this organization: its own, or one for everybody."""
    theirs = case((Inbox.organization_id == organization_id, 0), else_=1)
    return session.scalar(
        select(Inbox)
        .where(
            Inbox.address_kind == "email",
            Inbox.state == InboxState.ACTIVE,
            Inbox.organization_id.is_(None) | (Inbox.organization_id == organization_id),
        )
        .order_by(theirs, Inbox.id)
        .limit(1)
    )
