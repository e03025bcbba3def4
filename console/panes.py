"""The page agents work in, put together: the views, a list, a conversation and what is known about it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from bot.answers import steps
from bot.content import Content
from bot.content import View as ContentView
from bot.suggestions import matching
from console.auth import SignedIn
from console.bulk import Report, told
from console.frame import frame
from console.guide import Guide, stays_open
from console.place import Place
from console.timeline import blocks
from core import presence
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.knowledge import articles
from core.knowledge.articles import ArticleText
from core.models import Agent, Team
from core.presence import Colleague
from core.search import query as queries
from core.search.find import Hit, find
from core.tickets import lists, merging
from core.tickets.lists import Row
from core.tickets.merging import Candidate
from core.tickets.views import Detail
from core.values import ResolutionCode, Scale, Status, StoredFile, TicketKind
from web.languages import explain, translator
from web.pages import Pages

HAND_CODES = [
    code for code in ResolutionCode if code not in (ResolutionCode.SELF_RESOLUTION, ResolutionCode.UNCONFIRMED)
]
NOTHING = Report()
NO_ATTEMPT: Mapping[str, str] = {}


class Panes:
    def __init__(self, database: Database, clock: Clock, content: Content, pages: Pages, guide: Guide) -> None:
        self._database = database
        self._clock = clock
        self._content = content
        self._pages = pages
        self._guide = guide

    async def rows(self, place: Place, agent_id: int, language: str) -> tuple[list[Row], dict[int, Hit], str]:
        """The rows of a list, what a search found in them, and what is wrong with the search."""
        now = self._clock.now()
        if place.team:
            return await self._database.read(lists.team_rows, place.team, agent_id, now, place.limit), {}, ""
        if place.view is not None:
            return await self._database.read(lists.view_rows, place.view, agent_id, now, place.limit), {}, ""
        try:
            hits = await self._database.read(find, queries.read(place.query), agent_id, now)
        except InvalidInput as error:
            return [], {}, explain(error, language)
        return [hit.row for hit in hits], {hit.row.id: hit for hit in hits}, ""

    async def render(
        self,
        request: Request,
        signed_in: SignedIn,
        place: Place,
        detail: Detail | None,
        error: str = "",
        typed: str = "",
        wrote: str = "reply",
        status: int = 200,
        report: Report = NOTHING,
        picked: frozenset[int] = frozenset(),
        files: Sequence[tuple[str, StoredFile]] = (),
        attempt: Mapping[str, str] = NO_ATTEMPT,
    ) -> Response:
        """The whole page, or its parts for the script.

        ``typed`` goes back into the field that ``wrote`` names, and with it ``files`` and their tokens; ``attempt``,
        what one of the forms at the side said, back into the one that its ``action`` names.
        """
        agent = signed_in.agent
        rows, hits, mistake = await self.rows(place, agent.id, agent.language)
        name = "parts.html" if request.headers.get("x-parts") else "desk.html"
        colleagues: Sequence[Colleague] = []
        targets: Sequence[Candidate] = []
        fitting: Sequence[ArticleText] = []
        if detail is not None:
            ticket_id, now = detail.ticket.id, self._clock.now()
            colleagues = await self._database.read(presence.others, ticket_id, agent.id, now)
            with suppress(InvalidInput):  # what cannot be searched for is said where it was tried
                wanted = attempt.get("find", "")
                targets = await self._database.read(merging.candidates, ticket_id, wanted, agent.id, now)
            known = await self._database.read(articles.visible, detail.ticket.organization_id, detail.ticket.language)
            fitting = matching(known, detail.ticket.intent, detail.ticket.subject, detail.ticket.language)
        agents, teams = await self._database.read(_choices)
        organization = detail.organization.key if detail is not None and detail.organization is not None else None
        content = self._content.of(organization)
        return self._pages.page(
            name,
            agent.language,
            status,
            place=place,
            address=_address(place, detail, request),
            told=told(request.query_params.get("done", ""), translator(agent.language)),
            report=report,
            filled=report.filled,
            picked=picked,
            colleagues=agents,
            teams=teams,
            rows=rows,
            more=min(place.limit * 2, lists.MOST) if place.view and place.limit <= len(rows) < lists.MOST else 0,
            hits=hits,
            mistake=mistake,
            detail=detail,
            looking=colleagues,
            error=error,
            typed=typed,
            wrote=wrote,
            files=files,
            attempt=attempt,
            targets=targets,
            articles=fitting,
            steps_of=steps,
            once=uuid.uuid4().hex,
            blocks=blocks(detail, agent.id) if detail is not None else [],
            codes=HAND_CODES,
            kinds=list(TicketKind),
            scales=list(Scale),
            statuses=[Status.OPEN, Status.PENDING, Status.ON_HOLD],
            team_name=lambda key: next((team.name for team in teams if team.key == key), key),
            label=lambda intent: content.label(intent, agent.language) if intent else "",
            intents=sorted((content.label(key, agent.language), key) for key in content.intents),
            slot_label=lambda slot: _slot_label(content, slot, agent.language),
            flow=content.flow_for(detail.ticket.intent or "") if detail is not None else None,
            **await self._guide.values(request, content, detail, agent),
            **await frame(self._database, signed_in, self._clock.now()),
        )


def _address(place: Place, detail: Detail | None, request: Request) -> str:
    """Where what is shown is found again, however one came to it."""
    if detail is None:
        return place.address
    return f"/console/tickets/{detail.ticket.id}?{place.suffix}{stays_open(request.query_params)}"


def _choices(session: Session) -> tuple[list[Agent], list[Team]]:
    """Who and which team a ticket may be given to."""
    agents = session.scalars(select(Agent).where(Agent.active).order_by(Agent.name))
    return list(agents), list(session.scalars(select(Team).order_by(Team.level, Team.name)))


def _slot_label(content: ContentView, slot: str, language: str) -> str:
    variants = content.responses.get(f"utter_label_{slot}")
    return variants[0].text[language] if variants else slot
