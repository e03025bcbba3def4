"""Signatures: folded where they are surely some, shown where somebody still says something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.signatures import split

FOLDED = [
    ("Hallo\n\n-- \nMax Muster\nAlpha GmbH", "Hallo", "-- \nMax Muster\nAlpha GmbH"),
    ("Geht nicht.\n\nVon meinem iPhone gesendet", "Geht nicht.", "Von meinem iPhone gesendet"),
    ("Geht nicht.\n\nGesendet mit der GMX Mail App", "Geht nicht.", "Gesendet mit der GMX Mail App"),
    ("It broke.\n\nSent from my Galaxy", "It broke.", "Sent from my Galaxy"),
    (
        "Bitte um Hilfe.\n\nMit freundlichen Grüßen\n\nCarla Neumann\nEinkauf\n\nAlpha GmbH\nTel. 030 123",
        "Bitte um Hilfe.\n\nMit freundlichen Grüßen\n\nCarla Neumann",
        "Einkauf\n\nAlpha GmbH\nTel. 030 123",
    ),
    (
        "Please help.\n\nKind regards,\nTom Baker\nNorthern Light Clinic\nPhone +44 20 1234",
        "Please help.\n\nKind regards,\nTom Baker",
        "Northern Light Clinic\nPhone +44 20 1234",
    ),
    (
        "Danke.\n\nLG Max\nAlpha GmbH\nHauptstraße 1\nwww.alpha.example",
        "Danke.\n\nLG Max\nAlpha GmbH",
        "Hauptstraße 1\nwww.alpha.example",
    ),
    (
        "Erledigt.\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind …",
        "Erledigt.",
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind …",
    ),
]
SHOWN = [
    "Nur ein Satz.",
    "Viele Grüße\nMax",
    "Sent from my desk, is much easier than my phone.",
    "Von meinem Rechner gesendet. Seitdem hängt er.",
    "Mit freundlichen Grüßen\nMax\nAlpha GmbH\nHauptstraße 1\n\nPS: Der andere Drucker geht auch nicht.",
    "Best way to reproduce:\nopen Word\nprint\nwait",
    "Viele Grüße\nMax\nIch habe noch eine Frage:\nGeht das auch am Montag?",
    "-- \nnichts als eine Signatur",
    "Punkt 1\n--\nPunkt 2 ist wichtiger: Seit gestern geht bei uns im ganzen Haus nichts mehr, bitte kommen Sie.",
    "",
]


@pytest.mark.parametrize(("text", "said", "signature"), FOLDED)
def test_a_signature_is_told_from_what_was_said(text: str, said: str, signature: str) -> None:
    assert split(text) == (said, signature)


@pytest.mark.parametrize("text", SHOWN)
def test_what_somebody_says_is_never_folded(text: str) -> None:
    assert split(text) == (text, "")


@given(
    st.lists(st.sampled_from(["Hallo", "", "-- ", "LG", "Viele Grüße", "Tel. 1", "Geht es?", "x" * 200]), max_size=40)
)
def test_nothing_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    said, signature = split(text)
    assert "".join((said + signature).split()) == "".join(text.split())
