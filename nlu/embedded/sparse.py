"""The sparse half: TF-IDF of words and of characters within words, and a linear support vector machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from nlu.embedded.dense import both_sides

Floats = NDArray[np.float64]


def _blocks() -> tuple[dict[str, Any], ...]:
    return (
        {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b", "sublinear_tf": True},
        {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True},
    )


@dataclass(frozen=True, slots=True)
class _Block:
    """One kind of gram: ``analyse`` cuts a text, ``places`` says which column a gram is, ``idf`` weighs it."""

    analyse: Callable[[str], list[str]]
    places: dict[str, int]
    idf: Floats

    def weigh(self, text: str) -> tuple[NDArray[np.intp], Floats]:
        """Columns and TF-IDF weights of a text, of length 1 (the formula of scikit-learn's TfidfVectorizer)."""
        counts = Counter(place for gram in self.analyse(text) if (place := self.places.get(gram)) is not None)
        columns = np.fromiter(sorted(counts), np.intp, len(counts))
        weights = (1 + np.log([counts[column] for column in columns])) * self.idf[columns]
        return columns, weights / max(float(np.linalg.norm(weights)), 1e-12)


class Grams:
    """Both blocks side by side, each weighted by 2^-½ so that rows have length 1.

    Fitted by scikit-learn and applied here: its ``transform`` spends a millisecond on checks before it reads a text.
    """

    def __init__(self, blocks: Sequence[_Block]) -> None:
        self._blocks = tuple(blocks)

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Grams:
        vectorizers = [TfidfVectorizer(**block).fit(texts) for block in _blocks()]
        vocabularies = [{gram: int(place) for gram, place in v.vocabulary_.items()} for v in vectorizers]
        return cls.restore(vocabularies, [v.idf_ for v in vectorizers])

    def apply(self, texts: Sequence[str]) -> csr_matrix:
        """Rows (n, grams) of float32."""
        columns, weights, ends = [], [], [0]
        for text in texts:
            offset = 0
            for block in self._blocks:
                found, weighed = block.weigh(text)
                columns.append(found + offset)
                weights.append(weighed)
                offset += len(block.places)
            ends.append(ends[-1] + sum(len(one) for one in columns[-len(self._blocks) :]))
        data = (np.concatenate(weights) * 2**-0.5).astype(np.float32) if weights else np.zeros(0, np.float32)
        places = np.concatenate(columns) if columns else np.zeros(0, np.intp)
        return csr_matrix((data, places, ends), shape=(len(texts), sum(len(block.places) for block in self._blocks)))

    def knows(self, text: str) -> bool:
        """Whether any word of the text, or pair of words, is in the training data."""
        words = self._blocks[0]
        return any(gram in words.places for gram in words.analyse(text))

    def dump(self) -> tuple[list[dict[str, int]], list[Floats]]:
        """Vocabularies and inverse document frequencies, in the order of the blocks."""
        return [block.places for block in self._blocks], [block.idf for block in self._blocks]

    @classmethod
    def restore(cls, vocabularies: Sequence[dict[str, int]], frequencies: Sequence[Floats]) -> Grams:
        analysers = [TfidfVectorizer(**block).build_analyzer() for block in _blocks()]
        return cls([_Block(*block) for block in zip(analysers, vocabularies, frequencies, strict=True)])


@dataclass(frozen=True, slots=True)
class SparseHead:
    """Weights (grams, classes), so that a row's few grams are looked up, and bias (classes,)."""

    weights: NDArray[np.float32]
    bias: Floats

    @classmethod
    def fit(cls, features: csr_matrix, classes: NDArray[np.int64]) -> SparseHead:
        # A tighter tolerance takes half as long again and changes no figure of the pack's exam.
        machine = LinearSVC(C=1.0, tol=0.1)
        machine.fit(features.astype(np.float64), classes)
        weights, bias = both_sides(machine.coef_, machine.intercept_)
        return cls(np.ascontiguousarray(weights.T, np.float32), bias)

    def scores(self, features: csr_matrix) -> Floats:
        """Margins (n, classes)."""
        margins: Floats = np.asarray(features @ self.weights, np.float64) + self.bias
        return margins
