"""Model versions in a folder: train once, load ever after, and never leave half a model."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from nlu.engine import Engine, Model, Progress
from nlu.training_data import TrainingData


def train_or_load(engine: Engine, data: TrainingData, folder: Path, progress: Progress) -> Model:
    """The model of this data: from the folder if it is there and whole, else trained and kept.

    A model appears under its name only when it is complete, so an interrupted training leaves nothing behind that
    could be taken for one.
    """
    name = hashlib.sha256(f"{engine.recipe}\0{data.fingerprint()}".encode()).hexdigest()[:16]
    place = folder / name
    if place.is_dir():
        try:
            return engine.load(place)
        except (ValueError, KeyError, OSError):
            shutil.rmtree(place, ignore_errors=True)
    model = engine.train(data, progress)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder, prefix=".training-"))
    try:
        model.save(temporary)
        temporary.rename(place)
    except OSError:
        # Another process was faster; its model is the same.
        shutil.rmtree(temporary, ignore_errors=True)
        if not place.is_dir():
            raise
    return model
