"""Rasa's NLU YAML: read, written back the same, and refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.training_data import Annotation, Example, TrainingDataError, dump, load

WORDS = st.from_regex(r"[a-zA-Zäöüß0-9][a-zA-Zäöüß0-9 ,.?!:'-]{0,30}[a-zA-Zäöüß0-9]", fullmatch=True)
NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,4})?", fullmatch=True)


def _read(folder: Path, text: str) -> None:
    (folder / "de").mkdir(exist_ok=True)
    (folder / "de" / "a.yml").write_text(text, "utf-8")


def test_annotations_synonyms_regexes_and_lookups(tmp_path: Path) -> None:
    _read(
        tmp_path,
        'version: "3.1"\nnlu:\n  - intent: order\n    examples: |\n      - ein [Headset](device) bitte\n'
        '      - ein [Kopfhörer]{"entity": "device", "value": "headset"}\n'
        "  - synonym: headset\n    examples: |\n      - Hörer\n"
        "  - regex: room\n    examples: |\n      - R\\d+\n  - lookup: device\n    examples: |\n      - Maus\n",
    )
    data = load(tmp_path)
    assert data.examples[1] == Example("ein Kopfhörer", "order", "de", (Annotation(4, 13, "device", "headset"),))
    assert (data.synonyms, data.regexes, data.lookups) == (
        {"hörer": "headset"},
        (("room", r"R\d+"),),
        (("device", "Maus"),),
    )
    again = tmp_path / "again"
    (again / "de").mkdir(parents=True)
    (again / "de" / "a.yml").write_text(dump(data, "de"), "utf-8")
    assert load(again) == data


@given(st.dictionaries(NAMES, st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, intents: dict[str, list[str]]) -> None:
    folder = tmp_path_factory.mktemp("data")
    text = "nlu:\n" + "".join(
        f"  - intent: {name}\n    examples: |\n" + "".join(f"      - {line}\n" for line in lines)
        for name, lines in sorted(intents.items())
    )
    if any(name in ("null", "true", "false", "yes", "no", "on", "off", "y", "n") for name in intents):
        return
    _read(folder, text)
    data = load(folder)
    _read(folder, dump(data, "de"))
    assert load(folder) == data


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nlu: [\n", "not valid YAML"),
        ("nlu:\n  - intent: a\n    examples: |\n      no dash\n", r"a\.yml:4.*dash"),
        ("nlu:\n  - intent: a\n    colour: red\n", r"a\.yml:2"),
        ("stories: []\n", r"a\.yml:1: unknown key 'stories'"),
        ("nlu: &x\n  - intent: a\n    examples: *x\n", "aliases"),
        ("nlu:\n  - regex: a\n    examples: |\n      - '['\n", "no regular expression"),
        ("nlu:\n  - intent: a\n    examples: |\n      - [x]{y}\n", "cannot read the annotation"),
        ("", "holds no examples"),
    ],
)
def test_what_cannot_be_used_names_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    _read(tmp_path, text)
    with pytest.raises(TrainingDataError, match=says):
        load(tmp_path)
