"""Cards: where a team talks, each ticket it was given is shown, with who has it. What a card shows follows the ticket.

A card is a promise that is owed again whenever its ticket changed hands. Which rooms there are, the channels say.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from core import rows
from core.models import (
    Agent,
    CardRow,
    Inbox,
    InboxState,
    Organization,
    PromiseState,
    Requester,
    Team,
    TeamRoom,
    Ticket,
)
from core.promises import CARDS, Showing
from core.signals import Signal, Topic, emit
from core.tickets import lifecycle
from core.values import Status, ticket_number

AT_ONCE = 4

_card = CardRow.__table__
_DUE = CARDS.due(CardRow.inbox_id == bindparam("inbox"), limit=AT_ONCE)
_ROOMS = (
    select(TeamRoom.inbox_id, TeamRoom.room)
    .join(Inbox, Inbox.id == TeamRoom.inbox_id)
    .where(TeamRoom.team_id == bindparam("team"), Inbox.state != InboxState.ARCHIVED)
)
_SHOW_AGAIN = (
    update(_card)  # type: ignore[arg-type]
    .where(_card.c.ticket_id == bindparam("ticket"))
    .values(state=PromiseState.PENDING, due_at=bindparam("at"), attempts=0, asked=_card.c.asked + 1, finished_at=None)
)
_IS_THERE = (
    update(_card)  # type: ignore[arg-type]
    .where(_card.c.id == bindparam("row"), _card.c.external_id.is_(None))
    .values(external_id=bindparam("external"))
)
_TICKET = (
    select(
        Ticket.id,
        Ticket.subject,
        Ticket.status,
        Ticket.priority,
        Ticket.level,
        Ticket.packet,
        Requester.name.label("requester"),
        Organization.name.label("organization"),
        Team.name.label("team"),
        Agent.name.label("agent"),
    )
    .join(Requester, Requester.id == Ticket.requester_id)
    .outerjoin(Organization, Organization.id == Ticket.organization_id)
    .outerjoin(Team, Team.id == Ticket.team_id)
    .outerjoin(Agent, Agent.id == Ticket.assignee_id)
    .where(Ticket.id == bindparam("ticket"))
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows. ``agent`` is who has the ticket, empty if nobody; ``with_bot`` that the bot has it again."""

    ticket_id: int
    number: str
    subject: str
    status: Status
    priority: int
    requester: str
    organization: str
    team: str
    agent: str
    with_bot: bool
    summary: Mapping[str, Any]
    """The bot's summary by language; empty if it was never asked."""

    @property
    def is_open(self) -> bool:
        return self.status in lifecycle.ACTIVE


@dataclass(frozen=True, slots=True)
class ClaimedCard:
    """A card that this holder of the lease, and nobody else, shows now."""

    showing: Showing
    card: Card


def settle_rooms(session: Session, inbox_id: int, rooms: Mapping[str, str]) -> None:
    """From now on these are the rooms of an inbox, by the teams' keys; a key that no team has means nothing."""
    teams = session.scalars(select(Team).where(Team.key.in_(rooms))).all()
    session.execute(delete(TeamRoom).where(TeamRoom.inbox_id == inbox_id))
    session.add_all(TeamRoom(team_id=team.id, inbox_id=inbox_id, room=rooms[team.key]) for team in teams)


def unknown_teams(session: Session, keys: Iterable[str]) -> tuple[str, ...]:
    """Those keys that no team has."""
    wanted = set(keys)
    return tuple(sorted(wanted - set(session.scalars(select(Team.key).where(Team.key.in_(wanted))))))


def announce(session: Session, ticket: Ticket, now: datetime) -> None:
    """The ticket is its team's from now on: a card in each of the team's rooms says so."""
    for inbox_id, room in rows.execute(session, _ROOMS, team=ticket.team_id).all():
        rows.insert(session, CardRow, inbox_id=inbox_id, ticket_id=ticket.id, room=room, lane=ticket.id, due_at=now)
        emit(session, Signal(Topic.CARD, inbox_id))


def show_again(session: Session, ticket_id: int, now: datetime) -> None:
    """Something that cards show of this ticket has changed."""
    if rows.execute(session, _SHOW_AGAIN, ticket=ticket_id, at=now).rowcount:
        emit(session, Signal(Topic.CARD))


def claim(session: Session, now: datetime, inbox_id: int) -> list[ClaimedCard]:
    """Lease the cards of an inbox that are due, with what they must show."""
    return [
        ClaimedCard(one, _compose(session, one.ticket_id)) for one in CARDS.claim(session, _DUE, now, inbox=inbox_id)
    ]


def shown(session: Session, showing: Showing, external_id: str, now: datetime) -> None:
    """The card is there and shows what was claimed; if the ticket has changed since, it is due again."""
    rows.execute(session, _IS_THERE, row=showing.id, external=external_id)
    held = CARDS.held(session, showing.id, showing.lease)
    if held is None:
        return
    if held.asked == showing.asked:
        CARDS.finish(session, showing.id, showing.lease, now)
    else:
        CARDS.put_back(session, showing.id, now, "")


def failed(
    session: Session,
    showing: Showing,
    now: datetime,
    reason: str,
    permanent: bool,
    retry_after: timedelta | None,
    jitter: random.Random,
) -> None:
    """The card could not be shown: try again later, or not until the ticket changes once more."""
    CARDS.fail(session, showing.id, showing.lease, now, reason, permanent, retry_after, jitter)


def _compose(session: Session, ticket_id: int) -> Card:
    found = rows.execute(session, _TICKET, ticket=ticket_id).one()
    return Card(
        ticket_id=found.id,
        number=ticket_number(found.id),
        subject=found.subject,
        status=found.status,
        priority=found.priority,
        requester=found.requester,
        organization=found.organization or "",
        team=found.team or "",
        agent=found.agent or "",
        with_bot=found.level == 0,
        summary=found.packet.get("summary") or {},
    )
