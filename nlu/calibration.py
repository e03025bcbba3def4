"""From scores to honest confidences: a temperature, and the limit below which a text is about something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

AMBIGUOUS = 0.2
"""Closer than this in calibrated confidence, the two best are a question for the person."""
SURE = 0.6
"""Below this confidence the best one is a question, too."""
UNLIKELY = 0.25
"""Below this one, nothing fits."""


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

    def confidences(self, scores: Floats) -> Floats:
        """Probabilities (n, classes)."""
        logs = scores / self.temperature
        probabilities: Floats = np.exp(logs - energy(logs)[:, None])
        return probabilities

    def in_scope(self, scores: Floats) -> Floats:
        """How much speaks for any intent at all (n,)."""
        return scope(scores, self.outside, self.against)


def scope(scores: Floats, outside: tuple[int, ...], against: float) -> Floats:
    """See ``Calibration``; without out-of-scope labels the energy alone (Liu et al. 2020)."""
    inside = energy(np.delete(scores, outside, axis=1))
    return inside - against * energy(scores[:, outside]) if outside else inside


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
