"""Reading mail: whatever arrives is read or set aside, never a crash; new words are told from quotes."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.parse import UnreadableMail, parse
from channels.mail.quotes import new_text

CORPUS = Path(os.environ.get("FIRSTLINE_CORPORA", Path(__file__).parents[2].parent / "shared" / "corpora")) / "mail"
OWN = frozenset({"desk@desk.example"})


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the mail corpus is not here (FIRSTLINE_CORPORA)")
def test_no_mail_of_the_corpus_crashes() -> None:
    for path in sorted(CORPUS.glob("*.eml")):
        try:
            mail = parse(path.read_bytes(), None, OWN)
        except UnreadableMail:
            continue
        assert "\0" not in mail.text + mail.subject, path.name


@settings(max_examples=300)
@given(st.binary(max_size=2000))
def test_no_bytes_crash(raw: bytes) -> None:
    try:
        parse(b"From: a@b.example\r\n" + raw, None, OWN)
    except UnreadableMail:
        pytest.fail("the sender is there")


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "cp1252", "utf-16"])
def test_umlauts_survive_every_charset(charset: str) -> None:
    body = "Größe: 5 €".replace("€", "EUR" if charset == "iso-8859-1" else "€")
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n"
    raw = head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n"
    assert parse(raw + base64.b64encode(body.encode(charset)), None, OWN).text == body


@pytest.mark.parametrize("charset", ["", "; charset=x-unknown", "; charset=utf-8"])
def test_undeclared_or_wrong_charsets_are_guessed(charset: str) -> None:
    raw = f"From: a@b.example\r\nContent-Type: text/plain{charset}\r\n\r\n".encode() + "Grüße".encode("cp1252")
    assert parse(raw, None, OWN).text == "Grüße"


def test_html_alone_becomes_text() -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p>Hallo</p><script>alert(1)</script><p>Welt</p>"
    text = parse(raw, None, OWN).text
    assert "Hallo" in text and "Welt" in text and "alert" not in text


def test_the_desk_s_own_address_in_copy_does_not_take_part() -> None:
    raw = b"From: a@b.example\r\nTo: desk@desk.example, c@d.example\r\n\r\nx"
    assert [one.value for one in parse(raw, None, OWN).recipients] == ["c@d.example"]


def test_trace_headers_do_not_make_another_mail() -> None:
    raw = b"From: a@b.example\r\nSubject: x\r\n\r\nbody"
    first = parse(raw, None, OWN).dedupe_key
    assert parse(b"Received: by mx2\r\n" + raw, None, OWN).dedupe_key == first
    assert parse(raw + b" more", None, OWN).dedupe_key != first


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


@pytest.mark.parametrize(("text", "new"), QUOTED)
def test_the_new_words_are_found(text: str, new: str) -> None:
    assert new_text(text) == new


@given(st.text(max_size=300))
def test_something_is_always_left(text: str) -> None:
    assert bool(new_text(text)) == bool(text.strip())
