"""Fitting the heads and finding their calibration. Only training loads this, and scikit-learn and scipy with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from nlu.calibration import Calibration, energy, scope
from nlu.embedded import dense, sparse
from nlu.embedded.dense import DenseHead
from nlu.embedded.sparse import Row, SparseHead

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]

REJECTED = 0.05
"""This share of what is understood correctly in cross-validation falls below the scope limit."""
AGAINST = (0.0, 0.3, 0.6, 1.0, 1.5)
"""How much the out-of-scope examples may count against the energy of the intents."""


def dense_head(features: Floats, classes: Classes) -> DenseHead:
    # float64: in float32, with a loose tolerance, it collapsed to chance.
    regression = LogisticRegression(C=dense.C, tol=1e-4, max_iter=400)
    regression.fit(features, classes)
    return DenseHead(*_both_sides(regression.coef_, regression.intercept_))


def sparse_head(features: csr_matrix, classes: Classes) -> SparseHead:
    # A tighter tolerance takes half as long again and changes no figure of the pack's exam.
    machine = LinearSVC(C=sparse.C, tol=0.1, random_state=0)
    machine.fit(features, classes)
    weights, bias = _both_sides(machine.coef_, machine.intercept_)
    return SparseHead(np.ascontiguousarray(weights.T, np.float32), bias)


def matrix(rows: Sequence[Row], columns: int) -> csr_matrix:
    """Rows (n, columns) as the machine wants them."""
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    weights = np.concatenate([weights for _, weights in rows]).astype(np.float64)
    return csr_matrix((weights, np.concatenate([places for places, _ in rows]), ends), shape=(len(rows), columns))


def _both_sides(weights: Floats, bias: Floats) -> tuple[Floats, Floats]:
    """A row for each class: for two classes scikit-learn keeps only the second one's."""
    if len(weights) == 1:
        weights, bias = np.vstack([-weights, weights]), np.concatenate([-bias, bias])
    return weights.astype(np.float64), bias.astype(np.float64)


def calibration(scores: Floats, classes: Classes, outside: tuple[int, ...]) -> Calibration:
    """From out-of-fold scores (n, classes), the right classes (n,) and the places of out-of-scope labels."""
    found = temperature(scores, classes)
    inside = ~np.isin(classes, outside)
    against = max(AGAINST, key=lambda share: _separation(scope(scores, outside, share), inside)) if outside else 0.0
    fitted = Calibration(found, outside, against, 0.0)
    in_scope = fitted.in_scope(scores)
    right = inside & (np.argmax(fitted.confidences(scores), axis=1) == classes)
    return replace(fitted, scope_limit=float(np.quantile(in_scope[right if right.any() else inside], REJECTED)))


def temperature(scores: Floats, classes: Classes) -> float:
    """The temperature at which out-of-fold scores are the likeliest (Guo et al. 2017)."""
    return float(minimize_scalar(lambda t: surprise(scores / t, classes), bounds=(0.05, 20.0), method="bounded").x)


def surprise(logits: Floats, classes: Classes) -> float:
    """The mean negative log-likelihood of the right classes."""
    return float(np.mean(energy(logits) - logits[np.arange(len(classes)), classes]))


def _separation(in_scope: Floats, inside: NDArray[np.bool_]) -> float:
    """The share of pairs of an in-scope and an out-of-scope text that are in the right order (AUROC)."""
    return float(roc_auc_score(inside, in_scope)) if 0 < inside.sum() < len(inside) else 0.0
