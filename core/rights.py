"""Who may do what: the one place. Use cases ask here, so pages and the REST API agree."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from core.errors import NotAllowed
from core.models import Agent, Role


class Right(StrEnum):
    """What not everybody may do. Working on tickets, own settings, own answers and own views need no right."""

    SHARE = "share"
    """Write what everybody uses: ready answers, saved searches."""
    PUBLISH = "publish"
    """Decide what requesters and the bot read: publish knowledge and take it back."""
    REASSIGN = "reassign"
    """Take a ticket from a colleague, for somebody else or for oneself."""
    SEE_TEAMS = "see_teams"
    """See the lists of all teams, not only of one's own."""
    ADMINISTRATE = "administrate"
    """Set up the desk: staff, teams, customers, inboxes, hours, tokens."""


_LEAD = frozenset({Right.SHARE, Right.PUBLISH, Right.REASSIGN, Right.SEE_TEAMS})
RIGHTS = {Role.AGENT: frozenset[Right](), Role.LEAD: _LEAD, Role.ADMIN: _LEAD | {Right.ADMINISTRATE}}


def may(role: Role, right: Right) -> bool:
    return right in RIGHTS[role]


def require(role: Role, right: Right) -> None:
    """Raises ``NotAllowed`` that says whom to ask."""
    if may(role, right):
        return
    match right:
        case Right.SHARE:
            raise NotAllowed("Only leads and admins change what everybody uses. Keep it for yourself, or ask a lead.")
        case Right.PUBLISH:
            raise NotAllowed("Only leads and admins publish. Save it as a draft, and ask a lead to look at it.")
        case Right.REASSIGN:
            raise NotAllowed("A colleague has this ticket. Ask them, or a lead, to hand it over.")
        case Right.SEE_TEAMS:
            raise NotAllowed("Only leads and admins see the lists of all teams.")
        case Right.ADMINISTRATE:
            raise NotAllowed("Only admins may change this.")


def require_of(session: Session, agent_id: int, right: Right) -> None:
    """The same for somebody by their id."""
    require(session.get_one(Agent, agent_id).role, right)
