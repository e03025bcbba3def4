"""The sparse half: TF-IDF of words and of characters within words, and a linear support vector machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from nlu.embedded.dense import both_sides

Floats = NDArray[np.float64]


def _blocks() -> tuple[dict[str, Any], ...]:
    return (
        {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b", "sublinear_tf": True},
        {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True},
    )


class Grams:
    """Both blocks side by side, each weighted by 2^-½ so that rows have length 1."""

    def __init__(self, vectorizers: Sequence[TfidfVectorizer]) -> None:
        self._vectorizers = tuple(vectorizers)

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Grams:
        return cls([TfidfVectorizer(**block).fit(texts) for block in _blocks()])

    def apply(self, texts: Sequence[str]) -> csr_matrix:
        """Rows (n, grams)."""
        return csr_matrix(hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers]) * 2**-0.5)

    def dump(self) -> tuple[list[dict[str, int]], list[Floats]]:
        """Vocabularies and inverse document frequencies, in the order of the blocks."""
        words = [{gram: int(place) for gram, place in v.vocabulary_.items()} for v in self._vectorizers]
        return words, [v.idf_ for v in self._vectorizers]

    @classmethod
    def restore(cls, vocabularies: Sequence[dict[str, int]], frequencies: Sequence[Floats]) -> Grams:
        vectorizers = []
        for block, vocabulary, idf in zip(_blocks(), vocabularies, frequencies, strict=True):
            vectorizer = TfidfVectorizer(**block, vocabulary=vocabulary)
            vectorizer.idf_ = idf
            vectorizers.append(vectorizer)
        return cls(vectorizers)


@dataclass(frozen=True, slots=True)
class SparseHead:
    """Weights (grams, classes), so that a row's few grams are looked up, and bias (classes,)."""

    weights: NDArray[np.float32]
    bias: Floats

    @classmethod
    def fit(cls, features: csr_matrix, classes: NDArray[np.int64]) -> SparseHead:
        machine = LinearSVC(C=1.0)
        machine.fit(features, classes)
        weights, bias = both_sides(machine.coef_, machine.intercept_)
        return cls(np.ascontiguousarray(weights.T, np.float32), bias)

    def scores(self, features: csr_matrix) -> Floats:
        """Margins (n, classes)."""
        margins: Floats = np.asarray(features @ self.weights, np.float64) + self.bias
        return margins
