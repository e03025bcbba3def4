"""Whoever is spoken to with du never reads Sie, and the other way round; articles fit both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import content as contents
from bot.content import ContentError, View
from bot.formality import says_du, says_sie
from bot.responses import Voice
from core.values import FormOfAddress, spoken
from tests.desk.model import MODELS


@pytest.mark.parametrize(
    "text",
    [
        "Bitte warten Sie.",
        "Sie sind Nummer 3.",
        "Sie bekommen eine Mail.",
        "Ihr Ticket ist zu.",
        "Wir schreiben Ihnen.",
        "Noch etwas: Sie können hier bleiben.",
        "1. Prüfen Sie das Netzteil.",
        "Wer sind Sie?",
        "Sie\nhaben Post.",
    ],
)
def test_sie_as_an_address_is_seen(text: str) -> None:
    assert says_sie(text) and not says_du(text)


@pytest.mark.parametrize(
    "text",
    [
        "Eine Person kümmert sich darum. Sie sieht, was versucht wurde.",
        "Sie hat den Ordner, und er gehört ihr.",
        "„Sie sieht nach“, heißt es dort.",
        "- Sie ist schon da.",
        "Das Netzteil direkt in die Wand stecken.",
        "Siegel und Ihrig sind Namen.",
    ],
)
def test_somebody_else_is_not_the_reader(text: str) -> None:
    assert not says_sie(text) and not says_du(text)


@pytest.mark.parametrize("text", ["Hast du Zeit?", "Dein Ticket", "Wir rufen dich an.", "bei euch", "Sag dir das."])
def test_du_as_an_address_is_seen(text: str) -> None:
    assert says_du(text) and not says_sie(text)


def _said(view: View, form: FormOfAddress) -> Iterator[tuple[str, str]]:
    """Everything the content can say in German to somebody who is addressed in this form, buttons too."""
    for name, variants in view.responses.items():
        for variant in variants:
            voice = Voice(view, spoken("de", form), ZoneInfo("Europe/Berlin"), dict(variant.condition), {})
            draft = voice.draft(name)
            yield name, draft.text
            yield from ((name, choice.title) for choice in draft.choices)
    yield from ((intent.key, intent.label["de"]) for intent in view.intents.values())


def _views() -> list[View]:
    return [MODELS.content.common, *MODELS.content.organizations.values()]


def test_under_du_nothing_says_sie() -> None:
    for view in _views():
        assert [said for said in _said(view, FormOfAddress.INFORMAL) if says_sie(said[1])] == []
        assert view.without_du() == []


def test_under_sie_nothing_says_du() -> None:
    for view in _views():
        assert [said for said in _said(view, FormOfAddress.FORMAL) if says_du(said[1])] == []


def test_articles_fit_both() -> None:
    for article in MODELS.content.articles:
        for line in [article.title, article.summary, *article.body.splitlines()] if article.language == "de" else ():
            assert not says_sie(line) and not says_du(line), (article.key, line)


def _content(tmp_path: Path, response: str) -> contents.Content:
    (tmp_path / "domain").mkdir()
    (tmp_path / "intents.yml").write_text("intents:\n  greet: {label: {de: Gruß, en: Greeting}, bot: chat}\n")
    (tmp_path / "domain" / "own.yml").write_text(f"responses:\n  utter_own:\n{response}", "utf-8")
    return contents.load(tmp_path)


@pytest.mark.parametrize(
    ("response", "is_complete"),
    [
        ("    - {text: Wo sind Sie?, translation: {en: Where?}}", False),
        ("    - {text: Wo sind Sie?, translation: {en: Where?, de-x-du: Wo bist du?}}", True),
        ("    - {text: Seit wann?, translation: {en: Since when?}}", True),
        ("    - text: Was?\n      translation: {en: What?}\n      buttons:\n"
         "        - {title: Rufen Sie an, translation: {en: Call}, payload: /human}", False),
    ],
)  # fmt: skip
def test_content_that_would_say_sie_is_named(tmp_path: Path, response: str, is_complete: bool) -> None:
    view = _content(tmp_path, response).common
    assert view.without_du() == ([] if is_complete else ["utter_own"])


def test_what_addresses_nobody_needs_no_second_text(tmp_path: Path) -> None:
    view = _content(tmp_path, "    - {text: Seit wann?, translation: {en: Since when?}}").common
    said = [Voice(view, tag, ZoneInfo("UTC"), {}, {}).text("utter_own") for tag in ("de", "de-x-du", "en")]
    assert said == ["Seit wann?", "Seit wann?", "Since when?"]


def test_a_misspelt_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="unknown language 'de-du'"):
        _content(tmp_path, "    - {text: Wo sind Sie?, translation: {en: Where?, de-du: Wo bist du?}}")
