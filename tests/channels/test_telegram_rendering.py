"""What the desk says as Telegram's messages: nothing lost, nothing cut in two, nothing too long."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.telegram import render, words
from channels.telegram.client import _REFUSALS
from channels.telegram.render import LIMIT, ROOM, FilePart, TextPart, length, parts, split
from core.conversations import Standing
from core.values import ActorKind, Address, Choice, OutboundMessage, Status, StoredFile
from web.languages import LANGUAGES, catalogue


def message(text: str = "Hallo", **changes: Any) -> OutboundMessage:
    values: dict[str, Any] = {
        "message_id": 12,
        "conversation_id": 1,
        "ticket_id": 1,
        "inbox_id": 1,
        "thread_key": "4711:501",
        "recipient": Address("telegram", "501", "Carla"),
        "external_id": "<1@x>",
        "author_kind": ActorKind.BOT,
        "author_name": "Firstline",
        "text": text,
        "subject": "VPN",
        "language": "de",
        "created_at": datetime(2026, 11, 23, tzinfo=UTC),
        "seq": 2,
    }
    return OutboundMessage(**{**values, **changes})


@given(st.text(max_size=600), st.integers(min_value=10, max_value=200))
def test_splitting_loses_only_white_space_and_keeps_to_the_limit(text: str, room: int) -> None:
    found = split(text, room)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < length(part) <= room for part in found)


def test_it_is_cut_between_paragraphs_then_sentences_then_words_then_anywhere() -> None:
    paragraphs = split("a" * 50 + "\n\n" + "b" * 50, 70)
    assert paragraphs == ["a" * 50, "b" * 50]
    assert split("Ein Satz. Noch ein Satz ist das", 20) == ["Ein Satz.", "Noch ein Satz ist", "das"]
    assert split("👍" * 9, 8) == ["👍" * 4, "👍" * 4, "👍"], "an emoji takes two units and is never halved"


def test_buttons_stand_below_the_last_part_and_fit_into_64_bytes() -> None:
    choices = [Choice(f"Auswahl {number}", "/SetSlots(" + "x" * 200 + ")") for number in range(3)]
    first, *_, last = parts(message("Wort " * 2000, message_id=2**40, choices=tuple(choices)))
    assert isinstance(first, TextPart) and first.keyboard is None
    assert isinstance(last, TextPart) and last.keyboard is not None
    data = [str(button.callback_data) for row in last.keyboard.inline_keyboard for button in row]
    assert all(len(one.encode()) <= 64 for one in data)
    assert [render.choice_of(one) for one in data] == [(2**40, 0), (2**40, 1), (2**40, 2)]


@pytest.mark.parametrize("data", ["", "c:1", "c:x:1", "c:1:-1", "d:1:1", "c:1:1:1", "l:fr", "c:¹:1"])
def test_a_button_nobody_made_is_none(data: str) -> None:
    assert render.choice_of(data) is None and render.language_of(data) is None


def test_short_choices_stand_side_by_side_and_long_ones_below_each_other() -> None:
    def rows(*titles: str) -> list[int]:
        markup = render.keyboard(1, [Choice(title, title) for title in titles])
        assert markup is not None
        return [len(row) for row in markup.inline_keyboard]

    assert rows("Gelöst", "Noch nicht") == [2]
    assert rows("Nein, etwas ganz anderes", "Das Passwort vergessen", "Ja") == [1, 2]


def test_an_answered_question_still_fits() -> None:
    assert length(render.answered("x" * 20_000, "y" * 5000)) <= LIMIT
    assert render.answered("Hat das geholfen?", "Gelöst") == "Hat das geholfen?\n\n✓ Gelöst"


def test_a_person_s_answer_begins_with_their_name() -> None:
    [part] = parts(message("Ich kümmere mich.", author_kind=ActorKind.AGENT, author_name="Änne 👩"))
    assert isinstance(part, TextPart)
    assert part.text == "Änne 👩:\nIch kümmere mich."
    assert [(entity.type, entity.offset, entity.length) for entity in part.entities] == [("bold", 0, 7)]


def test_pictures_are_shown_and_other_files_are_files() -> None:
    files = (StoredFile("a", "a.png", "image/png", 10), StoredFile("b", "b.svg", "image/svg+xml", 10),
             StoredFile("c", "c.jpg", "image/jpeg", 11 * 1024 * 1024))  # fmt: skip
    found = parts(message("", attachments=files))
    assert [(part.file.filename, part.as_photo) for part in found if isinstance(part, FilePart)] == [
        ("a.png", True),
        ("b.svg", False),
        ("c.jpg", False),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_consent_names_the_desk_the_rules_and_the_menu(language: str) -> None:
    text = words.consent(language, "IT {intern}", "", "https://desk.example/privacy")
    assert "IT {intern}" in text and "https://desk.example/privacy" in text and "/human" in text
    assert length(text) <= ROOM, "it is one message"
    assert words.consent(language, "x", "Eigener Text {so}").startswith("Eigener Text {so}")
    assert all(1 <= len(command) <= 32 and 3 <= len(title) <= 256 for command, title in words.commands(language))


def test_the_guide_shows_the_words_that_people_read() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "channels" / "telegram.md").read_text("utf-8")
    shown = " ".join(guide.replace("\n>", " ").split())
    for language in LANGUAGES:
        text, _, _ = words.consent(language, "{desk}").rpartition("\n\n")
        assert " ".join(text.split()) in shown


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("language", LANGUAGES)
def test_how_things_stand_is_said_for_every_status(status: Status, language: str) -> None:
    for level, agent in ((0, ""), (1, ""), (1, "Anna")):
        text = words.standings(language, [Standing("FL-1001", "VPN {kaputt}", status, level, agent)])
        assert text.startswith("FL-1001 – VPN {kaputt}\n") and len(text.splitlines()) == 2
    assert words.standings(language, [])


def test_every_reason_has_a_german_text() -> None:
    assert set(_REFUSALS.values()) - set(catalogue("de")) == set()
