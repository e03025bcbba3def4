"""What understanding is, whoever does it: an ``Engine`` trains a ``Model``, a ``Model`` parses texts.

The words are Rasa's: utterance, intent, entity, confidence, intent ranking, fallback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nlu.training_data import TrainingData

OUT_OF_SCOPE = frozenset({"out_of_scope", "nlu_fallback"})
"""Training intents that are never an answer: a text that looks like their examples is a fallback."""

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and what is being done."""


class NluUnavailable(Exception):
    """Nothing can be understood right now; people have to take over."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of the text with a meaning; ``value`` is normalised, ``text`` is what was written at ``start:end``."""

    name: str
    value: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Parse:
    """What a text means.

    ``intent`` is the best real intent, or None when the text has no letters. ``fallback`` says that nothing fits;
    ``ambiguous`` that something does, but not surely enough to act on it without asking. ``confidence`` is calibrated:
    of the parses with 0.8, about 80 % are right. ``ranking`` is sorted, best first. ``scope`` grows with how much
    speaks for any intent at all; it can be compared within a model only.
    """

    text: str
    intent: str | None
    confidence: float
    fallback: bool
    ambiguous: bool
    ranking: tuple[tuple[str, float], ...]
    entities: tuple[Entity, ...]
    language: str
    scope: float = 0.0


class Model(Protocol):
    """A trained model. Its methods may be called from any thread."""

    @property
    def version(self) -> str:
        """Names the training data and recipe this came from."""
        ...

    @property
    def intents(self) -> tuple[str, ...]: ...

    def parse(self, texts: Sequence[str], language: str | None = None) -> list[Parse]:
        """One parse a text; ``language`` is what is known of the writer. Raises ``NluUnavailable``."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors for comparing meaning: one L2-normalised row a text."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model as arrays and JSON into an existing, empty folder."""
        ...


M = TypeVar("M", bound=Model)


class Engine(Protocol[M]):
    """A way to understand."""

    @property
    def recipe(self) -> str:
        """Names the engine and the version of its recipe; a change of it makes saved models stale."""
        ...

    def train(self, data: TrainingData, progress: Progress) -> M:
        """Raises ``TrainingDataError`` if the data cannot be learned from."""
        ...

    def update(self, model: M, learned: TrainingData, data: TrainingData) -> M | None:
        """A model of this engine that has learned those examples, with what is different in ``data``.

        Takes a second or two. None if so much has changed that it has to be trained from nothing.
        """
        ...

    def load(self, folder: Path) -> M:
        """A model that ``save`` wrote. Raises ``ValueError`` or ``OSError`` if it is damaged."""
        ...
