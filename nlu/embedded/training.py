"""Training the embedded model: recipe R1, calibrated by cross-validation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from nlu.embedded import fitting
from nlu.embedded.dense import Scaler
from nlu.embedded.model import EmbeddedModel
from nlu.embedded.sparse import Grams, Row
from nlu.embedded.table import FEWEST, Table
from nlu.encoder import CachedEncoder, Encoder
from nlu.engine import OUT_OF_SCOPE, Progress
from nlu.entities import Recogniser
from nlu.training_data import TrainingData, TrainingDataError

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Split = tuple[Places, Places]
P = ParamSpec("P")
R = TypeVar("R")

WEIGHTS = (1.2, 2.0, 3.0, 5.0, 8.0)
"""What a margin of the support vector machine may count beside a logit: the more examples, the more grams can tell."""
FOLDS = 3
THREADS = 2


def train(data: TrainingData, version: str, encoder: Encoder, cache: Path, progress: Progress) -> EmbeddedModel:
    """Learn from nothing; the vectors of texts seen before come from the cache. Raises ``TrainingDataError``."""
    table = Table.of(data)
    texts, languages, classes, labels = table.texts, table.languages, table.classes, table.labels
    splits = _splits(classes)
    # Whatever takes long lets go of the interpreter's lock, so the steps share the cores.
    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as pool:
        steps = _Steps(pool, 2 * len(splits) + 3, progress)
        embedding = steps.start(CachedEncoder(encoder, cache).encode, texts)
        grams = Grams.fit(texts)
        rows = grams.apply(texts)
        features = fitting.matrix(rows, grams.columns)
        sparse = steps.start(fitting.sparse_head, features, classes)
        sparse_folds = [steps.start(_sparse_fold, rows, features, classes, *split) for split in splits]
        vectors = embedding.result().astype(np.float64)
        scaler = Scaler.fit(vectors, languages)
        dense = steps.start(fitting.dense_head, scaler.apply(vectors, languages), classes)
        dense_folds = [steps.start(_dense_fold, vectors, np.array(languages), classes, *split) for split in splits]
        margins, logits = _together(splits, sparse_folds), _together(splits, dense_folds)
        weight = min(WEIGHTS, key=lambda weight: _surprise_at(logits + weight * margins, classes))
        outside = tuple(place for place, label in enumerate(labels) if label in OUT_OF_SCOPE)
        model = EmbeddedModel(
            version=version,
            labels=labels,
            encoder=encoder,
            scaler=scaler,
            dense=dense.result(),
            grams=grams,
            sparse=sparse.result(),
            sparse_weight=weight,
            calibration=fitting.calibration(logits + weight * margins, classes, outside),
            recogniser=Recogniser.of(data),
        )
    progress(1.0, "done")
    return model


class _Steps:
    """Steps of a training that run side by side, and how many of them are done."""

    def __init__(self, pool: ThreadPoolExecutor, total: int, progress: Progress) -> None:
        self._pool = pool
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = threading.Lock()
        progress(0.0, "training")

    def start(self, step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future = self._pool.submit(step, *args, **kwargs)
        future.add_done_callback(lambda _: self._count())
        return future

    def _count(self) -> None:
        with self._lock:
            self._done += 1
            self._progress(self._done / self._total, "training")


def _splits(classes: NDArray[np.int64]) -> list[Split]:
    """What is learned and what is held back, so that every text is held back once."""
    fewest = int(np.bincount(classes).min())
    if fewest < FEWEST:
        raise TrainingDataError("Every intent needs at least one example besides its name.")
    return list(StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=0).split(classes, classes))


def _sparse_fold(
    rows: Sequence[Row], features: csr_matrix, classes: NDArray[np.int64], learned: Places, held: Places
) -> Floats:
    return fitting.sparse_head(features[learned], classes[learned]).scores([rows[place] for place in held])


def _dense_fold(
    vectors: Floats, languages: NDArray[np.str_], classes: NDArray[np.int64], learned: Places, held: Places
) -> Floats:
    scaler = Scaler.fit(vectors[learned], languages[learned].tolist())
    head = fitting.dense_head(scaler.apply(vectors[learned], languages[learned].tolist()), classes[learned])
    return head.scores(scaler.apply(vectors[held], languages[held].tolist()))


def _together(splits: Sequence[Split], folds: Sequence[Future[Floats]]) -> Floats:
    """Scores (n, labels) of every text by heads that have not seen it."""
    scores = np.concatenate([fold.result() for fold in folds])
    order = np.argsort(np.concatenate([held for _, held in splits]))
    return np.asarray(scores[order])


def _surprise_at(scores: Floats, classes: NDArray[np.int64]) -> float:
    return fitting.surprise(scores / fitting.temperature(scores, classes), classes)
