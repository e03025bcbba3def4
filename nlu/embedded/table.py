"""Training data as the embedded engine learns it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.embedded.text import has_letters, prepare
from nlu.training_data import TrainingData, TrainingDataError

FEWEST = 2

Row = tuple[str, str, str]
"""A prepared text, its language and its label."""


@dataclass(frozen=True, slots=True)
class Table:
    """One row a text, each once; ``labels`` are sorted, and a class is a place among them."""

    rows: tuple[Row, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, data: TrainingData) -> Table:
        """Each intent's name is one more example. Raises ``TrainingDataError`` where nothing can be told apart."""
        rows = [(prepare(example.text), example.language, example.intent) for example in data.examples]
        rows += [(intent.replace("_", " "), "en", intent) for intent in data.intents]
        rows = [row for row in dict.fromkeys(rows) if has_letters(row[0])]
        labels = tuple(sorted({intent for _, _, intent in rows}))
        if len(labels) < FEWEST:
            raise TrainingDataError(f"At least {FEWEST} intents with examples are needed; found {len(labels)}.")
        return cls(tuple(rows), labels)

    @property
    def texts(self) -> list[str]:
        return [text for text, _, _ in self.rows]

    @property
    def languages(self) -> list[str]:
        return [language for _, language, _ in self.rows]

    @property
    def classes(self) -> NDArray[np.int64]:
        places = {label: place for place, label in enumerate(self.labels)}
        return np.array([places[label] for _, _, label in self.rows], np.int64)
