"""Reading mail: whatever arrives is read or set aside, never a crash."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.parse import ParsedMail, UnreadableMail, parse
from tests.channels.corpora import MAIL, needs_mail

OWN = frozenset({"desk@desk.example"})


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _storable(mail: ParsedMail) -> bool:
    """Whether every database takes it: no NUL, no half of a character, and remarks that are JSON."""
    json.dumps(mail.remarks)
    return all("\0" not in text and text.encode() is not None for text in _texts(mail))


@needs_mail
def test_no_mail_of_the_corpus_crashes_and_only_those_from_nobody_are_set_aside() -> None:
    for path in sorted(MAIL.glob("*.eml")):
        raw = path.read_bytes()
        try:
            mail = parse(raw, None, OWN)
        except UnreadableMail:
            mail = parse(b"From: somebody@else.example\n" + raw.lstrip(), None, OWN)
        assert _storable(mail), path.name


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
    assert any(words in text for text in _texts(mail))


@settings(max_examples=300)
@given(st.binary(max_size=2000))
def test_no_bytes_crash(raw: bytes) -> None:
    assert _storable(parse(b"From: a@b.example\r\n" + raw, None, OWN))


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
