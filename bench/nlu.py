"""Understanding: BANKING77, CLINC150 and the pack's own exam, with accuracy, calibration, speed and memory.

    uv run python -m bench.nlu

Corpora are read from ``$FIRSTLINE_CORPORA`` (default ``../shared/corpora``); without them it measures the pack alone.
Published for comparison (Casanueva et al. 2020, USE + ConveRT): BANKING77 with ten examples an intent 85.2, full 93.4.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from config.settings import PACK
from nlu import labelled, registry, training_data
from nlu.embedded.engine import EmbeddedEngine
from nlu.engine import OUT_OF_SCOPE, Model
from nlu.evaluation import BATCH, evaluate
from nlu.training_data import Example, TrainingData

CORPORA = Path(os.environ.get("FIRSTLINE_CORPORA", "../shared/corpora")) / "nlu"
SINGLE, BATCHED = 400, 1024
CHANGES = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One figure with its goal; ``at_least`` says which side of the goal is good."""

    what: str
    value: float
    goal: float
    unit: str
    at_least: bool = True

    def __str__(self) -> str:
        reached = self.value >= self.goal if self.at_least else self.value <= self.goal
        sign = "≥" if self.at_least else "≤"
        goal = f"{sign} {self.goal:g}"
        return f"{self.what:<52}{self.value:>9.1f} {self.unit:<6}{goal:>9}   {'reached' if reached else 'NOT reached'}"


def english(name: str, intent: str | None = None) -> list[Example]:
    """The messages of one file of a corpus, which is English throughout."""
    lines = (CORPORA / name).read_text("utf-8").splitlines()
    pairs = [
        line.rpartition("\t")[::2] if intent is None else (line.partition("\t")[0], intent) for line in lines if line
    ]
    return [Example(text, label, "en") for text, label in pairs]


def train(engine: EmbeddedEngine, examples: list[Example]) -> tuple[Model, float]:
    """The model and the seconds it took."""
    started = time.perf_counter()
    model = engine.train(TrainingData(tuple(dict.fromkeys(examples)), {}, (), ()), lambda share, what: None)
    return model, time.perf_counter() - started


def banking(engine: EmbeddedEngine) -> list[Line]:
    found = []
    test = english("banking77/test.tsv")
    for name, file, goal in (("ten examples an intent", "train_10", 84.5), ("all examples", "train", 93.5)):
        model, seconds = train(engine, english(f"banking77/{file}.tsv"))
        print(f"  trained on BANKING77, {name}, in {seconds:.1f} s", flush=True)
        report = evaluate(model, test)
        found.append(Line(f"BANKING77, {name}: accuracy", 100 * report.accuracy, goal, "%"))
        found.append(Line("  calibration error", 100 * report.calibration_error, 3, "points", at_least=False))
    return found


def clinc(engine: EmbeddedEngine) -> list[Line]:
    outside = "out_of_scope"
    examples = english("clinc150/train.tsv") + english("clinc150/oos_train.tsv", outside)
    model, seconds = train(engine, examples)
    print(f"  trained on CLINC150 in {seconds:.1f} s", flush=True)
    valid = english("clinc150/valid.tsv") + english("clinc150/oos_val.tsv", outside)
    test = english("clinc150/test.tsv") + english("clinc150/oos_test.tsv", outside)
    report = evaluate(model, test)
    limit = _best_limit(*_scopes(model, valid))
    right, scope, inside = _scopes(model, test)
    assert report.auroc is not None
    return [
        Line("CLINC150: accuracy in scope", 100 * report.accuracy, 96, "%"),
        Line("CLINC150: out of scope told apart (AUROC)", 100 * report.auroc, 98, "%"),
        Line(
            "  at the validation's threshold, in scope", 100 * float((right & (scope >= limit))[inside].mean()), 92, "%"
        ),
        Line(
            "  at the validation's threshold, out-of-scope recall",
            100 * float((scope < limit)[~inside].mean()),
            92,
            "%",
        ),
        Line("  calibration error", 100 * report.calibration_error, 3, "points", at_least=False),
    ]


Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]
Values = np.ndarray[tuple[int], np.dtype[np.float64]]


def _scopes(model: Model, examples: list[Example]) -> tuple[Marks, Values, Marks]:
    """Right or not, how much in scope, and whether it really is; one place a message."""
    texts = [example.text for example in examples]
    parses = [parse for at in range(0, len(texts), BATCH) for parse in model.parse(texts[at : at + BATCH])]
    return (
        np.array([parse.intent == example.intent for parse, example in zip(parses, examples, strict=True)]),
        np.array([parse.scope for parse in parses]),
        np.array([example.intent not in OUT_OF_SCOPE for example in examples]),
    )


def _best_limit(right: Marks, scope: Values, inside: Marks) -> float:
    """The limit at which the worse of the two shares is best."""
    worse = [
        (min(float((right & (scope >= limit))[inside].mean()), float((scope < limit)[~inside].mean())), float(limit))
        for limit in np.unique(scope)
    ]
    return max(worse)[1]


def pack(folder: Path) -> list[Line]:
    """The shipped content: training, the exam, speed and memory."""
    engine = EmbeddedEngine(folder / "pack.npz")
    data = training_data.load(PACK / "nlu")
    exam = labelled.load(PACK / "withheld.jsonl")
    first, again, changed = changes(engine, data, folder / "models")
    later = evaluate(changed, exam)
    model = engine.train(data, lambda share, what: None)
    report = evaluate(model, exam)
    assert report.out_of_scope_recall is not None
    p50, p99, rate = speed(model, [example.text for example in exam])
    kept = folder / "model"
    kept.mkdir()
    model.save(kept)
    return [
        Line("the pack's exam: right at the first guess", 100 * report.accuracy, 90, "%"),
        Line("  among the first three", 100 * report.top_3, 97, "%"),
        Line("  out of scope recognised", 100 * report.out_of_scope_recall, 80, "%"),
        Line("  would act, and wrongly", 100 * report.wrong, 4, "%", at_least=False),
        Line("  calibration error", 100 * report.calibration_error, 3, "points", at_least=False),
        Line("the pack trained from nothing", first, 30, "s", at_least=False),
        Line("  one more example learned", again, 3, "s", at_least=False),
        Line(f"  after {CHANGES} of them: right at the first guess", 100 * later.accuracy, 90, "%"),
        Line("    would act, and wrongly", 100 * later.wrong, 4, "%", at_least=False),
        Line("    calibration error", 100 * later.calibration_error, 3, "points", at_least=False),
        Line("one message on one core, p50", p50, 5, "ms", at_least=False),
        Line("  p99", p99, 60, "ms", at_least=False),
        Line("messages a second in batches, one core", rate, 700, "/s"),
        Line("resident, loaded and parsing", resident(kept), 350, "MB", at_least=False),
    ]


def changes(engine: EmbeddedEngine, data: TrainingData, folder: Path) -> tuple[float, float, Model]:
    """The seconds of a training without some examples, those to learn one of these, and the model that knows all."""
    held = random.Random(1).sample(data.examples, CHANGES)
    known = [example for example in data.examples if example not in held]
    times = []
    for more in range(CHANGES + 1):
        started = time.perf_counter()
        part = replace(data, examples=(*known, *held[:more]))
        model = registry.train_or_load(engine, part, folder, lambda share, what: None)
        times.append(time.perf_counter() - started)
    return times[0], statistics.median(times[1:]), model


def speed(model: Model, texts: list[str]) -> tuple[float, float, float]:
    """p50 and p99 of single messages in milliseconds, and messages a second in batches; all on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        times = []
        for text in (texts * (SINGLE // len(texts) + 1))[:SINGLE]:
            started = time.perf_counter()
            model.parse([text])
            times.append((time.perf_counter() - started) * 1000)
        many = (texts * (BATCHED // len(texts) + 1))[:BATCHED]
        started = time.perf_counter()
        for at in range(0, len(many), BATCH):
            model.parse(many[at : at + BATCH])
        rate = len(many) / (time.perf_counter() - started)
    finally:
        os.sched_setaffinity(0, cores)
    return statistics.median(times), statistics.quantiles(times, n=100)[98], rate


def resident(model: Path) -> float:
    """The megabytes of a process that loads a kept model and parses with it."""
    program = (
        "import sys; from pathlib import Path; from nlu.embedded.engine import EmbeddedEngine\n"
        "model = EmbeddedEngine(Path('none')).load(Path(sys.argv[1]))\n"
        "for _ in range(50): model.parse(['Mein VPN verbindet nicht', 'printer is jammed'])\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(int(status['VmHWM'].split()[0]) / 1024)"  # what getrusage says is its parent's before exec
    )
    command = [sys.executable, "-c", program, str(model)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="firstline-bench-") as name:
        folder = Path(name)
        lines = pack(folder)
        if CORPORA.is_dir():
            engine = EmbeddedEngine(folder / "corpora.npz")
            lines += banking(engine) + clinc(engine)
        else:
            print(f"No corpora in {CORPORA} (set FIRSTLINE_CORPORA): only the pack is measured.")
    print()
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
