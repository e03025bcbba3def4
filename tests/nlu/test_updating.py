"""A few changed examples are learned beside the rest, and the model is what training from nothing would make."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from config.settings import PACK
from nlu import labelled, registry, training_data
from nlu.embedded import dense, sparse, updating
from nlu.embedded.dense import DenseHead, Floats
from nlu.embedded.engine import EmbeddedEngine
from nlu.embedded.sparse import Row, SparseHead
from nlu.engine import Model
from nlu.training_data import Example, TrainingData
from tests.desk.model import MODELS

NEW = Example("Der Quirlomat im dritten Stock quirlt seit heute früh nicht mehr", "printer_problem", "de")
Learn = Callable[[TrainingData], tuple[Model, set[str]]]


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return training_data.load(MODELS.content.nlu_folder)


@pytest.fixture
def learn(tmp_path: Path) -> Learn:
    """Makes models in a folder that has the pack's, and tells what had to be done."""
    [trained] = {path.parent for path in (MODELS.folder / "models").glob(f"[!.]*/{registry.LEARNED}")}
    (tmp_path / trained.name).symlink_to(trained)
    shutil.copy(MODELS.folder / "models" / "vectors.npz", tmp_path)
    engine = EmbeddedEngine(tmp_path / "vectors.npz")

    def model_of(data: TrainingData) -> tuple[Model, set[str]]:
        done: set[str] = set()
        return registry.train_or_load(engine, data, tmp_path, lambda _, what: done.add(what)), done

    return model_of


def test_a_new_example_is_learned_and_the_rest_stays(data: TrainingData, learn: Learn) -> None:
    more = replace(data, examples=(*data.examples, NEW))
    exam = [example.text for example in labelled.load(PACK / "withheld.jsonl")[:200]]
    updated, done = learn(more)
    assert done == {"updated"}
    assert MODELS.model.parse([NEW.text])[0].intent != NEW.intent
    [parse] = updated.parse([NEW.text])
    assert (parse.intent, parse.fallback, parse.ambiguous) == (NEW.intent, False, False)
    pairs = zip(MODELS.model.parse(exam), updated.parse(exam), strict=True)
    assert sum(before.intent != after.intent for before, after in pairs) <= 2
    again, done = learn(more)
    assert not done and again.version == updated.version
    assert again.parse([NEW.text])[0].confidence == pytest.approx(parse.confidence)


def test_what_was_brought_up_to_date_makes_room(data: TrainingData, learn: Learn, tmp_path: Path) -> None:
    learn(replace(data, examples=(*data.examples, NEW)))
    learn(replace(data, examples=data.examples[3:]))
    assert len(list(tmp_path.glob("*/model.json"))) == 2
    assert learn(data)[1] == set()


def test_a_mark_in_an_example_needs_no_learning(data: TrainingData, learn: Learn) -> None:
    model, done = learn(replace(data, lookups=(*data.lookups, ("device", "Quirlomat"))))
    assert done == {"updated"}
    assert "device" in {entity.name for entity in model.parse(["mein Quirlomat"])[0].entities}


def test_what_differs_too_much_is_trained_from_nothing(data: TrainingData) -> None:
    engine = EmbeddedEngine(Path("none"))
    model = engine.load(next(path.parent for path in (MODELS.folder / "models").glob(f"*/{registry.LEARNED}")))
    assert engine.update(model, data, replace(data, examples=data.examples[len(data.examples) // 50 :])) is None
    another = replace(NEW, intent="quirlomat")
    assert engine.update(model, data, replace(data, examples=(*data.examples, another))) is None


LABELS, WIDTH = 4, 60


def _points() -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Overlapping clouds on a sphere, and which of the points change."""
    random = np.random.default_rng(7)
    classes = np.repeat(np.arange(LABELS), 30)
    points = random.normal(size=(LABELS, WIDTH))[classes] + 1.2 * random.normal(size=(len(classes), WIDTH))
    return points / np.linalg.norm(points, axis=1, keepdims=True), classes, np.arange(len(classes)) % 6 == 0


def _machine(points: Floats, classes: NDArray[np.int64]) -> SparseHead:
    fitted = LinearSVC(C=sparse.C, tol=1e-10, dual=True, max_iter=100_000, random_state=0).fit(points, classes)
    return SparseHead(np.ascontiguousarray(fitted.coef_.T, np.float32), fitted.intercept_)


def _regression(points: Floats, classes: NDArray[np.int64]) -> DenseHead:
    fitted = LogisticRegression(C=dense.C, tol=1e-10, max_iter=10_000, fit_intercept=False).fit(points, classes)
    return DenseHead(fitted.coef_, np.zeros(LABELS))


@pytest.mark.parametrize("came", [True, False])
def test_heads_become_what_they_would_have_been(came: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "PASSES", 200)
    points, classes, changed = _points()
    every, right = np.ones(len(classes), bool), np.eye(LABELS, dtype=bool)[classes]
    was, stays = (~changed, every) if came else (every, ~changed)
    rows: list[Row] = [(np.arange(WIDTH), point.astype(np.float32)) for point in points]
    machine = updating._Machine(_machine(points[was], classes[was]), rows, right)
    updating._ascend(machine, was, stays)
    assert np.allclose(machine.head.weights, _machine(points[stays], classes[stays]).weights, atol=2e-3)
    regression = updating._Regression(_regression(points[was], classes[was]), points, right)
    updating._ascend(regression, was, stays)
    assert np.allclose(regression.head.weights, _regression(points[stays], classes[stays]).weights, atol=2e-3)
