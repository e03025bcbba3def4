"""``firstline nlu evaluate``: how good the understanding is on a file of labelled messages."""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from bot import content as contents
from config.settings import Settings
from desk.understanding import load_model
from nlu import labelled
from nlu.embedded.engine import EmbeddedEngine
from nlu.engine import Model
from nlu.evaluation import Report, evaluate
from nlu.training_data import TrainingDataError


def command(settings: Settings, options: argparse.Namespace) -> int:
    """Print the figures; with ``--train`` of a model trained on that file first, else of the desk's own."""
    examples = labelled.load(options.file)
    try:
        report = evaluate(_model(settings, options.train), examples)
    except ValueError as error:
        raise TrainingDataError(f"{options.file}: {error}") from None
    print(json.dumps(asdict(report), ensure_ascii=False, indent=2) if options.json else as_table(report))
    return 0


def _model(settings: Settings, train: Path | None) -> Model:
    if train is None:
        return load_model(contents.load(settings.content.folder).nlu_folder, settings.data)
    data = labelled.as_training_data(labelled.load(train))
    with tempfile.TemporaryDirectory(prefix="firstline-nlu-") as folder:
        return EmbeddedEngine(Path(folder) / "vectors.npz").train(data, lambda share, what: None)


def as_table(report: Report) -> str:
    lines = [
        f"{report.messages} messages, {report.out_of_scope_messages} of them out of scope",
        "",
        f"{'right at the first guess':<44}{_percent(report.accuracy):>8}",
        *(
            f"{f'  in {language}':<44}{_percent(share):>8}"
            for language, share in sorted(report.accuracy_by_language.items())
        ),
        f"{'among the first three':<44}{_percent(report.top_3):>8}",
        f"{'macro F1':<44}{_percent(report.macro_f1):>8}",
        f"{'out of scope recognised':<44}{_percent(report.out_of_scope_recall):>8}",
        f"{'in and out of scope told apart (AUROC)':<44}{_percent(report.auroc):>8}",
        f"{'calibration error':<44}{_percent(report.calibration_error):>8}",
        f"{'the bot would act':<44}{_percent(report.acted_on):>8}",
        f"{'  and wrongly':<44}{_percent(report.wrong):>8}",
        f"{'ask':<44}{_percent(report.asked):>8}",
        f"{'look it up or hand over':<44}{_percent(report.fell_back):>8}",
        "",
        f"{'intent':<32}{'messages':>9}{'precision':>11}{'recall':>9}{'F1':>8}",
        *(
            f"{intent:<32}{one.messages:>9}{_percent(one.precision):>11}{_percent(one.recall):>9}{_percent(one.f1):>8}"
            for intent, one in sorted(report.intents.items(), key=lambda item: (item[1].f1, item[0]))
        ),
    ]
    if report.confusions:
        lines += ["", "most often confused"]
        lines += [f"{one.count:>4}  {one.right} taken for {one.taken_for}" for one in report.confusions]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
