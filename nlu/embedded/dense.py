"""The dense half: sentence vectors, centred per language, standardised, and multinomial logistic regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

C = 10.0
"""What an unlikely example costs the regression, beside the squared weights."""


@dataclass(frozen=True, slots=True)
class Scaler:
    """Per-language means (512,), and the deviation (512,) of what is left after centring."""

    means: Mapping[str, Floats]
    deviation: Floats

    @classmethod
    def fit(cls, vectors: Floats, languages: Sequence[str]) -> Scaler:
        codes = np.array(languages)
        means = {str(code): vectors[codes == code].mean(axis=0) for code in np.unique(codes)}
        centred = vectors - np.stack([means[language] for language in languages])
        return cls(means, centred.std(axis=0) + 1e-6)

    def apply(self, vectors: Floats, languages: Sequence[str]) -> Floats:
        """Centred, standardised, L2-normalised rows (n, 512). An unknown language is centred on all."""
        overall = np.mean(list(self.means.values()), axis=0)
        codes, places = np.unique(np.array(languages), return_inverse=True)
        means = np.stack([self.means.get(str(code), overall) for code in codes])
        scaled = (vectors - means[places]) / self.deviation
        norms = np.linalg.norm(scaled, axis=1, keepdims=True)
        result: Floats = scaled / np.maximum(norms, 1e-9)
        return result


@dataclass(frozen=True, slots=True)
class DenseHead:
    """Weights (classes, 512) and bias (classes,)."""

    weights: Floats
    bias: Floats

    def scores(self, features: Floats) -> Floats:
        """Logits (n, classes) with their mean at zero."""
        logits = features @ self.weights.T + self.bias
        centred: Floats = logits - logits.mean(axis=1, keepdims=True)
        return centred
