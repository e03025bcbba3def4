"""What pages show of calls: those that go on right now and whose they are, and all of them in a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.calls import people
from core.calls.events import LASTS_AT_MOST, RINGS_AT_MOST
from core.calls.people import Caller, Telephones
from core.errors import NotFound
from core.models import Agent, Call, Message, Requester, Ticket
from core.signals import Signal, Topic, emit
from core.values import CallResult, Direction

LINGERS = timedelta(minutes=15)
"""How long a call that nobody wrote down yet stays before its agent's eyes after it ended."""
SHOWN, PAGE = 3, 100


@dataclass(frozen=True, slots=True)
class Known:
    """A call with who is on the other side, as far as that is known, and what stands of it on a ticket."""

    call: Call
    caller: Caller | None
    ticket: Ticket | None = None
    agent: str = ""
    who: str = ""
    """Whose ticket it stands on."""

    @property
    def state(self) -> str:
        """``ringing``, ``talking``, or what became of it."""
        if self.call.result is not None:
            return str(self.call.result)
        return "talking" if self.call.answered_at is not None else "ringing"


def current(session: Session, agent_id: int, now: datetime) -> list[Known]:
    """The calls this agent should see on every page, the newest first.

    Theirs are those that ring at, or were taken on, their telephone. Where nobody knows whose telephone that is, all
    see the call.
    """
    recent = select(Call).where(
        Call.started_at > now - LASTS_AT_MOST - LINGERS,
        or_(
            (Call.result.is_(None)) & Call.answered_at.is_(None) & (Call.started_at > now - RINGS_AT_MOST),
            (Call.result.is_(None)) & (Call.answered_at > now - LASTS_AT_MOST),
            (Call.result == CallResult.TALKED) & (Call.ended_at > now - LINGERS),
        ),
    )
    calls = [
        call
        for call in session.scalars(recent.order_by(Call.started_at.desc(), Call.id.desc()).limit(50))
        if agent_id not in call.put_away_by and not _is_written_down(session, call)
    ]
    telephones = people.Telephones(session) if calls else None
    mine = [call for call in calls if telephones is not None and _concerns(telephones, call, agent_id)]
    return [_known(session, call) for call in mine[:SHOWN]]


def find(session: Session, call_id: int) -> Known:
    """Raises ``NotFound``."""
    call = session.get(Call, call_id)
    if call is None:
        raise NotFound("That call does not exist any more.")
    return _known(session, call)


def newest(session: Session, limit: int = PAGE) -> list[Known]:
    """All calls, the newest first."""
    return [_known(session, call) for call in session.scalars(select(Call).order_by(Call.id.desc()).limit(limit))]


def put_away(session: Session, call_id: int, agent_id: int) -> None:
    """This agent does not want to see the call on every page any more."""
    call = session.get(Call, call_id)
    if call is not None and agent_id not in call.put_away_by:
        call.put_away_by = [*call.put_away_by, agent_id]
        emit(session, Signal(Topic.CALL, call_id))


def _is_written_down(session: Session, call: Call) -> bool:
    """Over, and with words on a ticket: nothing is left to do about it."""
    if call.result is None or call.message_id is None:
        return False
    return "words" not in session.get_one(Message, call.message_id).meta


def _concerns(telephones: Telephones, call: Call, agent_id: int) -> bool:
    if call.agent_id is not None:
        return call.agent_id == agent_id
    if call.direction is Direction.OUT:
        return agent_id in telephones.of(call.people)
    theirs = telephones.of([call.answered_by] if call.answered_at is not None else call.people)
    return not theirs or agent_id in theirs


def _known(session: Session, call: Call) -> Known:
    owner = people.owner(session, call.number) if call.number else None
    callers = people.callers(session, [owner]) if owner is not None else []
    ticket = session.get(Ticket, call.ticket_id) if call.ticket_id is not None else None
    agent = session.get(Agent, call.agent_id) if call.agent_id is not None else None
    return Known(
        call=call,
        caller=callers[0] if callers else None,
        ticket=ticket,
        agent=agent.name if agent is not None else call.answered_by,
        who=session.get_one(Requester, ticket.requester_id).name if ticket is not None else "",
    )
