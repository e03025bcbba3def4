"""Training the embedded model: recipe R1, calibrated by cross-validation."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from nlu.calibration import Calibration
from nlu.embedded import model as models
from nlu.embedded.dense import DenseHead, Scaler
from nlu.embedded.model import SPARSE_WEIGHT, EmbeddedModel
from nlu.embedded.sparse import Grams, SparseHead
from nlu.embedded.text import has_letters, prepare
from nlu.encoder import CachedEncoder, Encoder, UniversalSentenceEncoder
from nlu.engine import Progress
from nlu.entities import Recogniser
from nlu.training_data import TrainingData, TrainingDataError

Floats = NDArray[np.float64]

FOLDS = 5
FEWEST = 2


class EmbeddedEngine:
    """Offline, on a CPU; ``cache`` keeps the vectors of training texts between trainings."""

    recipe = "embedded-r1.1"

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
            sparse_features = grams.apply(texts)
            scores = np.zeros((len(texts), len(labels)))
            folds = StratifiedKFold(_folds(classes), shuffle=True, random_state=0)
            for number, (learned, held) in enumerate(folds.split(texts, classes)):
                progress(0.3 + 0.1 * number, "calibrating")
                scaler = Scaler.fit(vectors[learned], [languages[i] for i in learned])
                dense = DenseHead.fit(scaler.apply(vectors[learned], [languages[i] for i in learned]), classes[learned])
                sparse = SparseHead.fit(sparse_features[learned], classes[learned])
                held_features = scaler.apply(vectors[held], [languages[i] for i in held])
                scores[held] = dense.scores(held_features) + SPARSE_WEIGHT * sparse.scores(sparse_features[held])
            progress(0.8, "training")
            scaler = Scaler.fit(vectors, languages)
            model = EmbeddedModel(
                version=hashlib.sha256(f"{self.recipe}\0{data.fingerprint()}".encode()).hexdigest()[:16],
                labels=labels,
                encoder=self._encoder,
                scaler=scaler,
                dense=DenseHead.fit(scaler.apply(vectors, languages), classes),
                grams=grams,
                sparse=SparseHead.fit(sparse_features, classes),
                calibration=Calibration.fit(scores, classes),
                recogniser=Recogniser.of(data),
            )
        progress(1.0, "done")
        return model


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
