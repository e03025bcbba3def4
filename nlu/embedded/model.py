"""A trained embedded model: parsing, embedding, saving as arrays and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu import language as languages
from nlu.calibration import AMBIGUOUS, SURE, UNLIKELY, Calibration
from nlu.embedded.dense import DenseHead, Scaler
from nlu.embedded.sparse import Grams, SparseHead
from nlu.embedded.text import has_letters, prepare
from nlu.encoder import Encoder
from nlu.engine import OUT_OF_SCOPE, Entity, Parse
from nlu.entities import Recogniser

Floats = NDArray[np.float64]

RANKED = 10


@dataclass(frozen=True)
class EmbeddedModel:
    """Recipe R1: sentence vectors and n-grams, fused by adding their scores."""

    version: str
    labels: tuple[str, ...]
    encoder: Encoder
    scaler: Scaler
    dense: DenseHead
    grams: Grams
    sparse: SparseHead
    sparse_weight: float
    calibration: Calibration
    recogniser: Recogniser

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(label for label in self.labels if label not in OUT_OF_SCOPE)

    def scores(self, texts: Sequence[str], of_languages: Sequence[str]) -> Floats:
        """Raw scores (n, labels) of prepared texts."""
        vectors = self.encoder.encode(texts).astype(np.float64)
        dense = self.dense.scores(self.scaler.apply(vectors, of_languages))
        return dense + self.sparse_weight * self.sparse.scores(self.grams.apply(texts))

    def parse(self, texts: Sequence[str], language: str | None = None) -> list[Parse]:
        detected = [languages.detect(text, language) for text in texts]
        prepared = [prepare(text) for text in texts]
        entities = [self.recogniser.find(text) for text in texts]
        readable = [place for place, text in enumerate(prepared) if has_letters(text)]
        parses = [
            Parse(text, None, 0.0, True, False, (), found, code)
            for text, found, code in zip(texts, entities, detected, strict=True)
        ]
        if not readable:
            return parses
        scores = self.scores([prepared[place] for place in readable], [detected[place] for place in readable])
        confidences, in_scope = self.calibration.confidences(scores), self.calibration.in_scope(scores)
        for row, place in enumerate(readable):
            parses[place] = self._parse(
                texts[place], confidences[row], float(in_scope[row]), entities[place], detected[place]
            )
        return parses

    def _parse(
        self, text: str, confidences: Floats, scope: float, entities: tuple[Entity, ...], language: str
    ) -> Parse:
        order = np.argsort(-confidences)
        ranking = tuple((self.labels[i], float(confidences[i])) for i in order if self.labels[i] not in OUT_OF_SCOPE)
        (intent, first), second = ranking[0], ranking[1][1] if len(ranking) > 1 else 0.0
        fallback = scope < self.calibration.scope_limit or first < UNLIKELY or self._is_strange(text)
        return Parse(
            text=text,
            intent=intent,
            confidence=first,
            fallback=fallback,
            ambiguous=not fallback and (first < SURE or first - second < AMBIGUOUS),
            ranking=ranking[:RANKED],
            entities=entities,
            language=language,
            scope=scope,
        )

    def _is_strange(self, text: str) -> bool:
        """Several words and none of them ever seen: a cat on the keyboard, or a third language."""
        return len(text.split()) > 1 and not self.grams.knows(text)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self.encoder.encode([prepare(text) or " " for text in texts])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        normalised: NDArray[np.float32] = vectors / np.maximum(norms, 1e-9)
        return normalised

    def save(self, folder: Path) -> None:
        vocabularies, frequencies = self.grams.dump()
        arrays: dict[str, Any] = {
            **{f"mean_{code}": mean for code, mean in self.scaler.means.items()},
            "deviation": self.scaler.deviation,
            "dense_weights": self.dense.weights,
            "dense_bias": self.dense.bias,
            "sparse_weights": self.sparse.weights,
            "sparse_bias": self.sparse.bias,
            **{f"idf_{place}": idf for place, idf in enumerate(frequencies)},
        }
        np.savez(folder / "arrays.npz", **arrays)
        about = {
            "version": self.version,
            "labels": self.labels,
            "languages": list(self.scaler.means),
            "vocabularies": vocabularies,
            "sparse_weight": self.sparse_weight,
            "calibration": asdict(self.calibration),
            "recogniser": self.recogniser.dump(),
        }
        (folder / "model.json").write_text(json.dumps(about, ensure_ascii=False), "utf-8")


def load(folder: Path, encoder: Encoder) -> EmbeddedModel:
    """A model that ``save`` wrote. Raises ``ValueError``, ``KeyError`` or ``OSError`` if it is damaged."""
    about = json.loads((folder / "model.json").read_text("utf-8"))
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        return EmbeddedModel(
            version=about["version"],
            labels=tuple(about["labels"]),
            encoder=encoder,
            scaler=Scaler({code: arrays[f"mean_{code}"] for code in about["languages"]}, arrays["deviation"]),
            dense=DenseHead(arrays["dense_weights"], arrays["dense_bias"]),
            grams=Grams.restore(about["vocabularies"], [arrays["idf_0"], arrays["idf_1"]]),
            sparse=SparseHead(arrays["sparse_weights"], arrays["sparse_bias"]),
            sparse_weight=about["sparse_weight"],
            calibration=Calibration(**about["calibration"]),
            recogniser=Recogniser.restore(about["recogniser"]),
        )
