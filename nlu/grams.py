"""Texts as weighted grams: words and pairs of them, or runs of characters within words.

Grams and weights are those of scikit-learn's ``TfidfVectorizer`` (lower-cased, smooth idf, sublinear tf, rows of length
1). That takes a second of every start to load, and a millisecond of every text for checks before it reads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Analyse = Callable[[str], list[str]]

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Every word, and every pair of neighbours."""
    found = _WORD.findall(text.lower())
    return found + [f"{one} {next_one}" for one, next_one in pairwise(found)]


def characters(shortest: int, longest: int) -> Analyse:
    """Runs of so many characters within a word, to which the space on either side belongs.

    A word shorter than a run is one run, once.
    """

    def analyse(text: str) -> list[str]:
        found = []
        for word in text.lower().split():
            padded = f" {word} "
            for length in range(shortest, max(shortest, min(longest, len(padded))) + 1):
                found += [padded[start : start + length] for start in range(max(1, len(padded) - length + 1))]
        return found

    return analyse


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One kind of gram: ``analyse`` cuts a text, ``places`` says which column a gram is, ``idf`` weighs it."""

    analyse: Analyse
    places: Mapping[str, int]
    idf: Floats

    @classmethod
    def fit(cls, analyse: Analyse, texts: Sequence[str]) -> Vocabulary:
        return cls(analyse, {}, np.zeros(0)).extended(texts, len(texts))

    def extended(self, texts: Sequence[str], total: int) -> Vocabulary:
        """With the grams of more texts behind its own, whose weights stay; now there are ``total`` texts."""
        counts = Counter(gram for text in texts for gram in set(self.analyse(text)) if gram not in self.places)
        grams = sorted(counts)
        places = {gram: place for place, gram in enumerate(grams, len(self.places))}
        idf = np.log((1 + total) / (1 + np.array([counts[gram] for gram in grams], np.float64))) + 1
        return Vocabulary(self.analyse, {**self.places, **places}, np.concatenate([self.idf, idf]))

    def weigh(self, text: str) -> tuple[Places, Floats]:
        """Columns in their order, and their weights; what is not in the vocabulary is left out."""
        found = [place for place in map(self.places.get, self.analyse(text)) if place is not None]
        columns, counts = np.unique(np.array(found, np.intp), return_counts=True)
        weights = (1 + np.log(counts)) * self.idf[columns]
        return columns, weights / max(float(np.linalg.norm(weights)), 1e-12)

    def knows(self, text: str) -> bool:
        """Whether any gram of the text is in it."""
        return any(gram in self.places for gram in self.analyse(text))
