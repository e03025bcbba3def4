"""Learning a few changed examples in a second, beside all that was learned before.

Where a head has been fitted, each example's pull on the weights follows from its scores alone: C times what its
probabilities lack (logistic regression), 2 C times what its margins lack (the machine with its squared hinge loss). So
nothing has to be kept of a training: pulls are read off the scores, and coordinate ascent in the dual (Hsieh et al.
2008; Yu, Huang, Lin 2011) goes on from there, with the examples that came or went and those that are near to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu.embedded import dense, sparse
from nlu.embedded.dense import DenseHead
from nlu.embedded.model import EmbeddedModel
from nlu.embedded.sparse import Grams, Row, SparseHead
from nlu.embedded.table import Table
from nlu.encoder import Encoder
from nlu.entities import Recogniser
from nlu.training_data import TrainingData

Floats = NDArray[np.float64]

MOST = 0.01
"""Up to this share of the examples may have changed: what cross-validation found stays as it was."""
NEAR = 2000
"""So many others are looked at again, those nearest to the changed ones: each gives way to what came, or fills in for
what went. Without them, new examples take too much from their neighbours."""
PASSES = 2
"""Further ones, and more neighbours, bring the model nearer to one trained from nothing than the exam can tell."""
STEPS = 20


def update(
    model: EmbeddedModel, learned: TrainingData, data: TrainingData, version: str, encoder: Encoder
) -> EmbeddedModel | None:
    """The model of ``data``, made of one trained on ``learned``; None if too much is different, or the labels are."""
    before, after = Table.of(learned), Table.of(data)
    gone, new = set(before.rows) - set(after.rows), set(after.rows) - set(before.rows)
    # For two labels, one regression and one machine were fitted instead of two.
    if not before.labels == after.labels == model.labels or len(after.labels) == 2:
        return None
    if len(gone) + len(new) > MOST * len(after.rows):
        return None
    updated = replace(model, version=version, recogniser=Recogniser.of(data))
    if not gone and not new:
        return updated
    table = Table((*before.rows, *(row for row in after.rows if row in new)), after.labels)
    vectors = encoder.encode(table.texts).astype(np.float64)
    features = model.scaler.apply(vectors, table.languages)
    chosen = _with_near(features, np.array([row in gone or row in new for row in table.rows]))
    rows = [table.rows[place] for place in chosen]
    right = np.eye(len(table.labels), dtype=bool)[table.classes[chosen]]
    was, stays = np.array([row not in new for row in rows]), np.array([row not in gone for row in rows])
    grams, widened = _widened(model.grams, model.sparse, [text for text, _, _ in new], len(after.rows))
    regression = _Regression(model.dense, features[chosen], right)
    machine = _Machine(widened, grams.apply([text for text, _, _ in rows]), right)
    for fitted in (regression, machine):
        _ascend(fitted, was, stays)
    return replace(updated, grams=grams, dense=regression.head, sparse=machine.head)


def _with_near(features: Floats, changed: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The places of what changed, and after them those next to any of it, nearest first."""
    nearness = np.where(changed, np.inf, (features @ features[changed].T).max(axis=1))
    return np.argsort(-nearness, kind="stable")[: int(changed.sum()) + NEAR]


def _widened(grams: Grams, head: SparseHead, texts: Sequence[str], total: int) -> tuple[Grams, SparseHead]:
    """With columns for the grams that nobody had used before; they weigh nothing yet."""
    widened = Grams([one.extended(texts, total) for one in grams.vocabularies])
    ends = np.cumsum([len(one.places) for one in grams.vocabularies])
    more = np.array([len(one.places) for one in widened.vocabularies]) - np.diff(ends, prepend=0)
    return widened, SparseHead(np.insert(head.weights, np.repeat(ends, more), 0, axis=0), head.bias)


class _Fitted(Protocol):
    """A head with some of the examples it is fitted to, each a place among them; a pull has a value for every label."""

    def pulls(self) -> Floats:
        """Those of all examples (n, labels), as they follow from their scores where the head is fitted."""
        ...

    def fitting(self, place: int, pull: Floats) -> Floats:
        """The pull of an example that fits the scores it leads to, while all others pull as they do."""
        ...

    def move(self, place: int, change: Floats) -> None:
        """Pull more by so much."""
        ...


def _ascend(fitted: _Fitted, was: NDArray[np.bool_], stays: NDArray[np.bool_]) -> None:
    """Let each example pull as fits, in turns: those that were not there begin with nothing, others end with it."""
    pulls = np.where(was[:, None], fitted.pulls(), 0.0)
    for _ in range(PASSES):
        for place, pull in enumerate(pulls):
            change = (fitted.fitting(place, pull) if stays[place] else 0.0) - pull
            fitted.move(place, change)
            pulls[place] += change


class _Regression:
    def __init__(self, head: DenseHead, features: Floats, right: NDArray[np.bool_]) -> None:
        self.head = DenseHead(head.weights.copy(), head.bias)
        self._features = features
        # Nothing is left of the only example of a language once it is centred.
        self._lengths = np.maximum((features**2).sum(axis=1), 1e-9)
        self._right = right.astype(np.float64)

    def pulls(self) -> Floats:
        return dense.C * (self._right - _softmax(self._features @ self.head.weights.T + self.head.bias))

    def fitting(self, place: int, pull: Floats) -> Floats:
        """By Newton's method on the scores: they minimise the log-loss and their distance from what others lead to."""
        length, right = self._lengths[place], self._right[place]
        scores = self.head.weights @ self._features[place] + self.head.bias
        others, cost = scores - pull * length, dense.C * length
        loss = _proximal_loss(scores, others, cost, right)
        for _ in range(STEPS):
            likely = _softmax(scores)
            gradient = (scores - others) / cost + likely - right
            if np.abs(gradient).max() < 1e-6:
                break
            # The Hessian is diagonal less a product of two vectors (Sherman and Morrison 1950).
            inverse = 1 / (1 / cost + likely)
            step = inverse * (gradient + likely * (likely @ (inverse * gradient)) / (1 - likely @ (inverse * likely)))
            while True:
                tried = _proximal_loss(scores - step, others, cost, right)
                if tried <= loss or np.abs(step).max() < 1e-9:
                    break
                step = step / 2
            scores, loss = scores - step, tried
        return np.asarray((scores - others) / length)

    def move(self, place: int, change: Floats) -> None:
        self.head.weights[:] += np.outer(change, self._features[place])


class _Machine:
    """The bias is the weight of a feature that is 1 everywhere, as in LIBLINEAR."""

    def __init__(self, head: SparseHead, rows: Sequence[Row], right: NDArray[np.bool_]) -> None:
        self.head = SparseHead(head.weights, head.bias.copy())
        self._rows = rows
        self._sides = np.where(right, 1.0, -1.0)

    def pulls(self) -> Floats:
        return 2 * sparse.C * self._sides * np.maximum(0, 1 - self._sides * self.head.scores(self._rows))

    def fitting(self, place: int, pull: Floats) -> Floats:
        columns, weights = self._rows[place]
        length = float(weights @ weights) + 1
        others = weights @ self.head.weights[columns] + self.head.bias - pull * length
        side = self._sides[place]
        return np.asarray(side * np.maximum(0, 1 - side * others) / (1 / (2 * sparse.C) + length))

    def move(self, place: int, change: Floats) -> None:
        columns, weights = self._rows[place]
        self.head.weights[columns] += np.outer(weights, change).astype(np.float32)
        self.head.bias[:] += change


def _softmax(scores: Floats) -> Floats:
    likely = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=-1, keepdims=True))


def _proximal_loss(scores: Floats, others: Floats, cost: float, right: Floats) -> float:
    highest = scores.max()
    moved = scores - others
    return float(moved @ moved / (2 * cost) + highest + np.log(np.exp(scores - highest).sum()) - scores @ right)
