"""Reading mail: whatever arrives is read or set aside, never a crash."""

from __future__ import annotations

import base64
import os
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.parse import UnreadableMail, parse
from tests.channels.corpora import MAIL, needs_mail
from tests.channels.mutations import damaged
from tests.channels.soundness import OWN, check, is_storable, texts


@needs_mail
def test_no_mail_of_the_corpus_crashes_and_only_those_from_nobody_are_set_aside() -> None:
    for path in sorted(MAIL.glob("*.eml")):
        raw = path.read_bytes()
        try:
            mail = parse(raw, None, OWN)
        except UnreadableMail:
            mail = parse(b"From: somebody@else.example\n" + raw.lstrip(), None, OWN)
        assert is_storable(mail), path.name


@needs_mail
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stalwart__legacy_010.eml", "Die Hasen und die Frösche"),
        ("zbateson__m0023.txt.eml", "Die Hasen und die Frösche"),
        ("phpmime__issue116.eml", "ЖД№41"),
        ("phpmime__failure.eml", "次の受信者またはグループへの配信に失敗しました"),
        ("webklex__issue-410b.eml", "2021_Mängelliste_0819306.xlsx"),
        ("mikel_mail__rfc6532_utf8_headers.eml", "Säying Hello"),
        ("webklex__issue-348.eml", "Kelvinsong—Font_test_page_bold.pdf"),
        ("spamscope__mail_test_9.eml", "我把镜头拉近些"),
        ("mime4j__core_src_test_resources_mimetools-testmsgs_german.msg.eml", "ü"),
    ],
)
def test_the_charsets_of_the_corpus_come_out_right(name: str, words: str) -> None:
    mail = parse(b"From: somebody@else.example\n" + (MAIL / name).read_bytes(), None, OWN)
    assert any(words in text for text in texts(mail))


@settings(max_examples=300)
@given(st.binary(max_size=2000))
def test_no_bytes_crash(raw: bytes) -> None:
    assert is_storable(parse(b"From: a@b.example\r\n" + raw, None, OWN))


FUZZ = int(os.environ.get("FIRSTLINE_FUZZ", "400"))
"""How many damaged mails are read; nightly runs read tens of thousands, as ``bench.fuzz_mail`` does."""


@pytest.mark.parametrize("seed", range(4))
def test_no_damaged_mail_crashes(seed: int) -> None:
    for raw in islice(damaged(seed), FUZZ // 4):
        if check(raw) is None:
            check(b"From: somebody@else.example\n" + raw)


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
