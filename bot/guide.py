"""People go through a flow: what they answer goes into the bot's state, so that either goes on for the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from bot.checklist import Item, Mark, item_of
from bot.content import Content, Slot, View
from bot.flows import EndlessFlow, Flow, Step
from bot.handoff import packet, slot_label
from bot.responses import SET_SLOTS
from bot.state import State
from core.errors import Conflict, InvalidInput
from core.models import Agent, Organization, Ticket
from core.tickets import actions
from core.tickets.history import record
from core.values import Actor

LONGEST_ANSWER = 2000
"""Characters of one answer."""
REASON = "guided"
"""Why there is a packet although the bot did not hand over: people went through the steps."""


class Verb(StrEnum):
    """What people do about a step."""

    WRITE = "write"
    """What stands in its field, whether they touched it or not."""
    ANSWER = "answer"
    SKIP = "skip"
    TAKE_BACK = "take_back"


class Refused(InvalidInput):
    """The flow does not accept the answer; people may insist on it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody does about one slot; ``seen`` is the stamp they had before their eyes."""

    slot: str
    verb: Verb
    value: str = ""
    seen: str = ""
    insists: bool = False


def try_out(
    view: View, flow: Flow, state: State, sayings: Iterable[Said], language: str
) -> dict[str, InvalidInput | Conflict]:
    """What is wrong with answers that were not kept, by slot; the state is left alone."""
    scratch, wrong = deepcopy(state), {}
    for said in sayings:
        try:
            answer(view, flow, scratch, said, language)
        except (InvalidInput, Conflict) as error:
            wrong[said.slot] = error
    return wrong


def answer(view: View, flow: Flow, state: State, said: Said, language: str) -> Item | None:
    """Take one answer into the state; how it stands then, or None if it changes nothing.

    Raises ``InvalidInput`` for what cannot be an answer, ``Refused`` where the flow does not accept it, ``Conflict`` if
    somebody has meanwhile given another one.
    """
    step = next((step for step in questions(view, flow) if step.collect == said.slot), None)
    if step is None:
        raise InvalidInput("This question is no longer part of the guide. Look at the list again.", said.slot)
    before, label = item_of(view, step, state, state.slots), slot_label(view, said.slot)[language]
    text = " ".join(said.value.replace("\0", "").split())
    if said.verb is Verb.WRITE and text == said.seen.partition(":")[2]:
        return None
    wanted = _wanted(view, step, said, text, label)
    if wanted.stamp == before.stamp:
        return None
    if before.stamp != said.seen:
        raise Conflict(
            "Somebody was faster with “{label}”. Look at the answer there now; save yours again if it is right.",
            label=label,
        )
    if wanted.mark is Mark.SKIPPED:
        state.skip(said.slot)
    elif wanted.mark is Mark.OPEN:
        state.take_back(said.slot)
    else:
        refusal = step.refusal({**state.slots, said.slot: wanted.value})
        if refusal is not None and not said.insists:
            reason = view.responses[refusal.utter][0].text[language]
            raise Refused("“{label}” does not fit: {reason}", said.slot, label=label, reason=reason)
        state.fill(said.slot, wanted.value, step.is_guided)
    return wanted


def _wanted(view: View, step: Step, said: Said, text: str, label: str) -> Item:
    slot = view.slots[step.collect]
    if said.verb is Verb.SKIP:
        return Item(step, slot, Mark.SKIPPED)
    if said.verb is Verb.TAKE_BACK or not text:
        return Item(step, slot, Mark.OPEN)
    value = _read(view, step, slot, text, label)
    if step.is_guided:
        return Item(step, slot, Mark.HELPED if value else Mark.NOT_HELPED, value)
    return Item(step, slot, Mark.ANSWERED, value)


def _read(view: View, step: Step, slot: Slot, text: str, label: str) -> Any:
    if len(text) > LONGEST_ANSWER:
        raise InvalidInput(
            "“{label}” is too long; at most {most} characters.", slot.key, label=label, most=LONGEST_ANSWER
        )
    if slot.type == "float":
        number = _number(text)
        if number is None:
            raise InvalidInput("“{label}” must be a number.", slot.key, label=label)
        return number
    buttons = (button for response in view.responses[step.utter] for button in response.buttons)
    matches = (SET_SLOTS.match(button.payload) for button in buttons)
    known = {*slot.values, *(match.group(2) for match in matches if match is not None)}
    if slot.type == "bool":
        known = {"true", "false"}
    if slot.type != "text" and text not in known:
        raise InvalidInput("Choose one of the answers offered for “{label}”.", slot.key, label=label)
    return text == "true" if slot.type == "bool" else text


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def questions(view: View, flow: Flow) -> Iterator[Step]:
    """The steps of a flow, and of those it links to, that ask something."""
    known, waiting = {flow.key}, [flow]
    while waiting:
        for step in waiting.pop().steps:
            if step.collect:
                yield step
            if step.link and step.ending is None and step.link not in known:
                known.add(step.link)
                waiting.append(view.flows[step.link])


def fill_in(
    session: Session,
    content: Content,
    ticket_id: int,
    agent_id: int,
    topic: str,
    sayings: Sequence[Said],
    now: datetime,
) -> None:
    """Keep what an agent found out going through the flow of an intent: all of it, or nothing if one answer is wrong.

    Answering takes over, as replying does, unless a colleague has the ticket. Raises ``InvalidInput``, ``Conflict``.
    """
    ticket = actions.locked(session, ticket_id)
    actions.require_open(ticket)
    agent = session.get_one(Agent, agent_id)
    organization = session.get(Organization, ticket.organization_id) if ticket.organization_id else None
    view = content.of(organization.key if organization is not None else None)
    flow = view.flow_for(topic)
    if flow is None:
        raise InvalidInput("There is no guide for this topic. Choose another one.", "guide")
    state = State.load(deepcopy(ticket.bot_state))
    changed = [item for said in sayings if (item := answer(view, flow, state, said, agent.language)) is not None]
    if not changed:
        return
    if ticket.assignee_id is None or ticket.level == 0:
        actions.to_people(session, ticket, agent_id, now)
        record(session, ticket, Actor.agent(agent_id), "taken_over", now)
    with suppress(EndlessFlow):
        state.frontier(view.flows, flow)
    state.guide = topic
    _keep(ticket, view, state, topic)
    answers = [{"slot": one.step.collect, "mark": one.mark, "value": one.value} for one in changed]
    record(session, ticket, Actor.agent(agent_id), "guided", now, topic=topic, answers=answers)


def _keep(ticket: Ticket, view: View, state: State, topic: str) -> None:
    ticket.bot_state = {**ticket.bot_state, **state.dump()}
    reason = ticket.packet.get("reason", REASON)
    known = packet(view, state, ticket.intent or topic, reason, state.words or ticket.subject)
    ticket.packet = {**known, "solver": view.intents[topic].team}
