"""Measuring: labelled messages, counting, and the pack's own exam, by a hand that is never learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import PACK
from nlu import labelled, training_data
from nlu.engine import Parse
from nlu.evaluation import count, evaluate
from nlu.training_data import Example, TrainingDataError
from tests.desk.model import MODELS

EXAM = labelled.load(PACK / "withheld.jsonl")
DATA = training_data.load(PACK / "nlu")


def test_the_pack_passes_its_exam() -> None:
    report = evaluate(MODELS.model, EXAM)
    assert report.accuracy > 0.85
    assert report.top_3 > 0.93
    assert report.out_of_scope_recall is not None and report.out_of_scope_recall > 0.9
    assert report.wrong < 0.05
    assert min(report.accuracy_by_language.values()) > 0.83


def test_nothing_of_the_exam_is_learned_from() -> None:
    learned = {" ".join(example.text.casefold().split()) for example in DATA.examples}
    known = [one.text for one in EXAM if " ".join(one.text.casefold().split()) in learned]
    # A greeting, "VPN geht nicht" and the like come from every hand; whole sentences do not.
    assert len(known) < len(EXAM) / 20
    assert all(len(text.split()) <= 6 for text in known)


def test_every_intent_of_the_pack_is_examined_in_both_languages() -> None:
    examined = {(one.intent, one.language) for one in EXAM}
    assert {(intent, language) for intent in DATA.intents for language in ("de", "en")} == examined


def test_figures_are_counted_as_they_are_described() -> None:
    def parse(intent: str, confidence: float, fallback: bool = False, ambiguous: bool = False) -> Parse:
        ranking = ((intent, confidence), ("other", 0.1))
        return Parse("x", intent, confidence, fallback, ambiguous, ranking, (), "de", scope=confidence)

    examples = [
        Example("1", "vpn", "de"),
        Example("2", "vpn", "de"),
        Example("3", "mail", "en"),
        Example("4", "out_of_scope", "en"),
        Example("5", "out_of_scope", "en"),
    ]
    parses = [
        parse("vpn", 0.9),
        parse("mail", 0.8),
        parse("mail", 0.7, ambiguous=True),
        parse("vpn", 0.2, fallback=True),
    ]
    report = count([*parses, parse("vpn", 0.6)], examples)
    assert (report.accuracy, report.top_3) == (2 / 3, 2 / 3)
    assert report.accuracy_by_language == {"de": 0.5, "en": 1.0}
    assert (report.acted_on, report.asked, report.fell_back, report.wrong) == (0.6, 0.2, 0.2, 0.4)
    assert (report.out_of_scope_recall, report.auroc) == (0.5, 1.0)
    assert [(one.right, one.taken_for, one.count) for one in report.confusions] == [("vpn", "mail", 1)]
    assert report.intents["vpn"].precision == 0.5
    assert report.intents["mail"].recall == 1.0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "Mein VPN geht nicht\tvpn_problem\n\nwho won the cup\tout_of_scope\n"),
        ("a.jsonl", '{"text": "Mein VPN geht nicht", "intent": "vpn_problem", "lang": "de"}\n'
                    '{"text": "who won the cup", "intent": "out_of_scope"}\n'),
        ("a.yml", 'version: "3.1"\nnlu:\n- intent: vpn_problem\n  examples: |\n    - Mein VPN geht nicht\n'
                  "- intent: out_of_scope\n  examples: |\n    - who won the cup\n"),
    ],
)  # fmt: skip
def test_three_formats_say_the_same(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert labelled.load(tmp_path / name) == (
        Example("Mein VPN geht nicht", "vpn_problem", "de"),
        Example("who won the cup", "out_of_scope", "en"),
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tsv", "fine\tvpn\nno tab here\n", "a.tsv:2"),
        ("a.jsonl", '{"text": "x"}\n', "a.jsonl:1"),
        ("a.jsonl", '{"text": "x", "intent": "y"}\n[1]\n', "a.jsonl:2"),
        ("a.jsonl", "", "holds no labelled messages"),
        ("a.yml", "nlu: &a\n- *a\n", "anchors"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(TrainingDataError, match=said):
        labelled.load(tmp_path / name)


def test_a_missing_file_is_said_kindly(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="cannot be read"):
        labelled.load(tmp_path / "nowhere.tsv")
