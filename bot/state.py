"""What the bot remembers of one ticket between turns, stored with the ticket as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


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
    tried: list[list[Any]] = field(default_factory=list)
    refused: int = 0
    misses: int = 0
    topics: list[str] = field(default_factory=list)
    """Further matters of the same person, to be dealt with next."""
    ranking: list[list[Any]] = field(default_factory=list)
    article: int = 0
    words: str = ""
    """What the person said first about this matter."""
    resume: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> State:
        """The stored state; what an older version wrote and this one does not know is left out."""
        known = {entry.name for entry in fields(cls)}
        state = cls(**{key: value for key, value in stored.items() if key in known})
        state.waiting = Waiting(state.waiting)
        return state

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    def leave_flow(self) -> None:
        """Nothing is asked and no flow runs; slots and what was tried stay."""
        self.flow, self.step, self.waiting, self.refused = "", 0, Waiting.NOTHING, 0
