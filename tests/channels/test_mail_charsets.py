"""Charsets: by their label, by what the bytes say, and by a good guess, in this order and never with an error."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.charsets import codec, decode
from channels.mail.parse import parse

OWN = frozenset({"desk@desk.example"})

TEXTS = [
    ("utf-7", "utf-7", "Größe 5 €"),
    ("unicode-1-1-utf-7", "utf-7", "Größe"),
    ("iso-2022-jp", "iso-2022-jp", "プリンターが動きません。"),
    ("gb18030", "gb18030", "打印机坏了，请帮忙。𠀀"),
    ("gb2312", "gbk", "打印機壞了"),
    ("big5", "big5hkscs", "印表機壞了"),
    ("koi8-r", "koi8-r", "Принтер не печатает"),
    ("koi8-u", "koi8-u", "Не друкує ґ"),
    ("windows-1250", "cp1250", "Drukarka źle działa, příliš"),
    ("windows-1251", "cp1251", "Принтер не печатает"),
    ("windows-1253", "cp1253", "Ο εκτυπωτής δεν λειτουργεί"),
    ("windows-1254", "cp1254", "Yazıcı çalışmıyor, ğ"),
    ("windows-1255", "cp1255", "המדפסת לא עובדת"),
    ("windows-1256", "cp1256", "الطابعة لا تعمل"),
    ("windows-1257", "cp1257", "Spausdintuvas neveikia, ž"),
    ("windows-1258", "cp1258", "ơ ư đ ₫"),
    ("cp-1252", "cp1252", "Größe 5 € – „so“"),
    ("iso-8859-1", "cp1252", "Größe 5 € – „so“"),
    ("us-ascii", "cp1252", "Größe"),
    ("iso-8859-2", "iso-8859-2", "Příliš žluťoučký"),
    ("iso-8859-8-i", "iso-8859-8", "שלום"),
    ("iso-8859-8-e", "iso-8859-8", "שלום"),
    ("iso-8859-15", "iso-8859-15", "5 €"),
    ("macintosh", "mac_roman", "Größe – „so“"),
    ("x-mac-roman", "mac_roman", "Größe"),
    ("x-mac-cyrillic", "mac_cyrillic", "Принтер"),
    ("x-mac-ce", "mac_latin2", "Příliš"),
    ("shift_jis", "cp932", "①プリンター"),
    ("ks_c_5601-1987", "cp949", "프린터가 고장났습니다"),
    ("tis-620", "cp874", "เครื่องพิมพ์เสีย"),
    ("hz-gb-2312", "hz", "打印机"),
    ("utf-16", "utf-16", "Größe"),
    ("utf-16le", "utf-16-le", "Größe"),
    ("unicode", "utf-16-le", "Größe"),
    ("utf8", "utf-8", "Größe 🖨"),
    ("UTF-8", "utf-8-sig", "Größe"),
]


@pytest.mark.parametrize(("label", "python", "text"), TEXTS)
def test_what_is_labelled_comes_out_right(label: str, python: str, text: str) -> None:
    content = text.encode(python)
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={label}\r\n".encode()
    raw = head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content)
    assert parse(raw, None, OWN).text == text


@pytest.mark.parametrize(("label", "python", "text"), TEXTS)
def test_an_encoded_subject_comes_out_right(label: str, python: str, text: str) -> None:
    word = base64.b64encode(text.encode(python)).decode()
    raw = f"From: a@b.example\r\nSubject: =?{label}?B?{word}?=\r\n\r\nx".encode()
    assert parse(raw, None, OWN).subject == text


@pytest.mark.parametrize("label", ["iso-8859-1", "us-ascii", "windows-1252", "iso-8859-15", "x-unknown", "", "utf8mb4"])
def test_utf_8_under_another_name_is_utf_8(label: str) -> None:
    assert decode("Größe 5 €".encode(), label) == "Größe 5 €"


@pytest.mark.parametrize("label", ["utf-8", "x-unknown", "unknown-8bit", "3Dutf-8", None, "invalid-charset", "rot13"])
def test_western_european_under_a_wrong_name_or_none_is_read(label: str | None) -> None:
    assert decode("Schöne Grüße, 5 €".encode("cp1252"), label) == "Schöne Grüße, 5 €"


def test_utf_8_with_a_broken_place_stays_utf_8() -> None:
    assert decode("Größe, Maß, Grüße ".encode() + b"\xfc und mehr", "utf-8") == "Größe, Maß, Grüße ü und mehr"


@pytest.mark.parametrize(
    ("python", "text"),
    [
        ("koi8-r", "Здравствуйте, принтер не печатает с утра"),
        ("cp1251", "Здравствуйте, принтер не печатает с утра"),
        ("euc-jp", "こんにちは。プリンターが壊れました。よろしくお願いします。"),
        ("cp932", "こんにちは。プリンターが壊れました。よろしくお願いします。"),
        ("iso-2022-jp", "こんにちは。プリンターが壊れました。"),
        ("gb18030", "你好，打印机坏了，请尽快帮忙处理一下，谢谢。"),
    ],
)
def test_what_says_nothing_is_guessed(python: str, text: str) -> None:
    assert decode(text.encode(python), None) == text


def test_a_wide_charset_that_is_none_is_read() -> None:
    assert decode(b"Plain words only", "utf-16") == "Plain words only"


@pytest.mark.parametrize("label", ["zlib", "hex", "base64", "bz2", "rot_13", "punycode", "idna", "unicode_escape"])
def test_a_codec_that_is_no_charset_is_never_run(label: str) -> None:
    assert codec(label) is None


@given(st.binary(max_size=300), st.sampled_from([label for label, _, _ in TEXTS]) | st.text(max_size=30))
def test_nothing_fails(content: bytes, label: str) -> None:
    assert isinstance(decode(content, label), str)
