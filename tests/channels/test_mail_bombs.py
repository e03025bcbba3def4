"""Mails that were made to keep a desk busy: reading them takes time in proportion to their size, whatever is in them.

Measured in processor time against an honest mail of the same size, so that a slow or busy machine changes nothing.
"""

from __future__ import annotations

import base64
import time

import pytest

from channels.mail.parse import UnreadableMail, parse
from channels.mail.quotes import new_text

SIZE = 200_000
TOLERATED = 60
"""What grows with the square of the size takes thousands of times as long."""
HEAD = b"From: a@b.example\r\nTo: desk@desk.example\r\n"

PIECES = [
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\0",
    b"<",
    b">",
    b"> ",
    b"(",
    b")",
    b'"',
    b"'",
    b";",
    b",",
    b":",
    b"@",
    b"\\",
    b"-",
    b"_",
]
PIECES += [
    b"=",
    b"=?",
    b"=?a?q?",
    b"=?a?q?x",
    b"?=",
    b"\x1b$B",
    b"\xff",
    b"*",
    b"&#x41;",
    b"a@",
    b"<a",
    b".a",
    b"--b\n",
    b"a:\n",
]
PIECES += [
    b"begin 644 x\n",
    b"BEGIN:VEVENT\n",
    b"Von: ",
    b"Von: x\n",
    b"Am 1. schrieb ",
    b"On 1 ",
    b"wrote:\n",
    b"-- \n",
    b"--\n",
]
PIECES += [
    b"Tel.: 1\n",
    b"mit freundlichen gr\xc3\xbc\xc3\x9fen\n",
    b"> a\nb\n",
    b"On Mon\nOn ",
    b"____\n",
    b"confidential ",
    b"1.1.2026 ",
]

PIECES += [
    b"LG" + b" " * 5000 + b"x\n",
    b"LG\n" + b" " * 5000 + b"x\n",
    b"- " * 4000 + b"x\n",
    b"sent from " * 500 + b"\n",
]

PLACES = {
    "body": HEAD + b"\r\n%s",
    "sender": b"From: %s <a@b.example>\r\n\r\nx",
    "subject": HEAD + b"Subject: %s\r\n\r\nx",
    "references": HEAD + b"References: %s\r\n\r\nx",
    "parameters": HEAD + b"Content-Type: text/plain; %s\r\n\r\nx",
    "filename": HEAD + b'Content-Type: image/png; name="%s\r\n\r\nx',
    "boundary": HEAD + b"Content-Type: multipart/mixed; boundary=%s\r\n\r\nx",
    "html": HEAD + b"Content-Type: text/html\r\n\r\n<p>%s",
    "flowed": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n%s",
    "base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n%s",
    "quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%s",
    "uuencoded": HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\n%s",
    "multipart": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n%s",
    "calendar": HEAD + b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n%s",
    "winmail": HEAD + b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\0\0%s",
    "report": HEAD
    + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n%s",
    "before": b"%s" + HEAD + b"\r\nx",
}


def _nested(levels: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return HEAD + head + b"\r\nend"


def _parts(count: int, kind: bytes) -> bytes:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return HEAD + head + (b"--b\r\nContent-Type: " + kind + b"\r\n\r\nx\r\n") * count + b"--b--\r\n"


SHAPES = {
    "10,000 texts": _parts(10_000, b"text/plain"),
    "10,000 pictures": _parts(10_000, b"image/png"),
    "10,000 mails": _parts(10_000, b"message/rfc822\r\n\r\nContent-Type: message/rfc822"),
    "5,000 levels": _nested(5_000),
    "mails in mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 6_000,
    "100,000 fields": HEAD + b"X-A: b\r\n" * 100_000 + b"\r\nx",
    "100,000 lines of one field": HEAD + b"X-A: b\r\n" + b" c\r\n" * 100_000 + b"\r\nx",
    "50,000 parameters": HEAD + b"Content-Type: text/plain" + b"; a=b" * 50_000 + b"\r\n\r\nx",
    "30,000 pieces": HEAD + b"Content-Type: x/y" + b"".join(b"; a*%d=b" % n for n in range(30_000)) + b"\r\n\r\nx",
    "20,000 recipients": HEAD + b"Cc: " + b"x@y.example, " * 20_000 + b"\r\n\r\nx",
    "20,000 fields To": HEAD + b"To: x@y.example\r\n" * 20_000 + b"\r\nx",
    "padding": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"AB=" * 70_000,
    "tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 60_000,
    "tables": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 15_000,
    "quotes": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote type=cite>" * 10_000,
    "lists": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<ul><li>" * 120 + b"<li>x" * 10_000,
}


@pytest.fixture(scope="module")
def honest() -> float:
    """Seconds that an honest mail of this size takes: HTML with a picture, read and told from its quotes."""
    words = b"<p>Guten Tag, unser Drucker im zweiten Stock druckt seit heute nicht mehr.</p>\r\n" * (SIZE // 160)
    picture = base64.encodebytes(b"\x89PNG" * (SIZE // 10))
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    image = b"\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = HEAD + head + words + image + picture + b"\r\n--b--\r\n"
    return min(_seconds(raw) for _ in range(3))


def _seconds(raw: bytes) -> float:
    started = time.process_time()
    try:
        mail = parse(raw, None, frozenset({"desk@desk.example"}))
    except UnreadableMail:
        pass
    else:
        new_text(mail.text)
    return time.process_time() - started


@pytest.mark.parametrize("place", PLACES)
def test_nothing_repeated_anywhere_keeps_the_desk_busy(place: str, honest: float) -> None:
    for piece in PIECES:
        repeated = piece * (SIZE // len(piece))
        if place not in ("body", "html", "flowed", "base64", "quoted-printable", "uuencoded", "multipart", "calendar"):
            repeated = repeated.replace(b"\n", b"\n ")
        assert _seconds(PLACES[place].replace(b"%s", repeated)) < TOLERATED * honest, piece


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_keeps_the_desk_busy(shape: str, honest: float) -> None:
    assert min(_seconds(SHAPES[shape]) for _ in range(3)) < TOLERATED * honest


def test_fifty_megabytes_are_read(honest: float) -> None:
    """250 times the size, and about so much more time."""
    file = base64.encodebytes(b"x" * 37_000_000)
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsiehe Anhang\r\n"
    image = b"--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = HEAD + head + image + file + b"\r\n--b--\r\n"
    mail = parse(raw, None, frozenset())
    assert (mail.text, len(mail.files[0].content)) == ("siehe Anhang", 37_000_000)
    assert _seconds(raw) < 4 * TOLERATED * honest
    assert _seconds(HEAD + b"\r\n" + b"Wort um Wort, Zeile um Zeile.\r\n" * 1_600_000) < 4 * TOLERATED * honest
