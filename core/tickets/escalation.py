"""Hierarchical escalation: a ticket that needs somebody who decides goes to the lead of its team."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core import rows
from core.errors import Conflict, InvalidInput
from core.joining import SERVICE_DESK
from core.models import Agent, Role, Team, TeamMember, Ticket
from core.tickets import lifecycle
from core.tickets.actions import locked, require_open, to_people
from core.tickets.history import record
from core.values import Actor

_LEAD = (
    select(Agent.id)
    .join(TeamMember, TeamMember.agent_id == Agent.id)
    .where(
        TeamMember.team_id == bindparam("team"),
        Agent.role == Role.LEAD,
        Agent.active,
        Agent.id != bindparam("asking"),
    )
    .order_by(
        select(func.count())
        .where(Ticket.assignee_id == Agent.id, Ticket.status.in_(lifecycle.ACTIVE))
        .correlate(Agent)
        .scalar_subquery(),
        Agent.id,
    )
    .limit(1)
)
"""Of several leads, the one who has the fewest open tickets."""


def to_lead(session: Session, ticket_id: int, agent_id: int, reason: str, now: datetime) -> int:
    """The ticket is the lead's from here on; anybody may ask for that, whoever has it. Returns the lead's id.

    Raises ``Conflict`` if the team has no lead (besides the one who asks).
    """
    if not reason.strip():
        raise InvalidInput("Say why, so that the lead need not ask.", "reason")
    ticket = locked(session, ticket_id)
    require_open(ticket)
    team = _team(session, ticket)
    lead_id: int | None = rows.scalar(session, _LEAD, team=team.id, asking=agent_id) if team is not None else None
    if team is None or lead_id is None:
        name = team.name if team is not None else "Service Desk"
        raise Conflict("{team} has no other lead. An admin can make somebody its lead.", team=name)
    if ticket.assignee_id == lead_id:
        raise Conflict("The lead already has this ticket.")
    lead = session.get_one(Agent, lead_id)
    to_people(session, ticket, lead_id, now)
    ticket.team_id = team.id
    record(session, ticket, Actor.agent(agent_id), "escalated_to_lead", now, reason=reason, lead=lead.name)
    return lead_id


def _team(session: Session, ticket: Ticket) -> Team | None:
    """The ticket's team; what was never with one is the Service Desk's."""
    if ticket.team_id is not None:
        return session.get(Team, ticket.team_id)
    return session.scalar(select(Team).where(Team.key == SERVICE_DESK))
