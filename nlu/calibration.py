"""From scores to honest confidences: a temperature, and the limit below which a text is about something else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.float64]

REJECTED = 0.05
"""This share of what is understood correctly in cross-validation falls below the scope limit."""
AMBIGUOUS = 0.2
"""Closer than this in calibrated confidence, the two best are a question for the person."""
SURE = 0.6
"""Below this confidence the best one is a question, too."""
UNLIKELY = 0.25
"""Below this one, nothing fits."""
AGAINST = (0.0, 0.3, 0.6, 1.0, 1.5)
"""How much the out-of-scope examples may count against the energy of the intents."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What scores mean. ``temperature`` divides them; ``outside`` are the places of out-of-scope labels.

    How much a text is in scope is the energy of the intents' scores, less ``against`` times that of the out-of-scope
    ones; below ``scope_limit`` it is about something else.
    """

    temperature: float
    outside: tuple[int, ...]
    against: float
    scope_limit: float

    @classmethod
    def fit(cls, scores: Floats, classes: NDArray[np.int64], outside: tuple[int, ...]) -> Calibration:
        """From out-of-fold scores (n, classes), the right classes (n,) and the places of out-of-scope labels."""
        temperature = fit_temperature(scores, classes)
        inside = ~np.isin(classes, outside)
        against = max(AGAINST, key=lambda share: _separation(scope(scores, outside, share), inside)) if outside else 0.0
        fitted = cls(temperature, outside, against, 0.0)
        in_scope = fitted.in_scope(scores)
        right = inside & (np.argmax(fitted.confidences(scores), axis=1) == classes)
        return replace(fitted, scope_limit=float(np.quantile(in_scope[right if right.any() else inside], REJECTED)))

    def confidences(self, scores: Floats) -> Floats:
        """Probabilities (n, classes)."""
        logs = scores / self.temperature
        probabilities: Floats = np.exp(logs - energy(logs)[:, None])
        return probabilities

    def in_scope(self, scores: Floats) -> Floats:
        """How much speaks for any intent at all (n,)."""
        return scope(scores, self.outside, self.against)


def fit_temperature(scores: Floats, classes: NDArray[np.int64]) -> float:
    """The temperature at which out-of-fold scores are the likeliest (Guo et al. 2017)."""
    return float(minimize_scalar(lambda t: surprise(scores / t, classes), bounds=(0.05, 20.0), method="bounded").x)


def surprise(logits: Floats, classes: NDArray[np.int64]) -> float:
    """The mean negative log-likelihood of the right classes."""
    return float(np.mean(energy(logits) - logits[np.arange(len(classes)), classes]))


def scope(scores: Floats, outside: tuple[int, ...], against: float) -> Floats:
    """See ``Calibration``; without out-of-scope labels the energy alone (Liu et al. 2020)."""
    inside = energy(np.delete(scores, outside, axis=1))
    return inside - against * energy(scores[:, outside]) if outside else inside


def _separation(in_scope: Floats, inside: NDArray[np.bool_]) -> float:
    """The share of pairs of an in-scope and an out-of-scope text that are in the right order (AUROC)."""
    return float(roc_auc_score(inside, in_scope)) if 0 < inside.sum() < len(inside) else 0.0


def energy(scores: Floats) -> Floats:
    """The log-sum-exp of scores (n,): low where nothing speaks for any class (Liu et al. 2020)."""
    highest = scores.max(axis=1)
    energies: Floats = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
    return energies


def expected_calibration_error(confidences: Floats, right: NDArray[np.bool_], bins: int = 15) -> float:
    """The mean gap between confidence and accuracy over equal-width bins, weighted by size (Guo et al. 2017)."""
    places = np.minimum((confidences * bins).astype(int), bins - 1)
    total = 0.0
    for place in range(bins):
        mine = places == place
        if mine.any():
            total += mine.mean() * abs(right[mine].mean() - confidences[mine].mean())
    return float(total)
