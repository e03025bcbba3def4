"""The sparse half: TF-IDF of words and of characters within words, and a linear support vector machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.grams import Analyse, Floats, Places, Vocabulary, characters, words

C = 1.0
"""What a violated margin costs the machine, beside the squared weights."""
KINDS: tuple[Analyse, ...] = (words, characters(2, 5))

Row = tuple[Places, NDArray[np.float32]]
"""The grams of a text: their columns, and their weights."""


class Grams:
    """Both kinds of grams side by side, each weighted by 2^-½ so that rows have length 1."""

    def __init__(self, vocabularies: Sequence[Vocabulary]) -> None:
        self.vocabularies = tuple(vocabularies)

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Grams:
        return cls([Vocabulary.fit(kind, texts) for kind in KINDS])

    @property
    def columns(self) -> int:
        return sum(len(one.places) for one in self.vocabularies)

    def apply(self, texts: Sequence[str]) -> list[Row]:
        return [self._row(text) for text in texts]

    def _row(self, text: str) -> Row:
        columns, weights, offset = [], [], 0
        for vocabulary in self.vocabularies:
            found, weighed = vocabulary.weigh(text)
            columns.append(found + offset)
            weights.append(weighed)
            offset += len(vocabulary.places)
        return np.concatenate(columns), (np.concatenate(weights) * 2**-0.5).astype(np.float32)

    def knows(self, text: str) -> bool:
        """Whether any word of the text, or pair of words, is in the training data."""
        return self.vocabularies[0].knows(text)

    def dump(self) -> tuple[list[Mapping[str, int]], list[Floats]]:
        """Vocabularies and inverse document frequencies, in the order of the kinds."""
        return [one.places for one in self.vocabularies], [one.idf for one in self.vocabularies]

    @classmethod
    def restore(cls, vocabularies: Sequence[Mapping[str, int]], frequencies: Sequence[Floats]) -> Grams:
        return cls([Vocabulary(*one) for one in zip(KINDS, vocabularies, frequencies, strict=True)])


@dataclass(frozen=True, slots=True)
class SparseHead:
    """Weights (grams, classes), so that a row's few grams are looked up, and bias (classes,)."""

    weights: NDArray[np.float32]
    bias: Floats

    def scores(self, rows: Sequence[Row]) -> Floats:
        """Margins (n, classes)."""
        margins = np.array([weights @ self.weights[columns] for columns, weights in rows], np.float64)
        return margins.reshape(len(rows), len(self.bias)) + self.bias
