"""Who calls, and whose telephone it is: requesters by number or name, agents as the telephone system calls them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.calls import numbers
from core.models import Agent, Organization, Requester, RequesterAddress, Ticket
from core.tickets import lifecycle

TELEPHONE = "telephone"
"""Where an agent's preferences keep what the telephone system calls them."""
OFFERED = 6


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may be calling, with what tells them from others of that name."""

    id: int
    name: str
    organization: str
    organization_id: int | None
    number: str
    email: str
    vip: bool
    has_name: bool
    open_tickets: tuple[Ticket, ...]


def find(session: Session, typed: str) -> list[Caller]:
    """Whom somebody may mean who typed (part of) a number, a name, an address or a customer; the best first."""
    typed = typed.strip()
    region = numbers.region_of(session)
    if digits := numbers.digits(typed, region):
        return callers(session, _by_number(session, typed, digits, region))
    words = typed.casefold().split()
    return callers(session, _by_words(session, words)) if len(typed) >= 2 else []


def callers(session: Session, requester_ids: Sequence[int]) -> list[Caller]:
    """These requesters in this order."""
    found = select(Requester, Organization).outerjoin(Organization, Organization.id == Requester.organization_id)
    people = {one.id: (one, org) for one, org in session.execute(found.where(Requester.id.in_(requester_ids)))}
    addresses: dict[int, list[RequesterAddress]] = {}
    theirs = (
        select(RequesterAddress)
        .where(RequesterAddress.requester_id.in_(requester_ids))
        .order_by(RequesterAddress.verified_at.is_(None), RequesterAddress.id)
    )
    for address in session.scalars(theirs):
        addresses.setdefault(address.requester_id, []).append(address)
    tickets: dict[int, list[Ticket]] = {}
    open_ = select(Ticket).where(Ticket.requester_id.in_(requester_ids), Ticket.status.in_(lifecycle.ACTIVE))
    for ticket in session.scalars(open_.order_by(Ticket.id.desc()).limit(100)):
        tickets.setdefault(ticket.requester_id, []).append(ticket)
    return [
        _caller(*people[id_], addresses.get(id_, []), tickets.get(id_, [])) for id_ in requester_ids if id_ in people
    ]


def owner(session: Session, number: str) -> int | None:
    """Whose number it is."""
    return session.scalar(
        select(RequesterAddress.requester_id).where(
            RequesterAddress.kind == numbers.KIND, RequesterAddress.value == number
        )
    )


class Telephones:
    """Which agent the telephone system means: by what each of them entered, their name or their e-mail address."""

    def __init__(self, session: Session) -> None:
        self._agents = {agent.id: _names(agent) for agent in session.scalars(select(Agent).where(Agent.active))}

    def of(self, names: Iterable[str]) -> list[int]:
        """The agents who are meant by any of these names."""
        wanted = {name.casefold().strip() for name in names} - {""}
        return sorted(id_ for id_, known in self._agents.items() if wanted & known)


def agent_called(session: Session, names: Sequence[str]) -> int | None:
    """The one agent who is meant; None where it is nobody, or might be several."""
    found = Telephones(session).of(names)
    return found[0] if len(found) == 1 else None


def _names(agent: Agent) -> set[str]:
    own = str(agent.preferences.get(TELEPHONE) or "")
    return {name.casefold().strip() for name in (*own.split(","), agent.name, agent.email)} - {""}


def _by_number(session: Session, typed: str, digits: str, region: str) -> list[int]:
    exact = numbers.normal(typed, region)
    like = (
        select(RequesterAddress.requester_id)
        .where(RequesterAddress.kind == numbers.KIND, RequesterAddress.value.contains(digits, autoescape=True))
        .order_by(RequesterAddress.value != exact, RequesterAddress.id.desc())
        .limit(OFFERED)
    )
    return list(dict.fromkeys(session.scalars(like)))


def _by_words(session: Session, words: Sequence[str]) -> list[int]:
    """Every word must be in the name, an address or the customer's name; who is called so comes first."""
    query = select(Requester.id).outerjoin(Organization, Organization.id == Requester.organization_id)
    for word in words[:6]:
        address = select(RequesterAddress.id).where(
            RequesterAddress.requester_id == Requester.id,
            RequesterAddress.kind == "email",
            RequesterAddress.value.contains(word, autoescape=True),
        )
        query = query.where(
            or_(
                func.lower(Requester.name).contains(word, autoescape=True),
                func.lower(Organization.name).contains(word, autoescape=True),
                address.exists(),
            )
        )
    begins = func.lower(Requester.name).startswith(words[0], autoescape=True)
    return list(session.scalars(query.order_by(begins.desc(), Requester.id.desc()).limit(OFFERED)))


def _caller(
    requester: Requester, organization: Organization | None, addresses: Sequence[RequesterAddress], open_: list[Ticket]
) -> Caller:
    def first(kind: str) -> str:
        return next((one.value for one in addresses if one.kind == kind and numbers.UNKNOWN not in one.value), "")

    return Caller(
        id=requester.id,
        name=requester.name or first("email"),
        organization=organization.name if organization is not None else "",
        organization_id=requester.organization_id,
        number=first(numbers.KIND),
        email=first("email"),
        vip=requester.vip,
        has_name=bool(requester.name),
        open_tickets=tuple(open_[:5]),
    )
