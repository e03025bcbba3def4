"""From scores to honest confidences: a temperature, and the energy below which a text is about something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]

REJECTED = 0.05
"""This share of what is understood correctly in cross-validation falls below the energy limit."""
AMBIGUOUS = 0.2
"""Closer than this in calibrated confidence, the two best are a question for the person."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """``temperature`` divides scores; below ``energy_limit`` (log-sum-exp of raw scores) a text is out of scope."""

    temperature: float
    energy_limit: float

    @classmethod
    def fit(cls, scores: Floats, classes: NDArray[np.int64]) -> Calibration:
        """From out-of-fold scores (n, classes) and the right classes (n,)."""

        def loss(temperature: float) -> float:
            logs = scores / temperature
            picked = logs[np.arange(len(classes)), classes]
            return float(np.mean(energy(logs) - picked))

        found = minimize_scalar(loss, bounds=(0.05, 10.0), method="bounded")
        right = scores.argmax(axis=1) == classes
        energies = energy(scores[right]) if right.any() else energy(scores)
        return cls(float(found.x), float(np.quantile(energies, REJECTED)))

    def confidences(self, scores: Floats) -> Floats:
        """Probabilities (n, classes)."""
        logs = scores / self.temperature
        probabilities: Floats = np.exp(logs - energy(logs)[:, None])
        return probabilities


def energy(scores: Floats) -> Floats:
    """The log-sum-exp of raw scores (n,): low where nothing speaks for any class (Liu et al. 2020)."""
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
