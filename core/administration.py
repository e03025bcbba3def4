"""What an admin sets up by hand: staff, teams, customers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.models import Agent, BusinessCalendar, Organization, Role, StaffSession, Team, TeamMember, Ticket
from core.search.words import fold
from core.tickets import lifecycle
from core.tickets.history import record
from core.values import SYSTEM, FormOfAddress

_MAIL = re.compile(r"[^@\s\0-\x20\x7f]{1,64}@[^@\s\0-\x20\x7f]{1,255}")
_DOMAIN = re.compile(r"^(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$")


def save_agent(
    session: Session,
    agent_id: int | None,
    email: str,
    name: str,
    role: Role,
    language: str,
    team_ids: Sequence[int],
    password_hash: str | None,
    now: datetime,
) -> int:
    """Add somebody (a password is needed then) or change them; a new password ends their sessions."""
    email = email.strip().lower()
    if not _MAIL.fullmatch(email):
        raise InvalidInput("That is no e-mail address.", "email")
    if not name.strip():
        raise InvalidInput("Requesters see the name: please give one.", "name")
    known = set(session.scalars(select(Team.id).where(Team.id.in_(team_ids))))
    if known != set(team_ids):
        raise InvalidInput("Please choose one of the values offered.", "team")
    taken = session.scalar(select(Agent.id).where(Agent.email == email))
    if taken not in (None, agent_id):
        raise InvalidInput("Somebody already signs in with this address.", "email")
    if agent_id is None:
        if password_hash is None:
            raise InvalidInput("Give a first password of at least ten characters.", "password")
        agent = Agent(created_at=now)
        session.add(agent)
    else:
        agent = _agent(session, agent_id)
        if agent.role is Role.ADMIN and role is not Role.ADMIN:
            _require_another_admin(session, agent)
    agent.email, agent.name, agent.role, agent.language = email, name.strip()[:200], role, language
    if password_hash is not None:
        agent.password_hash = password_hash
        session.execute(delete(StaffSession).where(StaffSession.agent_id == agent_id))
    session.flush()
    session.execute(delete(TeamMember).where(TeamMember.agent_id == agent.id))
    session.add_all(TeamMember(team_id=team_id, agent_id=agent.id) for team_id in dict.fromkeys(team_ids))
    return agent.id


def set_active(session: Session, agent_id: int, active: bool, now: datetime) -> None:
    """Let somebody in again, or shut them out: signed out at once, and their open tickets go back to the queue."""
    agent = _agent(session, agent_id)
    if not active and agent.active:
        if agent.role is Role.ADMIN:
            _require_another_admin(session, agent)
        session.execute(delete(StaffSession).where(StaffSession.agent_id == agent_id))
        open_tickets = select(Ticket).where(Ticket.assignee_id == agent_id, Ticket.status.in_(lifecycle.ACTIVE))
        for ticket in session.scalars(open_tickets.with_for_update()):
            ticket.assignee_id, ticket.snoozed_until = None, None
            record(session, ticket, SYSTEM, "assigned", now, reason=f"{agent.name} –")
    agent.active = active


def save_team(session: Session, team_id: int | None, name: str, level: int) -> int:
    """Add a support group or rename it; its key, by which content names it, stays."""
    if not name.strip():
        raise InvalidInput("Give the team a name.", "name")
    if level not in (1, 2, 3):
        raise InvalidInput("A team works at level 1, 2 or 3.", "level")
    if team_id is None:
        key = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:60]
        if not key or session.scalar(select(Team.id).where(Team.key == key)) is not None:
            raise InvalidInput("There is a team of this name already.", "name")
        team = Team(key=key)
        session.add(team)
    else:
        found = session.get(Team, team_id)
        if found is None:
            raise NotFound("That team does not exist.")
        team = found
    team.name, team.level = name.strip()[:200], level
    session.flush()
    return team.id


def save_organization(
    session: Session,
    organization_id: int | None,
    name: str,
    domains: Sequence[str],
    form_of_address: FormOfAddress | None,
    now: datetime,
    calendar_id: int | None = None,
) -> int:
    """Add a customer or change it. Mail from its domains belongs to it; a domain belongs to one customer only.

    ``form_of_address`` None means as the desk speaks to everybody, ``calendar_id`` None the hours of the inbox or desk.
    """
    if not name.strip():
        raise InvalidInput("Give the customer a name.", "name")
    wanted = list(dict.fromkeys(domain.strip().lower().removeprefix("@") for domain in domains if domain.strip()))
    for domain in wanted:
        if not _DOMAIN.match(domain):
            raise InvalidInput("A domain is what stands behind the @, such as example.com.", "domains")
    for other in session.scalars(select(Organization).where(Organization.id != (organization_id or 0))):
        if set(other.domains) & set(wanted):
            raise InvalidInput("One of these domains already belongs to another customer.", "domains")
    if calendar_id is not None and session.get(BusinessCalendar, calendar_id) is None:
        raise InvalidInput("Please choose one of the values offered.", "calendar")
    if organization_id is None:
        key = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:60]
        if not key or session.scalar(select(Organization.id).where(Organization.key == key)) is not None:
            raise InvalidInput("There is a customer of this name already.", "name")
        organization = Organization(key=key, created_at=now)
        session.add(organization)
    else:
        found = session.get(Organization, organization_id)
        if found is None:
            raise NotFound("That customer does not exist.")
        organization = found
    organization.name, organization.domains = name.strip()[:200], wanted
    organization.form_of_address, organization.calendar_id = form_of_address, calendar_id
    session.flush()
    return organization.id


def _agent(session: Session, agent_id: int) -> Agent:
    agent = session.get(Agent, agent_id)
    if agent is None:
        raise NotFound("That colleague does not exist.")
    return agent


def _require_another_admin(session: Session, agent: Agent) -> None:
    others = select(func.count()).where(Agent.role == Role.ADMIN, Agent.active, Agent.id != agent.id)
    if not session.scalar(others):
        raise Conflict("This is the last admin. Make somebody else an admin first.")
