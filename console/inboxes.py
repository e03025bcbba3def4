"""Inboxes in the administration: the list with their health, and a page each to set one up, try it out and stop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console.administration import Administration
from console.auth import SignedIn
from console.forms import Filled, texts
from console.inbox_form import first_values, form_of, passed_on, values_of
from core import desk_settings
from core.clock import Clock
from core.errors import DeskError, InboxProblem, NotFound
from core.inboxes import editing, health, ledger
from core.inboxes.health import Health
from core.inboxes.kinds import Entry, InboxSettings, Kind, Kinds, Step, entries
from core.inboxes.ledger import Ledger
from core.inboxes.reading import settings_of
from core.models import BusinessCalendar, Inbox, InboxState, Organization, Team
from core.sealing import Seal
from web.languages import explain, translator
from web.outside import read_form

ROOT = "/console/admin/inboxes"
CHANGES = {
    "pause": InboxState.PAUSED,
    "resume": InboxState.ACTIVE,
    "archive": InboxState.ARCHIVED,
    "restore": InboxState.PAUSED,
}


Choices = list[tuple[int, str]]
"""Ids and names to choose from."""


class Trials(Protocol):
    """Tries out an inbox. The channels have one; the console may not know them."""

    async def test(self, inbox: InboxSettings[Any]) -> None: ...

    async def send(self, inbox: InboxSettings[Any], recipient: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class InboxTools:
    """What the channels hand the console: which kinds there are, and how to try an inbox out."""

    kinds: Kinds
    seal: Seal
    trials: Trials
    public_url: str


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a page about one inbox shows beside its form."""

    inbox: Inbox | None
    health: Health | None
    ledger: Ledger | None
    is_used: bool
    steps: Sequence[Step]
    choices: Mapping[str, Choices]


class Inboxes:
    def __init__(self, administration: Administration, tools: InboxTools) -> None:
        self._administration = administration
        self._database = administration.database
        self._tools = tools
        admins = administration.required
        self.routes: Sequence[BaseRoute] = [
            Route(ROOT, admins(self._list)),
            Route(f"{ROOT}/new/{{kind}}", admins(self._new), methods=["GET", "POST"]),
            Route(f"{ROOT}/{{inbox:int}}", admins(self._one), methods=["GET", "POST"]),
            Route(f"{ROOT}/{{inbox:int}}/{{change}}", admins(self._change), methods=["POST"]),
        ]

    async def _list(self, request: Request, signed_in: SignedIn) -> Response:
        inboxes, seen = await self._database.read(_read_all, self._administration.clock)
        kinds = self._tools.kinds
        return await self._administration.page(
            signed_in, "inboxes", "admin_inboxes.html", inboxes=inboxes, health=seen, kinds=kinds
        )

    async def _new(self, request: Request, signed_in: SignedIn) -> Response:
        kind = self._kind(request.path_params["kind"])
        if request.method == "POST":
            return await self._submitted(request, signed_in, kind, None)
        desk = await self._database.read(desk_settings.of_desk)
        return await self._show(signed_in, kind, None, Filled(first_values(kind, None, desk.default_language)))

    async def _one(self, request: Request, signed_in: SignedIn) -> Response:
        inbox = await self._database.read(editing.find, request.path_params["inbox"])
        kind = self._kind(inbox.channel)
        if request.method == "POST":
            return await self._submitted(request, signed_in, kind, inbox.id)
        return await self._show(signed_in, kind, inbox.id, Filled(first_values(kind, inbox)))

    async def _submitted(
        self, request: Request, signed_in: SignedIn, kind: Kind[Any], inbox_id: int | None
    ) -> Response:
        """Save the form, or only try out what stands in it; either way nothing of it is lost."""
        typed, seal, language = texts(await read_form(request)), self._tools.seal, signed_in.agent.language
        form, values = form_of(kind, typed, seal), values_of(kind, typed, seal)
        wanted = typed.get("do", "save")
        try:
            if wanted == "save":
                now = self._administration.clock.now()
                saved = await self._database.write(editing.save, kind, inbox_id, form, seal, now)
                return RedirectResponse(f"{ROOT}/{saved}", 303)
            settings = await self._database.read(editing.check, kind, inbox_id, form, seal)
            told = await self._try_out(wanted, settings, typed, language)
        except DeskError as error:
            filled = Filled.wrong(values, error, language)
            problem = error if isinstance(error, InboxProblem) else None
            return await self._show(signed_in, kind, inbox_id, filled, problem=problem)
        return await self._show(signed_in, kind, inbox_id, Filled(values), told=told)

    async def _try_out(self, wanted: str, settings: InboxSettings[Any], typed: Mapping[str, str], language: str) -> str:
        """What is said when it worked. Raises ``InboxProblem``."""
        translate = translator(language)
        if wanted == "send_test":
            recipient = typed.get("recipient", "").strip()
            text = translate("Test message from {desk}").format(desk=settings.sender_name)
            text += "\n\n" + translate("If you can read this, messages from this inbox arrive.")
            await self._tools.trials.send(settings, recipient, text)
            return translate("The test message to {recipient} was taken. Look whether it arrives.").format(
                recipient=recipient
            )
        await self._tools.trials.test(settings)
        return translate("It works: the connection was tried with these settings.")

    async def _change(self, request: Request, signed_in: SignedIn) -> Response:
        """Pause, resume, archive, bring back or remove."""
        inbox_id, change = request.path_params["inbox"], request.path_params["change"]
        try:
            if change == "remove":
                await self._database.write(editing.remove, inbox_id)
                return RedirectResponse(ROOT, 303)
            if change not in CHANGES:
                raise NotFound("There is no such action.")
            await self._database.write(editing.set_state, inbox_id, CHANGES[change])
        except DeskError as error:
            inbox = await self._database.read(editing.find, inbox_id)
            kind = self._kind(inbox.channel)
            filled = Filled.wrong(first_values(kind, inbox), error, signed_in.agent.language)
            return await self._show(signed_in, kind, inbox_id, filled)
        return RedirectResponse(f"{ROOT}/{inbox_id}", 303)

    async def _show(
        self,
        signed_in: SignedIn,
        kind: Kind[Any],
        inbox_id: int | None,
        filled: Filled,
        told: str = "",
        problem: InboxProblem | None = None,
    ) -> Response:
        language = signed_in.agent.language
        opened = await self._database.read(_open, self._tools, inbox_id, self._administration.clock)
        return await self._administration.page(
            signed_in,
            "inboxes",
            "admin_inbox.html",
            filled.status,
            kind=kind,
            sections=_sections(kind),
            options=lambda entry: [(value, _said(title, language)) for value, title in entry.shown.options.items()],
            filled=filled,
            opened=opened,
            kept=passed_on(kind, filled.values, opened.inbox),
            told=told,
            mend=_mend(problem, language),
            explain=lambda error: explain(error, language),
            mend_of=lambda error: _mend(error, language),
        )

    def _kind(self, key: str) -> Kind[Any]:
        if key not in self._tools.kinds:
            raise NotFound("This version of Firstline does not know that channel.")
        return self._tools.kinds[key]


def _mend(problem: InboxProblem | None, language: str) -> str:
    """What helps, in the reader's language."""
    return translator(language)(problem.mend).format(**problem.values) if problem is not None else ""


def _said(text: str, language: str) -> str:
    return translator(language)(text)


def _sections(kind: Kind[Any]) -> list[tuple[str, list[Entry]]]:
    """The fields under their headings, in their order."""
    return [(name, list(group)) for name, group in groupby(entries(kind.configuration), lambda one: one.shown.section)]


def _pairs(session: Session, query: Select[int, str]) -> Choices:
    return [(id_, name) for id_, name in session.execute(query)]


def _read_all(session: Session, clock: Clock) -> tuple[list[Inbox], dict[int, Health]]:
    found = session.scalars(select(Inbox).order_by(Inbox.state == InboxState.ARCHIVED, Inbox.name))
    return list(found), health.read(session, clock.now())


def _open(session: Session, tools: InboxTools, inbox_id: int | None, clock: Clock) -> _Opened:
    choices: dict[str, Choices] = {
        "team": _pairs(session, select(Team.id, Team.name).order_by(Team.level, Team.name)),
        "organization": _pairs(session, select(Organization.id, Organization.name).order_by(Organization.name)),
        "calendar": _pairs(session, select(BusinessCalendar.id, BusinessCalendar.name).order_by(BusinessCalendar.name)),
    }
    if inbox_id is None:
        return _Opened(None, None, None, False, (), choices)
    inbox = editing.find(session, inbox_id)
    return _Opened(
        inbox,
        health.read(session, clock.now())[inbox_id],
        ledger.read(session, inbox_id, clock.now()),
        editing.is_used(session, inbox_id),
        _steps(session, tools, inbox),
        choices,
    )


def _steps(session: Session, tools: InboxTools, inbox: Inbox) -> Sequence[Step]:
    """What is to be done on the other side, as far as the settings can be read."""
    try:
        settings = settings_of(session, inbox, tools.kinds, tools.seal)
    except InboxProblem:
        return ()
    steps: Sequence[Step] = tools.kinds[inbox.channel].steps(settings, tools.public_url)
    return steps
