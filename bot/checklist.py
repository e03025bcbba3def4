"""A flow as a list for people: the bot's own walk through it, what is done, what is next, where it leads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.content import Slot, View
from bot.flows import Ending, EndlessFlow, Flow, Step, walk
from bot.responses import SET_SLOTS, Voice
from bot.state import State
from core.values import Choice


class Mark(StrEnum):
    """How far a step is."""

    OPEN = "open"
    ANSWERED = "answered"
    HELPED = "helped"
    NOT_HELPED = "not_helped"
    SKIPPED = "skipped"
    TOLD = "told"
    """Nothing is asked; it is something to be said."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list. ``slot`` is None where nothing is asked."""

    step: Step
    slot: Slot | None
    mark: Mark
    value: Any = None

    @property
    def stamp(self) -> str:
        """The answer people see, to notice that somebody else has given another one meanwhile."""
        return f"{self.mark}:{written(self.value)}"


@dataclass(frozen=True, slots=True)
class CheckList:
    items: tuple[Item, ...]
    ending: Ending | None
    """Where it leads, once nothing is open that could change it."""
    branches: bool
    """How it goes on depends on an answer that is still missing."""

    @property
    def next(self) -> Item | None:
        """What to ask now."""
        return next((item for item in self.items if item.mark is Mark.OPEN), None)


def written(value: Any) -> str:
    """A slot's value as it stands in a field: one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else " ".join(str(value).split())


def check_list(view: View, flow: Flow, state: State) -> CheckList:
    """The way through the flow by the answers so far, and what lies ahead if no step helps."""
    slots = dict(state.slots)
    items: dict[str, Item] = {}
    ending: Ending | None = None
    unsure = branches = False
    with suppress(EndlessFlow):
        for place, index in walk(view.flows, flow, 0, slots):
            step = place.steps[index]
            if step.ending is not None:
                ending = step.ending
                break
            name = step.collect or (step.action if step.action.startswith("utter_") else "")
            if name and name not in items:
                items[name] = item_of(view, step, state, slots)
                if items[name].mark is Mark.OPEN and step.is_guided:
                    slots[name] = False
                unsure = unsure or (items[name].mark is Mark.OPEN and not step.is_guided)
            if unsure and len(step.jumps) > 1 and not step.is_guided:
                branches = True
                break
    found = tuple(items.values())
    is_open = any(item.mark is Mark.OPEN for item in found)
    helped = ending is Ending.SOLVED and any(item.mark is Mark.HELPED for item in found)
    return CheckList(found, ending if helped or not is_open else None, branches)


def item_of(view: View, step: Step, state: State, slots: Mapping[str, Any]) -> Item:
    """How a step stands by these slots."""
    if not step.collect:
        return Item(step, None, Mark.TOLD)
    value = slots.get(step.collect)
    if step.collect in state.skipped:
        mark = Mark.SKIPPED
    elif step.is_open(slots, state.skipped, state.answered):
        mark = Mark.OPEN
    elif step.is_guided:
        mark = Mark.HELPED if value else Mark.NOT_HELPED
    else:
        mark = Mark.ANSWERED
    return Item(step, view.slots[step.collect], mark, value)


def offered(item: Item, view: View, voice: Voice) -> tuple[Choice, ...]:
    """The answers a step gives to choose from, with the value as payload; empty where people write."""
    if item.slot is None or item.step.is_guided:
        return ()
    titles = {}
    for button in voice.draft(item.step.utter).choices:
        match = SET_SLOTS.match(button.payload)
        if match is not None and match.group(1) == item.slot.key:
            titles[match.group(2)] = button.title
    if item.slot.type == "bool" and not titles:
        titles = {"true": voice.text("utter_yes"), "false": voice.text("utter_no")}
    if item.slot.type == "categorical":
        titles = {**titles, **{value: value for value in item.slot.values if value not in titles}}
    return tuple(Choice(title, value) for value, title in titles.items()) if item.slot.type != "text" else ()


def title_of(view: View, slot: str, value: Any, language: str) -> str:
    """A collected value as people call it: the title of its button, where it has one."""
    for response in view.responses.get(f"utter_ask_{slot}", ()):
        for button in response.buttons:
            match = SET_SLOTS.match(button.payload)
            if match is not None and match.groups() == (slot, written(value)):
                return button.title[language]
    if isinstance(value, bool) and "utter_yes" in view.responses and "utter_no" in view.responses:
        return view.responses["utter_yes" if value else "utter_no"][0].text[language]
    return str(value)
