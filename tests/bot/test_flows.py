"""Flows and conditions: read as documented, refused with a reason, and the shipped ones are complete."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import content as contents
from bot.conditions import ConditionError, parse
from bot.content import LANGUAGES, ContentError
from bot.flows import END, FlowError, compile_flow
from nlu import training_data
from tests.desk.model import MODELS


@pytest.mark.parametrize(
    ("text", "slots", "expected"),
    [
        ("slots.a", {"a": "x"}, True),
        ("slots.a", {"a": False}, False),
        ("not slots.a", {}, True),
        ('slots.a == "x" and not slots.b', {"a": "x"}, True),
        ('slots.a == "y" or slots.b is not null', {"a": "x", "b": 1}, True),
        ("slots.n > 3", {"n": "4"}, True),
        ("slots.n < 3", {"n": "many"}, False),
        ('slots.a matches "^[A-Z]{2}-\\d+$"', {"a": "NB-1"}, True),
        ('not (slots.a contains "drucker")', {"a": "Etagendrucker"}, False),
        ("slots.a is null", {}, True),
    ],
)
def test_conditions(text: str, slots: dict[str, object], expected: bool) -> None:
    assert parse(text)(slots) is expected


@pytest.mark.parametrize("text", ["", "slots.a and", "import os", "slots.a == ", "(slots.a", "slots.a )", "a == 1"])
def test_conditions_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        parse(text)


@given(st.text(max_size=40))
def test_no_text_does_anything_else_than_be_read_or_refused(text: str) -> None:
    with contextlib.suppress(ConditionError):
        assert parse(text)({}) in (True, False)


def test_nested_steps_are_laid_out_and_end() -> None:
    flow = compile_flow(
        "f",
        {
            "steps": [
                {
                    "collect": "a_helped",
                    "next": [{"if": "slots.a_helped", "then": [{"link": "solved"}]}, {"else": "b"}],
                },
                {"id": "b", "action": "utter_b", "next": "END"},
            ]
        },
    )
    assert flow.steps[flow.steps[0].next({"a_helped": True})].link == "solved"
    assert flow.steps[flow.steps[0].next({})].id == "b"
    assert flow.steps[flow.index("b")].next({}) == END


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"say": "x"}],
        [{"action": "a", "next": "nowhere"}],
        [{"action": "a", "colour": 1}],
        [{"collect": "a", "action": "b"}],
    ],
)
def test_flows_that_cannot_be_are_refused(steps: list[dict[str, object]]) -> None:
    with pytest.raises(FlowError, match="flow f"):
        compile_flow("f", {"steps": steps})


def test_the_shipped_content_is_complete() -> None:
    view = MODELS.content.common
    for intent in view.intents.values():
        if intent.bot in ("solve", "collect"):
            assert view.flow_for(intent.key) is not None, intent.key
    for flow in view.flows.values():
        assert all(step.link != "handoff" or flow.steps for step in flow.steps)
    examples = dict.fromkeys(LANGUAGES, 0)
    for article in MODELS.content.articles:
        examples[article.language] += 1
    assert len({article.key for article in MODELS.content.articles}) * 2 == len(MODELS.content.articles)


def test_every_intent_has_enough_examples_in_both_languages() -> None:
    data = training_data.load(MODELS.content.nlu_folder)
    known = set(MODELS.content.common.intents)
    assert known <= set(data.intents)
    for intent in known:
        for language, least in (("de", 25), ("en", 20)):
            count = sum(example.intent == intent and example.language == language for example in data.examples)
            assert count >= least, (intent, language, count)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("intents.yml", "intents: {x: {label: {de: X}, bot: solve}}", "no label in en"),
        ("intents.yml", "intents: {x: {label: {de: X, en: X}, bot: dance}}", "bot must be"),
        ("domain/a.yml", "responses: {utter_x: [{text: Hallo}]}", "no text in en"),
        ("domain/a.yml", "answers: {}", "unknown key"),
        ("flows/a.yml", "flows: {f: {steps: [{collect: nothing}]}}", "there is no slot"),
        ("flows/a.yml", "flows: [", "not valid YAML"),
        ("domain/a.yml", "slots: {s: {type: categorical, values: [yes, no]}}", "in quotes"),
    ],
)
def test_content_that_cannot_be_used_names_the_file(tmp_path: Path, file: str, text: str, says: str) -> None:
    (tmp_path / "intents.yml").write_text("intents: {}")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    with pytest.raises(ContentError, match=says):
        contents.load(tmp_path)
