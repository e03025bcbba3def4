"""The guide beside the conversation: an agent goes through a flow herself, with what the bot asked and tried done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session
from starlette.requests import Request

from bot.checklist import CheckList, Item, Mark, check_list, item_of, offered, title_of, written
from bot.content import Content, View
from bot.flows import Ending, Flow
from bot.guide import Refused, Said, Verb, fill_in, questions, try_out
from bot.handoff import slot_label
from bot.responses import Voice
from bot.state import State
from console.words import ANSWER
from core import desk_settings
from core.database import Database
from core.desk_settings import Standing
from core.errors import DeskError
from core.models import Agent, Team
from core.tickets.views import Detail
from core.values import ActorKind, Choice, ResolutionCode, spoken
from web.languages import explain, translator
from web.outside import read_form

Form = Mapping[str, str]
SELECT_FROM = 7
"""So many answers to choose from are a drop-down; fewer are buttons, one press each."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step as the page shows it; texts in the ticket's language."""

    item: Item
    label: str
    text: str
    choices: tuple[Choice, ...]
    field: str
    """What stands in the field, which may not be kept yet."""
    answer: str
    by: str
    """Who answered; empty for the bot."""
    mistake: str
    may_insist: bool
    is_next: bool
    is_unsaved: bool


@dataclass(frozen=True, slots=True)
class Panel:
    topic: str
    title: str
    topics: Sequence[str]
    lines: Sequence[Line] = ()
    branches: bool = False
    ending: Ending | None = None
    code: ResolutionCode = ResolutionCode.SOLVED
    team: Team | None = None
    """Who solves it when the steps did not, if the ticket is not there yet."""
    tried: str = ""
    sending: str = ""
    """What was chosen to be put into the reply."""


class Guide:
    def __init__(self, content: Content, database: Database) -> None:
        self._content = content
        self._database = database

    def act(self, session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
        """The form of the guide, as one use case."""
        fill_in(session, self._content, ticket_id, agent_id, form.get("guide", ""), _sayings(form), now)

    async def values(self, request: Request, view: View, detail: Detail | None, agent: Agent) -> dict[str, Any]:
        """What the conversation's templates use: the open guide, if it is, and how answers are told."""
        asked = await read_form(request) if request.method == "POST" else request.query_params
        form = {key: str(value) for key, value in asked.items()}
        panel = None
        if detail is not None and "guide" in form:
            standing = await self._database.read(desk_settings.of_ticket, detail.ticket.id)
            panel = self._panel(view, detail, agent, form, standing)
        return {
            "guide": panel,
            "select_from": SELECT_FROM,
            "slot_value": lambda slot, value: title_of(view, slot, value, agent.language),
            "in_words": lambda answers: in_words(view, answers, agent.language),
        }

    def _panel(self, view: View, detail: Detail, agent: Agent, form: Form, standing: Standing) -> Panel:
        said = form["guide"].strip()
        topic = _topic(view, said) if said else _default(detail)
        flow = view.flow_for(topic)
        topics = sorted(view.label(key, agent.language) for key in _topics(view))
        if flow is None or topic not in _topics(view):
            return Panel(topic, said or view.label(topic, agent.language), topics)
        state = State.load(detail.ticket.bot_state)
        found = check_list(view, flow, state)
        lines = self._lines(view, flow, found, detail, agent, form, standing)
        spec = view.intents[topic]
        team = next((team for team in detail.teams if team.key == spec.team and team.id != detail.ticket.team_id), None)
        return Panel(
            topic=topic,
            title=view.label(topic, agent.language),
            topics=topics,
            lines=lines,
            branches=found.branches,
            ending=found.ending,
            code=ResolutionCode.WITHDRAWN if found.ending is Ending.WITHDRAWN else ResolutionCode.SOLVED,
            team=team if team is not None and team.level > 1 else None,
            tried=in_words(view, _answers(found), agent.language),
            sending=next((line.text for line in lines if _name(line.item) == form.get("send")), ""),
        )

    def _lines(
        self, view: View, flow: Flow, found: CheckList, detail: Detail, agent: Agent, form: Form, standing: Standing
    ) -> Sequence[Line]:
        ticket, state = detail.ticket, State.load(detail.ticket.bot_state)
        tag = spoken(ticket.language, detail.form_of_address or standing.form_of_address)
        values = {"number": ticket.number, "name": detail.requester.name, "desk": standing.name}
        voice = Voice(view, tag, standing.calendar.zone, state.slots, values)
        people = _who(detail)
        wrong = try_out(view, flow, state, _sayings(form), agent.language) if "csrf" in form else {}
        lines = []
        for item in (*found.items, *_off_the_way(view, flow, found, state, form)):
            name = _name(item)
            mistake = wrong.get(name)
            asks, known = item.slot is not None, written(item.value)
            lines.append(
                Line(
                    item=item,
                    label=slot_label(view, name)[ticket.language] if asks else "",
                    text=voice.text(item.step.utter or item.step.action),
                    choices=offered(item, view, voice),
                    field=form.get(f"value.{name}", known),
                    answer=title_of(view, name, item.value, ticket.language) if item.mark is Mark.ANSWERED else "",
                    by=people.get(name, ""),
                    mistake=explain(mistake, agent.language) if isinstance(mistake, DeskError) else "",
                    may_insist=isinstance(mistake, Refused),
                    is_next=item == found.next,
                    is_unsaved=mistake is not None or form.get(f"value.{name}", known) != known,
                )
            )
        return lines


def stays_open(form: Form, fragment: str = "") -> str:
    """What an address needs at its end for the guide to be open there."""
    if "guide" not in form:
        return ""
    more = {"guide": form["guide"], **({"send": form["send"]} if form.get("send") else {})}
    return f"&{urlencode(more)}{fragment}"


def in_words(view: View, answers: Sequence[Mapping[str, Any]], language: str) -> str:
    """Answers in one line: what each question is called, and what came of it."""
    translate, parts = translator(language), []
    for one in answers:
        mark, slot = str(one["mark"]), str(one["slot"])
        value = translate(ANSWER[mark]) if mark in ANSWER else title_of(view, slot, one["value"], language)
        parts.append(f"{slot_label(view, slot)[language]}: {value}")
    return "; ".join(parts)


def _answers(found: CheckList) -> list[Mapping[str, Any]]:
    """What was tried, for the team that goes on."""
    tried = (item for item in found.items if item.step.is_guided and item.mark is not Mark.OPEN)
    return [{"slot": item.step.collect, "mark": item.mark, "value": item.value} for item in tried]


def _off_the_way(view: View, flow: Flow, found: CheckList, state: State, form: Form) -> list[Item]:
    """Questions the way no longer leads to, because a colleague was faster, with something typed that is not kept."""
    names = {_name(item) for item in found.items}
    steps = {step.collect: step for step in questions(view, flow) if step.collect not in names}
    typed = (step for slot, step in steps.items() if form.get(f"value.{slot}"))
    items = (item_of(view, step, state, state.slots) for step in typed)
    return [item for item in items if form[f"value.{_name(item)}"] != written(item.value)]


def _name(item: Item) -> str:
    return item.step.collect or item.step.action


def _topics(view: View) -> set[str]:
    """The intents with something to ask or to try."""
    return {intent for flow in view.flows.values() if flow.guided or flow.questions for intent in flow.intents}


def _topic(view: View, said: str) -> str:
    """The topic somebody means: by its key, by its name in any language, or by the one name that has these letters."""
    if said in view.intents:
        return said
    names = {(label.casefold(), key) for key in _topics(view) for label in view.intents[key].label.values()}
    exact = {key for name, key in names if name == said.casefold()}
    close = exact or {key for name, key in names if said.casefold() in name}
    return close.pop() if len(close) == 1 else ""


def _default(detail: Detail) -> str:
    """What people went through last, unless the ticket was found to be about something else since."""
    for entry in reversed(detail.timeline):
        if entry.history is not None and entry.history.action in ("guided", "corrected"):
            known = entry.history.detail
            return str(known.get("topic") or known.get("intent"))
    return detail.ticket.intent or ""


def _who(detail: Detail) -> dict[str, str]:
    """Which agent answered each question last."""
    return {
        str(one["slot"]): entry.actor
        for entry in detail.timeline
        if entry.history is not None and entry.history.actor_kind == ActorKind.AGENT
        for one in entry.history.detail.get("answers", ())
    }


def _sayings(form: Form) -> list[Said]:
    """What the form says: the button that was pressed, and what stands in the fields besides."""

    def said(verb: Verb, slot: str, value: str = "") -> Said:
        return Said(slot, verb, value, form.get(f"seen.{slot}", ""), form.get(f"insist.{slot}") == "yes")

    found: dict[str, Said] = {}
    for key, value in form.items():
        slot = key.removeprefix("value.")
        if slot != key:
            found[slot] = said(Verb.WRITE, slot, value)
    for verb in (Verb.SKIP, Verb.TAKE_BACK):
        if slot := form.get(verb, ""):
            found[slot] = said(verb, slot)
    slot, _, value = form.get("answer", "").partition("=")
    if slot:
        found[slot] = said(Verb.ANSWER, slot, value)
    return list(found.values())
