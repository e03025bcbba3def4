"""What the bot remembers of one ticket between turns, stored with the ticket as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from bot.flows import Flow, walk


class Waiting(StrEnum):
    """What the bot asked last."""

    NOTHING = ""
    SLOT = "slot"
    TOPIC = "topic"
    """Which of these is it?"""
    ARTICLE = "article"
    """Did the article help?"""
    REPHRASE = "rephrase"


@dataclass(slots=True)
class State:
    """``step`` is an index into the flow's steps; ``tried`` has a guided step's slot and whether it helped."""

    flow: str = ""
    step: int = 0
    waiting: Waiting = Waiting.NOTHING
    slots: dict[str, Any] = field(default_factory=dict)
    answered: list[str] = field(default_factory=list)
    """Slots somebody was asked about and answered."""
    skipped: list[str] = field(default_factory=list)
    """Slots that people left out: they are not asked about again."""
    tried: list[list[Any]] = field(default_factory=list)
    refused: int = 0
    misses: int = 0
    asides: int = 0
    """How often somebody said something beside what was asked last."""
    told_place: bool = False
    """The person, waiting for people, has heard their place in the queue."""
    topics: list[str] = field(default_factory=list)
    """Further matters of the same person, to be dealt with next."""
    ranking: list[list[Any]] = field(default_factory=list)
    article: int = 0
    words: str = ""
    """What the person said first about this matter."""
    resume: dict[str, str] = field(default_factory=dict)
    guide: str = ""
    """The intent whose flow people went through last."""

    @classmethod
    def load(cls, stored: dict[str, Any]) -> State:
        """The stored state; what an older version wrote and this one does not know is left out."""
        known = {entry.name for entry in fields(cls)}
        state = cls(**{key: value for key, value in stored.items() if key in known})
        state.waiting = Waiting(state.waiting)
        return state

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    def fill(self, slot: str, value: Any, guided: bool) -> None:
        """An answer to what was asked; with ``guided`` whether a step helped, which counts as tried."""
        self.ask_again(slot)
        self.slots[slot] = value
        self.answered.append(slot)
        if guided:
            self.tried = [*(one for one in self.tried if one[0] != slot), [slot, bool(value)]]

    def ask_again(self, slot: str) -> None:
        """What was answered or left out is asked about once more; what was tried stays told."""
        self.slots.pop(slot, None)
        self.answered = [one for one in self.answered if one != slot]
        self.skipped = [one for one in self.skipped if one != slot]

    def take_back(self, slot: str) -> None:
        """As if nobody had been asked."""
        self.ask_again(slot)
        self.tried = [one for one in self.tried if one[0] != slot]

    def skip(self, slot: str) -> None:
        """Left out on purpose."""
        self.take_back(slot)
        self.skipped.append(slot)

    def frontier(self, flows: Mapping[str, Flow], flow: Flow) -> tuple[Flow, int] | None:
        """The first place in a flow where somebody has to be asked, or where it leads out; None at its plain end.

        What is set on the way there is set. Raises ``EndlessFlow``.
        """
        for place, index in walk(flows, flow, 0, self.slots):
            step = place.steps[index]
            if step.ending is not None or step.is_open(self.slots, self.skipped, self.answered):
                return place, index
        return None

    def leave_flow(self) -> None:
        """Nothing is asked and no flow runs; slots and what was tried stay."""
        self.flow, self.step, self.waiting, self.refused = "", 0, Waiting.NOTHING, 0
        self.asides = 0
