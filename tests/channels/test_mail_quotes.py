"""New words are told from quotes, signatures and footers, and no new word is ever lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.quotes import new_text
from tests.channels.corpora import needs_replies
from tests.channels.replies import Reply, corpus, lost, own, tidy

EXACT = 0.9


@pytest.mark.parametrize("reply", list(own()), ids=lambda reply: reply.name)
def test_what_is_new_is_found(reply: Reply) -> None:
    assert tidy(new_text(reply.text, reply.subject)) == reply.new


@needs_replies
def test_nine_of_ten_mails_of_the_corpus_are_split_exactly_and_none_loses_a_word() -> None:
    replies = list(corpus())
    assert [reply.name for reply in replies if lost(reply, new_text(reply.text))] == []
    exact = sum(tidy(new_text(reply.text)) == reply.new for reply in replies)
    assert exact >= EXACT * len(replies)


QUOTED = [
    ("Ja.\n\nAm 3.3.2026 um 08:00 schrieb Max:\n> Geht es?", "Ja."),
    ("Nein\n\n-----Ursprüngliche Nachricht-----\nVon: Max\nGesendet: heute\nAn: mich", "Nein"),
    ("Ok\n\nVon: Max <m@x.example>\nGesendet: Montag\nAn: Carla\nBetreff: Drucker\n\nalt", "Ok"),
    ("Yes.\n\nOn Mon, 3 Mar 2026 at 08:00, Max <m@x.example>\nwrote:\n\n> Does it?", "Yes."),
    ("> Geht es?\nJa, geht.", "Ja, geht."),
    ("Nur Text, von: gestern an: heute", "Nur Text, von: gestern an: heute"),
    ("Ok.\n\nOn Aug 22, 2026, at 7:37 PM, Max<m@x.example> wrote:\n\n\n\n\n> Does it?", "Ok."),
    ("Danke!\n\nAm Mo., 3. März 2026 um 08:00 Uhr schrieb Max <m@x.example>:\n\nGeht es?", "Danke!"),
    ("Am 3.3.2026 um 08:00 schrieb Max:\n> Geht es?\n\nJa.\n\n> Und das?\n\nAuch.", "Ja.\n\n\nAuch."),
    ("Ja\n________________________________\nFrom: Max\nSent: Monday\nTo: me\n\nold", "Ja"),
    ("Am Telefon sagte Max und schrieb:\nes geht nicht", "Am Telefon sagte Max und schrieb:\nes geht nicht"),
]
SIGNED = [
    ("Hallo\n\n-- \nMax Muster\nAlpha GmbH", "Hallo"),
    ("Geht nicht.\n\nVon meinem iPhone gesendet", "Geht nicht."),
    ("Geht nicht.\n\nGesendet mit der GMX Mail App", "Geht nicht."),
    ("It broke.\n\nSent from my Galaxy", "It broke."),
    (
        "Bitte um Hilfe.\n\nMit freundlichen Grüßen\n\nCarla Neumann\nEinkauf\n\nAlpha GmbH\nTel. 030 123",
        "Bitte um Hilfe.\n\nMit freundlichen Grüßen\n\nCarla Neumann",
    ),
    (
        "Please help.\n\nKind regards,\nTom Baker\nNorthern Light Clinic\nPhone +44 20 1234",
        "Please help.\n\nKind regards,\nTom Baker",
    ),
    (
        "Erledigt.\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, "
        "vernichten Sie sie bitte.",
        "Erledigt.",
    ),
]


@pytest.mark.parametrize(("text", "new"), [*QUOTED, *SIGNED])
def test_quotes_and_signatures_are_told_from_what_was_said(text: str, new: str) -> None:
    assert new_text(text) == new


KEPT = [
    "Danke\n\nTel. 0221 4711-99 ist jetzt meine neue Nummer.",
    "Vielen Dank\nCarla\n\nMeine neue Nummer: 0221 4711",
    "Hallo,\n\nMails kamen bisher von:\ninfo@alpha.example\nsupport@alpha.example\n+49 221 4711",
    "Text\n\nSent from my old account by mistake",
    "Achtung: externer Monitor flackert\n\nBitte helfen.",
    "Achtung: Mail von extern kommt nicht an\n\nBitte prüfen.",
    "Text.\n\nWenn Sie nicht der richtige Empfänger sind, leiten Sie es bitte weiter.",
    "Hallo\n\nUnsubscribe me from the list please",
    "Hallo\n\nDatenschutzhinweise auf der Webseite sind veraltet.",
    "Hallo\n\nDisclaimer fehlt in meiner Signatur.",
    "Hallo\n\nDiese Avast-Meldung kommt ständig.",
    "Hallo\n\nDiese E-Mail ist für Herrn Maier bestimmt, kam aber bei mir an.",
    "Hallo\n\nDiese Nachricht ist vertraulich, bitte nicht weitergeben",
    "Am 23.11.2026 um 10:00 schrieb mir Herr Müller:\nDas Gerät ist kaputt.",
    "Hier die Mail:\n\nFrom: x@evil.example\nDate: Mon, 23 Nov 2026\nTo: me@alpha.example\nSubject: Los\n\nGewonnen!",
    "Zuerst das.\n\nUrsprüngliche Nachricht:\nFehler 5 beim Start",
    "Bitte einbauen:\n\nDisclaimer\n\nDie Inhalte sind geprüft.",
    "Hallo,\n\nMit freundlichen Grüßen\nCarla\n\nBitte auch an info@alpha.example antworten.",
    "Viele Grüße\n\nDer Server 10.0.0.1 antwortet nicht unter http://server/",
    "Danke\nBen\n\nhttps://portal.alpha.example/fehler/4711",
    "Der Link geht nicht.\n\nVielen Dank\n\nhttps://portal.alpha.example/a\nhttps://portal.alpha.example/b",
    "LG\n\nModell: 55UP7500\nSeriennummer: 0815 4711\nTel. am Gerät: 0221 123",
    "Guten Tag\n____________\nTel: 0221 4711 funktioniert nicht mehr",
    "Von: Köln\nAn: Bonn\nDatum: 3.4. 10:00\nBetreff: Umzug\n\nBitte",
    "Umzug\n\nVon: Raum 101\nAn: Raum 202\nDatum: 3.4.2026\nBetreff: Umzug\n\nBitte",
    "On Monday 3.4.2026 he wrote to us@alpha.example:\nbroken",
    "Kollege schrieb am 3.4.2026 per Mail an x@y.example:\nGeht nicht",
    "--\nNur darunter steht etwas.",
    "-- \nNur darunter steht etwas.",
    "Sent from my iPhone",
    "Viele Grüße\nMax",
    "Sent from my desk, is much easier than my phone.",
    "Von meinem Rechner gesendet. Seitdem hängt er.",
    "Mit freundlichen Grüßen\nMax\nAlpha GmbH\nHauptstraße 1\n\nPS: Der andere Drucker geht auch nicht.",
    "Best way to reproduce:\nopen Word\nprint\nwait",
    "Viele Grüße\nMax\nIch habe noch eine Frage:\nGeht das auch am Montag?",
    "-- \nnichts als eine Signatur",
    "Punkt 1\n--\nPunkt 2 ist wichtiger: Seit gestern geht bei uns im ganzen Haus nichts mehr, bitte kommen Sie.",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_a_quote_is_kept(text: str) -> None:
    assert new_text(text).split() == text.split()


SAID = st.text(alphabet=st.characters(categories=("L", "Nd"), max_codepoint=0x24F), min_size=1, max_size=12)
SENTENCE = st.lists(SAID, min_size=1, max_size=12).map(" ".join)
BELOW = [
    "Am 23.11.26 um 10:00 schrieb Service Desk:\n> alt",
    "On Mon, Nov 23, 2026 at 10:00 AM Desk <d@desk.example> wrote:\n\nalt",
    "-----Ursprüngliche Nachricht-----\nVon: Desk\nGesendet: heute\nAn: mich\n\nalt",
    "Von: Desk <d@desk.example>\nGesendet: Montag\nAn: Carla\nBetreff: x\n\nalt",
    "-- \nCarla\nTel. 0221 4711",
    "Von meinem iPhone gesendet",
]


@settings(max_examples=200)
@given(st.lists(SENTENCE, min_size=1, max_size=8), st.sampled_from(BELOW))
def test_no_word_above_a_quote_is_lost(sentences: list[str], below: str) -> None:
    written = "\n".join(sentences)
    assert new_text(f"{written}\n\n{below}").split()[: len(written.split())] == written.split()


@settings(max_examples=200)
@given(st.lists(SENTENCE, min_size=1, max_size=6))
def test_no_answer_between_quotes_is_lost(answers: list[str]) -> None:
    text = "".join(f"> Frage?\n{answer}\n" for answer in answers)
    assert new_text(f"Am 23.11.26 um 10:00 schrieb Desk:\n{text}").split() == " ".join(answers).split()


@given(st.text(max_size=300))
def test_something_is_always_left(text: str) -> None:
    assert bool(new_text(text)) == bool(text.strip())
