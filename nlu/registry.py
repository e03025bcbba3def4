"""Model versions in a folder: train once, load ever after, and never leave half a model."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from nlu.engine import Engine, M, Model, Progress
from nlu.training_data import Example, TrainingData

LEARNED = "examples.json"
"""Beside a model that was trained from nothing: the recipe and the examples it has learned."""


def train_or_load(engine: Engine[M], data: TrainingData, folder: Path, progress: Progress) -> M:
    """The model of this data: from the folder if it is there and whole, else made and kept.

    Where little has changed since the last training, the model of that is brought up to date, always the one from
    nothing, so that what it knows does not depend on the order of changes. A model appears under its name only when it
    is complete, so an interrupted training leaves nothing behind that could be taken for one.
    """
    place = _place(engine, data, folder)
    if place.is_dir():
        try:
            return engine.load(place)
        except (ValueError, KeyError, OSError):
            shutil.rmtree(place, ignore_errors=True)
    if (updated := _update(engine, data, folder)) is not None:
        progress(1.0, "updated")
        _keep(updated, place, None)
        _clear(folder, place)
        return updated
    model = engine.train(data, progress)
    learned = [[example.text, example.intent, example.language] for example in data.examples]
    _keep(model, place, json.dumps({"recipe": engine.recipe, "examples": learned}, ensure_ascii=False))
    return model


def is_kept(engine: Engine[M], data: TrainingData, folder: Path) -> bool:
    """Whether the model of this data only has to be loaded."""
    return _place(engine, data, folder).is_dir()


def _place(engine: Engine[M], data: TrainingData, folder: Path) -> Path:
    return folder / hashlib.sha256(f"{engine.recipe}\0{data.fingerprint()}".encode()).hexdigest()[:16]


def _update(engine: Engine[M], data: TrainingData, folder: Path) -> M | None:
    """What was last trained from nothing, with what changed since; None if that cannot be."""
    try:
        trained = [path / LEARNED for path in _kept(folder) if (path / LEARNED).exists()]
        newest = max(trained, key=lambda path: path.stat().st_mtime)
        about = json.loads(newest.read_text("utf-8"))
        if about["recipe"] != engine.recipe:
            return None
        learned = TrainingData(tuple(Example(*one) for one in about["examples"]), {}, (), ())
        model = engine.load(newest.parent)
    except (ValueError, KeyError, TypeError, OSError):
        return None  # there is none, or it is damaged
    return engine.update(model, learned, data)


def _keep(model: Model, place: Path, learned: str | None) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=".training-"))
    try:
        model.save(temporary)
        if learned is not None:
            (temporary / LEARNED).write_text(learned, "utf-8")
        temporary.rename(place)
    except OSError:
        # Another process was faster; its model is the same.
        shutil.rmtree(temporary, ignore_errors=True)
        if not place.is_dir():
            raise


def _clear(folder: Path, current: Path) -> None:
    """Remove what is older and was brought up to date, not trained: each is 60 MB, and made again in a second."""
    for path in _kept(folder):
        if path != current and not (path / LEARNED).exists():
            shutil.rmtree(path, ignore_errors=True)


def _kept(folder: Path) -> list[Path]:
    """The folders of whole models."""
    return [path.parent for path in folder.glob("[!.]*/model.json")]
