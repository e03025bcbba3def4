"""Training the embedded model: recipe R1, calibrated by cross-validation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from nlu.calibration import Calibration, fit_temperature, surprise
from nlu.embedded import model as models
from nlu.embedded.dense import DenseHead, Scaler
from nlu.embedded.model import EmbeddedModel
from nlu.embedded.sparse import Grams, SparseHead
from nlu.embedded.text import has_letters, prepare
from nlu.encoder import CachedEncoder, Encoder, UniversalSentenceEncoder
from nlu.engine import OUT_OF_SCOPE, Progress
from nlu.entities import Recogniser
from nlu.training_data import TrainingData, TrainingDataError

Floats = NDArray[np.float64]

WEIGHTS = (1.2, 2.0, 3.0, 5.0, 8.0)
"""What a margin of the support vector machine may count beside a logit: the more examples, the more grams can tell."""
FOLDS = 5
THREADS = 2
FEWEST = 2


class EmbeddedEngine:
    """Offline, on a CPU; ``cache`` keeps the vectors of training texts between trainings."""

    recipe = "embedded-r1.2"

    def __init__(self, cache: Path, encoder: Encoder | None = None) -> None:
        self._encoder: Encoder = encoder or UniversalSentenceEncoder()
        self._cache = cache

    def load(self, folder: Path) -> EmbeddedModel:
        return models.load(folder, self._encoder)

    def train(self, data: TrainingData, progress: Progress) -> EmbeddedModel:
        """Learn from nothing; the vectors of texts seen before come from the cache."""
        texts, languages, classes, labels = _table(data)
        with threadpool_limits(1):
            progress(0.0, "embedding")
            vectors = CachedEncoder(self._encoder, self._cache).encode(texts).astype(np.float64)
            grams = Grams.fit(texts)
            features = grams.apply(texts)
            dense, sparse = _out_of_fold(vectors, languages, features, classes, len(labels), progress)
            weight = min(WEIGHTS, key=lambda weight: _surprise_at(dense + weight * sparse, classes))
            outside = tuple(place for place, label in enumerate(labels) if label in OUT_OF_SCOPE)
            progress(0.9, "training")
            scaler = Scaler.fit(vectors, languages)
            model = EmbeddedModel(
                version=hashlib.sha256(f"{self.recipe}\0{data.fingerprint()}".encode()).hexdigest()[:16],
                labels=labels,
                encoder=self._encoder,
                scaler=scaler,
                dense=DenseHead.fit(scaler.apply(vectors, languages), classes),
                grams=grams,
                sparse=SparseHead.fit(features, classes),
                sparse_weight=weight,
                calibration=Calibration.fit(dense + weight * sparse, classes, outside),
                recogniser=Recogniser.of(data),
            )
        progress(1.0, "done")
        return model


def _out_of_fold(
    vectors: Floats,
    languages: Sequence[str],
    features: csr_matrix,
    classes: NDArray[np.int64],
    labels: int,
    progress: Progress,
) -> tuple[Floats, Floats]:
    """Dense and sparse scores (n, labels) of every text by heads that have not seen it."""
    dense, sparse = np.zeros((len(classes), labels)), np.zeros((len(classes), labels))

    def fold(split: tuple[NDArray[np.intp], NDArray[np.intp]]) -> None:
        learned, held = split
        spoken = [languages[place] for place in learned]
        scaler = Scaler.fit(vectors[learned], spoken)
        head = DenseHead.fit(scaler.apply(vectors[learned], spoken), classes[learned])
        dense[held] = head.scores(scaler.apply(vectors[held], [languages[place] for place in held]))
        sparse[held] = SparseHead.fit(features[learned], classes[learned]).scores(features[held])

    folds = StratifiedKFold(_folds(classes), shuffle=True, random_state=0)
    # The solvers let go of the interpreter's lock, so the folds share the cores.
    with ThreadPoolExecutor(THREADS) as pool:
        for number, _ in enumerate(pool.map(fold, folds.split(vectors, classes))):
            progress(0.4 + 0.1 * number, "calibrating")
    return dense, sparse


def _surprise_at(scores: Floats, classes: NDArray[np.int64]) -> float:
    return surprise(scores / fit_temperature(scores, classes), classes)


def _table(data: TrainingData) -> tuple[list[str], list[str], NDArray[np.int64], tuple[str, ...]]:
    """Prepared texts, their languages and classes, and the labels; each intent's name is one more example."""
    rows = [(prepare(example.text), example.language, example.intent) for example in data.examples]
    rows += [(intent.replace("_", " "), "en", intent) for intent in data.intents]
    rows = [row for row in dict.fromkeys(rows) if has_letters(row[0])]
    labels = tuple(sorted({intent for _, _, intent in rows}))
    if len(labels) < FEWEST:
        raise TrainingDataError(f"At least {FEWEST} intents with examples are needed; found {len(labels)}.")
    places = {label: place for place, label in enumerate(labels)}
    classes = np.array([places[intent] for _, _, intent in rows], np.int64)
    return [text for text, _, _ in rows], [code for _, code, _ in rows], classes, labels


def _folds(classes: NDArray[np.int64]) -> int:
    fewest = int(np.bincount(classes).min())
    if fewest < FEWEST:
        raise TrainingDataError("Every intent needs at least one example besides its name.")
    return min(FOLDS, fewest)
