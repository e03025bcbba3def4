"""The telephone in the console: calls as they ring, the quick log, and the list of all calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.answers import steps
from bot.content import Content, View
from bot.suggestions import Suggestions, suggest
from bot.understanding import Understanding
from console.auth import Auth, SignedIn
from console.call_form import CHOOSE, beginning, chosen_intent, draft_of, guess_of, note_of, seen, with_guess
from console.forms import Filled, texts
from console.frame import frame
from console.panes import HAND_CODES
from core import desk_settings
from core.calls import log, people, reading
from core.calls.people import Caller
from core.calls.reading import Known
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, NotFound
from core.models import Agent, Organization, Team, Ticket
from core.tickets.alike import Alike, alike
from core.tickets.priority import priority
from core.values import Scale, TicketKind, ticket_number
from web.languages import translator
from web.outside import number, read_form
from web.pages import Pages

LOOKS = ("look", "other")


@dataclass(frozen=True, slots=True)
class _Around:
    """What the form shows beside what is typed."""

    known: Known | None
    caller: Caller | None
    found: Sequence[Caller]
    ticket: Ticket | None
    organizations: Sequence[Organization]
    teams: Sequence[Team]
    threshold: float | None


class Calls:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        content: Content,
        understanding: Understanding,
        pages: Pages,
        auth: Auth,
    ) -> None:
        self._database = database
        self._clock = clock
        self._content = content
        self._understanding = understanding
        self._pages = pages
        staff = auth.required
        self.routes: Sequence[BaseRoute] = [
            Route("/console/call", staff(self._form), methods=["GET", "POST"]),
            Route("/console/calls", staff(self._list)),
            Route("/console/calls/now", staff(self._now)),
            Route("/console/calls/{call:int}/put-away", staff(self._put_away), methods=["POST"]),
        ]

    async def _form(self, request: Request, signed_in: SignedIn) -> Response:
        """Look at what is typed so far, or save it; on a mistake with everything still there."""
        if request.method == "GET":
            values = await self._database.read(_begin, dict(request.query_params))
            return await self._show(request, signed_in, Filled(values))
        values = texts(await read_form(request))
        wanted = values.get("do", "save")
        if wanted in LOOKS or wanted.startswith(CHOOSE):
            return await self._show(request, signed_in, Filled(seen(values)))
        agent = signed_in.agent
        placeholder = f"[{translator(agent.language)('Telephone call')}]"
        _, view, suggested = await self._look(values, agent)
        values = with_guess(values, suggested)
        try:
            note = note_of(values, view, agent.language)
            ticket_id = await self._database.write(log.save, agent.id, note, placeholder, self._clock.now())
        except DeskError as error:
            return await self._show(request, signed_in, Filled.wrong(values, error, agent.language))
        return RedirectResponse(f"/console/tickets/{ticket_id}?view=mine&logged={draft_of(values)}", 303)

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        found = await self._database.read(reading.newest)
        around = await frame(self._database, signed_in, self._clock.now())
        language = signed_in.agent.language
        return self._pages.page("calls.html", language, place=None, here="calls", calls=found, **around)

    async def _now(self, request: Request, signed_in: SignedIn) -> Response:
        """The calls that concern this agent right now, as a piece of a page."""
        around = await frame(self._database, signed_in, self._clock.now())
        but = number(request.query_params.get("but", "")) or 0
        return self._pages.page("calls_now_alone.html", signed_in.agent.language, place=None, but=but, **around)

    async def _put_away(self, request: Request, signed_in: SignedIn) -> Response:
        await self._database.write(reading.put_away, request.path_params["call"], signed_in.agent.id)
        return RedirectResponse("/console/calls", 303)

    async def _look(self, values: Mapping[str, str], agent: Agent) -> tuple[_Around, View, Suggestions]:
        """What there is to know about the form as it stands, and what its words are understood as."""
        around = await self._database.read(_around, values)
        chosen = number(values.get("organization", ""))
        organization_id = around.caller.organization_id if around.caller is not None else chosen
        organization = next((one for one in around.organizations if one.id == organization_id), None)
        view = self._content.of(organization.key if organization is not None else None)
        text = f"{values.get('subject', '')}\n{values.get('notes', '')}"
        suggested = await suggest(
            self._understanding, self._database, view, organization_id, text, agent.language, around.threshold
        )
        return around, view, suggested

    async def _show(self, request: Request, signed_in: SignedIn, filled: Filled) -> Response:
        agent, now = signed_in.agent, self._clock.now()
        around, view, suggested = await self._look(filled.values, agent)
        guess = guess_of(suggested)
        intent = chosen_intent(filled.values, guess)
        spec = view.intents.get(intent)
        others = await self._database.read(_alike, intent, now, around.caller.id if around.caller else None)
        is_part = request.headers.get("x-parts") is not None
        return self._pages.page(
            "call_parts.html" if is_part else "call.html",
            agent.language,
            filled.status if not is_part else 200,
            place=None,
            here="call",
            but=number(filled.values.get("call", "")) or 0,
            filled=filled,
            draft=draft_of(filled.values),
            around=around,
            suggested=suggested,
            guess=guess,
            intent=intent,
            spec=spec,
            alike=others,
            organizations=[(one.id, one.name) for one in around.organizations],
            priority=lambda topic: priority(topic.impact, topic.urgency),
            steps_of=steps,
            intents=sorted((view.label(key, agent.language), key) for key in view.intents),
            codes=HAND_CODES,
            kinds=list(TicketKind),
            scales=list(Scale),
            **await frame(self._database, signed_in, now),
        )


def _begin(session: Session, asked: Mapping[str, str]) -> dict[str, str]:
    call_id, ticket_id = number(asked.get("call", "")), number(asked.get("ticket", ""))
    known = reading.find(session, call_id) if call_id is not None else None
    ticket = session.get(Ticket, ticket_id) if ticket_id is not None else None
    if ticket_id is not None and ticket is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(ticket_id))
    return beginning(asked, known, ticket)


def _around(session: Session, values: Mapping[str, str]) -> _Around:
    call_id, requester_id = number(values.get("call", "")), number(values.get("requester", ""))
    ticket_id = number(values.get("belongs", ""))
    callers = people.callers(session, [requester_id]) if requester_id is not None else []
    return _Around(
        known=reading.find(session, call_id) if call_id is not None else None,
        caller=callers[0] if callers else None,
        found=[] if callers else people.find(session, values.get("who", "")),
        ticket=session.get(Ticket, ticket_id) if ticket_id is not None else None,
        organizations=list(session.scalars(select(Organization).order_by(Organization.name))),
        teams=list(session.scalars(select(Team).order_by(Team.level, Team.name))),
        threshold=desk_settings.read(session).threshold,
    )


def _alike(session: Session, intent: str, now: datetime, but: int | None) -> Alike:
    return alike(session, intent, now, but) if intent else Alike()
