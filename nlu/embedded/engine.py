"""The engine that is shipped: sentence vectors and grams, offline, on a CPU."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nlu.embedded import model as models
from nlu.embedded import updating
from nlu.embedded.model import EmbeddedModel
from nlu.encoder import CachedEncoder, Encoder, UniversalSentenceEncoder
from nlu.engine import Progress
from nlu.training_data import TrainingData


class EmbeddedEngine:
    """``cache`` keeps the vectors of training texts between trainings."""

    recipe = "embedded-r1.3"

    def __init__(self, cache: Path, encoder: Encoder | None = None) -> None:
        self._encoder: Encoder = encoder or UniversalSentenceEncoder()
        self._cache = cache

    def load(self, folder: Path) -> EmbeddedModel:
        return models.load(folder, self._encoder)

    def train(self, data: TrainingData, progress: Progress) -> EmbeddedModel:
        # Answering needs numpy alone; scikit-learn would take a second of every start and 100 MB of every desk.
        from nlu.embedded import training

        return training.train(data, self._version(data), self._encoder, self._cache, progress)

    def update(self, model: EmbeddedModel, learned: TrainingData, data: TrainingData) -> EmbeddedModel | None:
        encoder = CachedEncoder(self._encoder, self._cache)
        return updating.update(model, learned, data, self._version(data), encoder)

    def _version(self, data: TrainingData) -> str:
        return hashlib.sha256(f"{self.recipe}\0{data.fingerprint()}".encode()).hexdigest()[:16]
