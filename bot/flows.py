"""Flows, compiled from the CALM subset of ``docs/content.md`` to a flat list of steps with jumps."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.conditions import Condition, ConditionError, parse

END = -1
GUIDED = "_helped"
"""A bool slot of this suffix makes its ``collect`` a guided step."""
LONGEST = 100
"""So many steps without anybody being asked are a loop."""

_STEP_KEYS = {
    "collect": {"utter", "ask_before_filling", "rejections", "description"},
    "action": set[str](),
    "set_slots": set[str](),
    "link": set[str](),
    "noop": set[str](),
}


class FlowError(ValueError):
    """A flow cannot be used; the message names the flow and the step."""


class EndlessFlow(Exception):
    """A flow goes round in circles; the message names it."""


class Ending(StrEnum):
    """What becomes of the matter where a flow leads out of itself."""

    SOLVED = "solved"
    WITHDRAWN = "withdrawn"
    HANDOFF = "handoff"


_ENDINGS = {
    "solved": Ending.SOLVED,
    "action_resolve": Ending.SOLVED,
    "action_close_ticket": Ending.WITHDRAWN,
    "handoff": Ending.HANDOFF,
    "action_handoff": Ending.HANDOFF,
}


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to go when the condition holds; a missing condition always holds."""

    condition: Condition | None
    target: int


@dataclass(frozen=True, slots=True)
class Rejection:
    condition: Condition
    utter: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step; exactly one of ``collect``, ``action``, ``set_slots``, ``link``, or none of them for ``noop``."""

    id: str
    jumps: tuple[Jump, ...]
    collect: str = ""
    utter: str = ""
    ask_before_filling: bool = False
    rejections: tuple[Rejection, ...] = ()
    action: str = ""
    set_slots: tuple[tuple[str, Any], ...] = ()
    link: str = ""

    @property
    def is_guided(self) -> bool:
        return self.collect.endswith(GUIDED)

    @property
    def ending(self) -> Ending | None:
        """Where this step leads out of its flow, if it does."""
        return _ENDINGS.get(self.link or self.action)

    def is_open(self, slots: Mapping[str, Any], skipped: Container[str] = (), answered: Container[str] = ()) -> bool:
        """Whether somebody has to be asked here.

        ``skipped`` are slots that were left out on purpose; ``answered`` those already asked about, so that
        ``ask_before_filling`` asks no second time.
        """
        if not self.collect or self.collect in skipped:
            return False
        again = self.ask_before_filling and self.collect not in answered
        return again or slots.get(self.collect) in (None, "")

    def refusal(self, slots: Mapping[str, Any]) -> Rejection | None:
        """The rule that the slot's value breaks."""
        return next((rejection for rejection in self.rejections if rejection.condition(slots)), None)

    def next(self, slots: Mapping[str, Any]) -> int:
        """The index of the step that follows, or ``END``."""
        for jump in self.jumps:
            if jump.condition is None or jump.condition(slots):
                return jump.target
        return END


@dataclass(frozen=True, slots=True)
class Flow:
    key: str
    name: str
    description: str
    intents: tuple[str, ...]
    steps: tuple[Step, ...]

    def index(self, step_id: str) -> int:
        """The place of a step by its id. Raises ``KeyError``."""
        for index, step in enumerate(self.steps):
            if step.id == step_id:
                return index
        raise KeyError(step_id)

    @property
    def guided(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.is_guided)

    @property
    def questions(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.collect and not step.is_guided)


def walk(flows: Mapping[str, Flow], flow: Flow, index: int, slots: dict[str, Any]) -> Iterator[tuple[Flow, int]]:
    """Every place on the way from a step on: the flow and the step's index in it.

    Links are followed and ``set_slots`` are set in ``slots``; branches are taken by what ``slots`` hold when the next
    place is asked for. Whoever walks stops where somebody must answer. Raises ``EndlessFlow``.
    """
    for _ in range(LONGEST):
        if index == END:
            return
        yield flow, index
        step = flow.steps[index]
        if step.link:
            flow, index = flows[step.link], 0
        else:
            slots.update(step.set_slots)
            index = step.next(slots)
    raise EndlessFlow(flow.key)


def compile_flow(key: str, source: Mapping[str, Any]) -> Flow:
    """Read one flow. Raises ``FlowError``."""
    unknown = set(source) - {"name", "description", "nlu_trigger", "steps"}
    if unknown:
        raise FlowError(f"flow {key}: unknown key {sorted(unknown)[0]!r}")
    if not source.get("steps"):
        raise FlowError(f"flow {key}: it has no steps")
    intents = tuple(_intent(key, trigger) for trigger in source.get("nlu_trigger", ()))
    return Flow(
        key=key,
        name=str(source.get("name", key)),
        description=str(source.get("description", "")),
        intents=intents,
        steps=_Compiler(key).compile(source["steps"]),
    )


def _intent(key: str, trigger: Any) -> str:
    if isinstance(trigger, str):
        return trigger
    intent = trigger.get("intent") if isinstance(trigger, Mapping) else None
    if isinstance(intent, Mapping):
        intent = intent.get("name")
    if not isinstance(intent, str):
        raise FlowError(f"flow {key}: a trigger names no intent")
    return intent


class _Compiler:
    """Lays nested steps out behind one another; targets by id are resolved when every step has its place."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._steps: list[dict[str, Any]] = []
        self._jumps: list[list[tuple[Condition | None, int | str]]] = []

    def compile(self, source: Sequence[Any]) -> tuple[Step, ...]:
        self._lay(source)
        ids = [str(step["id"]) for step in self._steps]
        places = {id_: index for index, id_ in enumerate(ids)}
        if len(places) != len(ids):
            twice = next(id_ for id_ in ids if ids.count(id_) > 1)
            raise FlowError(f"flow {self._key}: two steps are called {twice!r}")
        return tuple(
            Step(jumps=tuple(self._jump(jump, places) for jump in jumps), **step)
            for step, jumps in zip(self._steps, self._jumps, strict=True)
        )

    def _jump(self, jump: tuple[Condition | None, int | str], places: Mapping[str, int]) -> Jump:
        condition, target = jump
        if isinstance(target, str):
            if target not in places:
                raise FlowError(f"flow {self._key}: there is no step {target!r} to go to")
            target = places[target]
        return Jump(condition, target)

    def _lay(self, source: Sequence[Any]) -> int:
        """Append these steps and everything nested in them; returns the place of the first."""
        first = len(self._steps)
        placed: list[int] = []
        pending: list[tuple[int, Any]] = []
        for item in source:
            placed.append(len(self._steps))
            self._steps.append(self._step(item, len(self._steps)))
            self._jumps.append([])
            pending.append((placed[-1], item.get("next")))
        for position, (place, following) in enumerate(pending):
            fallthrough = placed[position + 1] if position + 1 < len(placed) else END
            self._jumps[place] = self._next(following, fallthrough)
        return first

    def _next(self, following: Any, fallthrough: int) -> list[tuple[Condition | None, int | str]]:
        if following is None:
            return [(None, fallthrough)]
        if not isinstance(following, list):
            return [(None, self._target(following))]
        jumps: list[tuple[Condition | None, int | str]] = []
        for branch in following:
            if "else" in branch:
                jumps.append((None, self._target(branch["else"])))
            elif "if" in branch and "then" in branch:
                jumps.append((self._condition(branch["if"]), self._target(branch["then"])))
            else:
                raise FlowError(f"flow {self._key}: a branch of next needs if and then, or else")
        return jumps

    def _target(self, target: Any) -> int | str:
        if isinstance(target, list):
            return self._lay(target)
        return END if target == "END" else str(target)

    def _condition(self, text: Any) -> Condition:
        try:
            return parse(str(text))
        except ConditionError as error:
            raise FlowError(f"flow {self._key}: {error}") from None

    def _step(self, item: Any, index: int) -> dict[str, Any]:
        kinds = [kind for kind in _STEP_KEYS if isinstance(item, Mapping) and kind in item]
        if len(kinds) != 1:
            raise FlowError(f"flow {self._key}: step {index + 1} must be one of {', '.join(_STEP_KEYS)}")
        kind = kinds[0]
        unknown = set(item) - {kind, "id", "next"} - _STEP_KEYS[kind]
        if unknown:
            raise FlowError(f"flow {self._key}: step {index + 1} has an unknown key {sorted(unknown)[0]!r}")
        step: dict[str, Any] = {"id": str(item.get("id", f"{index}_{item.get('collect') or kind}"))}
        if kind == "collect":
            step |= {
                "collect": item["collect"],
                "utter": item.get("utter", f"utter_ask_{item['collect']}"),
                "ask_before_filling": bool(item.get("ask_before_filling", False)),
                "rejections": tuple(
                    Rejection(self._condition(rejection["if"]), rejection["utter"])
                    for rejection in item.get("rejections", ())
                ),
            }
        elif kind == "set_slots":
            step["set_slots"] = tuple(pair for assignment in item["set_slots"] for pair in assignment.items())
        elif kind in ("action", "link"):
            step[kind] = item[kind]
        return step
