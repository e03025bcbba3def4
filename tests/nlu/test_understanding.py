"""Understanding with the shipped model: both languages, nonsense, nothing, and several threads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nlu import registry
from nlu.embedded.engine import EmbeddedEngine
from nlu.language import detect, evident
from nlu.topics import body, topics
from nlu.training_data import Example, TrainingData, TrainingDataError
from tests.desk.model import MODELS

MODEL = MODELS.model


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Seit dem Wochenende komme ich von daheim nicht mehr durch den Tunnel ins Firmennetz", "vpn_problem"),
        ("Der Drucker im Sekretariat macht nur weiße Blätter", "printer_problem"),
        ("somebody stole my work laptop from the car", "device_lost_stolen"),
        ("i cant remember my password", "password_reset"),
        ("PASSWORT VERGESSEN", "password_reset"),
    ],
)
def test_problems_are_recognised(text: str, intent: str) -> None:
    [parse] = MODEL.parse([text])
    assert (parse.intent, parse.fallback) == (intent, False)
    assert [confidence for _, confidence in parse.ranking] == sorted((c for _, c in parse.ranking), reverse=True)


@pytest.mark.parametrize("text", ["Wie backe ich einen Apfelkuchen?", "who won the cup final", "qwpo eiruty laksjd"])
def test_what_is_none_of_its_business_is_not_guessed(text: str) -> None:
    assert MODEL.parse([text])[0].fallback


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "12345", "\0\0", "?!", "\ud800"])
def test_nothing_to_read_is_a_fallback_without_confidence(text: str) -> None:
    [parse] = MODEL.parse([text])
    assert (parse.intent, parse.confidence, parse.fallback) == (None, 0.0, True)


def test_a_huge_text_is_read_in_time() -> None:
    assert MODEL.parse(["Der Drucker druckt nicht. " * 20_000])[0].intent == "printer_problem"


def test_threads_agree() -> None:
    texts = ["VPN geht nicht", "the printer is jammed", "Passwort vergessen"] * 5
    expected = [parse.intent for parse in MODEL.parse(texts)]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: [parse.intent for parse in MODEL.parse(texts)], range(8)):
            assert found == expected


def test_vectors_are_of_length_one() -> None:
    assert np.allclose(np.linalg.norm(MODEL.embed(["Hallo", ""]), axis=1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("text", "known", "language"),
    [
        ("ok", "en", "en"),
        ("VPN", "de", "de"),
        ("Mein Drucker druckt nicht", "en", "de"),
        ("my printer does not print", "de", "en"),
        ("danke", None, "de"),
    ],
)
def test_short_words_do_not_flip_the_language(text: str, known: str | None, language: str) -> None:
    assert detect(text, known) == language


@pytest.mark.parametrize("text", ["wifi is slow", "printer broken", "my pc is dead", "outlook slow", "forgot password"])
def test_the_first_words_of_somebody_new_show_that_they_are_english(text: str) -> None:
    assert evident(text) == "en"


@pytest.mark.parametrize("text", ["VPN ist down", "Drucker kaputt", "Teams crasht", "WLAN langsam", "Outlook", "ok"])
def test_german_and_neutral_words_are_not_taken_for_english(text: str) -> None:
    assert evident(text) != "en"


def test_a_list_of_matters_in_one_sentence_is_told_apart_in_its_order() -> None:
    said = "Outlook stürzt ab, das Headset ist kaputt und ich brauche noch eine Visio Lizenz"
    assert [parse.intent for parse in topics(MODEL, said)] == ["email_problem", "audio_problem", "license_problem"]
    english = topics(MODEL, "My headset has no sound and my monitor is black")
    assert [parse.intent for parse in english] == ["audio_problem", "screen_problem"]


def test_what_works_again_is_no_matter_any_more() -> None:
    [only] = topics(MODEL, "Mein VPN geht wieder, aber der Drucker nicht")
    assert only.intent == "printer_problem"


def test_a_letter_s_greeting_and_closing_are_put_aside() -> None:
    letter = "Guten Tag Frau Muster,\n\nder Beamer zeigt kein Bild.\n\nMit freundlichen Grüßen\nCarla\n> alt"
    assert body(letter) == "der Beamer zeigt kein Bild."
    assert body("Mit freundlichen Grüßen") == "Mit freundlichen Grüßen"


@pytest.mark.parametrize(
    "said",
    [
        "Drucker im 3. OG druckt nur leere Seiten",
        "Der Drucker in Zi. 12 bzw. im Flur druckt nur leere Seiten",
        "Drucker druckt nicht\nGuten Tag, der Drucker im Flur druckt nicht mehr. Papier ist drin. Bitte um Hilfe.",
    ],
)
def test_neither_a_storey_nor_a_scrap_of_the_story_is_a_second_topic(said: str) -> None:
    assert [parse.intent for parse in topics(MODEL, said)] == ["printer_problem"]


def test_two_problems_are_two_topics_and_one_is_one() -> None:
    two = topics(MODEL, "Der Drucker hat Papierstau. Außerdem ist mein Diensthandy gestohlen worden.")
    assert {parse.intent for parse in two} == {"printer_problem", "device_lost_stolen"}
    assert len(topics(MODEL, "Der Drucker hat Papierstau. Er blinkt rot. Bitte schnell.")) == 1


ENTITIES = [
    ("mein Gerät NB-20417 spinnt", "asset_tag", "NB-20417"),
    ("nb20417", "asset_tag", "NB-20417"),
    ("Stand von FL-1042?", "ticket_number", "FL-1042"),
    ("Code 0x80070035", "error_code", "0x80070035"),
    ("Fehler 691", "error_code", "691"),
    ("an carla@alpha.example bitte", "email", "carla@alpha.example"),
    ("Rückruf 030 901820", "phone_number", "+4930901820"),
    ("Server 10.0.0.7 weg", "ip_address", "10.0.0.7"),
]


@pytest.mark.parametrize(("text", "name", "value"), ENTITIES)
def test_what_people_quote_is_found(text: str, name: str, value: str) -> None:
    assert (name, value) in [(entity.name, entity.value) for entity in MODEL.parse([text])[0].entities]


def test_a_damaged_model_is_trained_again(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "vectors.npz")
    words = {"a": ("Drucker druckt nicht", "printer broken"), "b": ("VPN geht nicht", "vpn down")}
    data = TrainingData(tuple(Example(text, intent, "de") for intent in words for text in words[intent]), {}, (), ())
    first = registry.train_or_load(engine, data, tmp_path, lambda *_: None)
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir()]
    (folder / "model.json").write_text("{")
    again = registry.train_or_load(engine, data, tmp_path, lambda *_: None)
    assert again.version == first.version
    assert again.parse(["Drucker"])[0].intent == "a"
    assert registry.train_or_load(engine, data, tmp_path, lambda *_: pytest.fail("trained")).version == first.version


def test_too_little_to_learn_from_is_explained(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="At least 2 intents"):
        EmbeddedEngine(tmp_path / "v.npz").train(
            TrainingData((Example("x y", "a", "de"),), {}, (), ()), lambda *_: None
        )
