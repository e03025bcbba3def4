"""Real mails, damaged: what a broken gateway, a bad disk or somebody who means harm makes of them. Seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from tests.channels.corpora import MAIL

LONGEST = 200_000
"""Bytes of a damaged mail; a larger one takes longer and finds nothing more."""

HEAD = b"From: Carla <carla@alpha.example>\r\nTo: desk@desk.example\r\nSubject: =?utf-8?Q?Gr=C3=B6=C3=9Fe?=\r\n"
PLAIN = [
    HEAD + b"Message-ID: <1@alpha.example>\r\n\r\nDer Drucker druckt nicht.\r\n\r\n-- \r\nCarla\r\n",
    HEAD
    + b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + b"Gr=FC=DFe\r\n\r\nAm 3.3.2026 um 08:00 schrieb Desk <desk@desk.example>:\r\n> Geht es?\r\n",
    HEAD
    + b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\nContent-Type: multipart/alternative; boundary=b\r\n'
    + b"\r\n--b\r\n\r\nText\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Text <img src='cid:x@y'>\r\n--b--\r\n--a\r\n"
    + b"Content-Type: image/png; name*0*=utf-8''%C3%BC; name*1=x.png\r\nContent-ID: <x@y>\r\n"
    + b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--a--\r\n",
    b"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=c\r\n"
    + b"\r\n--c\r\n\r\nSorry\r\n--c\r\nContent-Type: message/delivery-status\r\n\r\n"
    + b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    + b"--c\r\nContent-Type: message/rfc822\r\n\r\n"
    + HEAD
    + b"Message-ID: <2@desk.example>\r\n\r\nHallo\r\n--c--\r\n",
    HEAD
    + b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    + b"DTSTART;TZID=Europe/Berlin:20261125T100000\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY:Jour fixe\r\n"
    + b"ORGANIZER:mailto:a@b.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    HEAD
    + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"MIAGCSqGSIb3DQEHAqCAMIACAQExADCABgkqhkiG9w0BBwGggCSABAYNCg0KSmEAAAAAAA"
    + b"AAAAAAAAAAAA==\r\n",
]

TOKENS = [
    *(
        b"\0",
        b"\r",
        b"\n",
        b"\r\n\r\n",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1b$B",
        b"\x80\xc3",
        b"\xed\xa0\x80",
        b"\t " * 50,
    ),
    *(
        b"=?utf-8?B?",
        b"=?iso-2022-jp?Q?=1B?=",
        b"=?utf-7?Q?+AGE-?=",
        b"=?a?q?",
        b"?=",
        b"=",
        b"=3D=0A",
        b"<>",
        b"<a@b",
        b"@",
    ),
    *(
        b"--a\r\n",
        b"--a--\r\n",
        b"--b\r\n",
        b"\r\n--c",
        b'boundary=""',
        b"boundary=a",
        b"; name*9*=x",
        b"; charset=utf-16",
    ),
    *(b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: message/rfc822\r\n", b"Content-Type: /\r\n"),
    *(
        b"Content-Type: application/ms-tnef\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Type: text/html\r\n",
    ),
    *(
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"begin 644 x\r\n",
        b"charset=x-none",
        b"charset=idna",
        b"charset=hex",
    ),
    *(
        b"\x78\x9f\x3e\x22",
        b"BEGIN:VEVENT\r\n",
        b"DTSTART:99999999T999999\r\n",
        b"RRULE:FREQ=SECONDLY\r\n",
        b"TZID=../../x:",
    ),
    *(b"From: a@b.example, c@d.example\r\n", b"References: <a><b>\r\n", b"Date: 99 Foo 99999\r\n", b"> ", b"-- \r\n"),
    *(b"<blockquote>", b"<!--", b"<style>", b"<svg/onload=1>", b"<table><tr>", b"&#xd800;", b"&#0;", b"<![CDATA["),
    *(b"-----BEGIN PGP MESSAGE-----\r\n", b"DKIM-Signature: v=1; a=rsa-sha256; d=a; s=b; h=from; bh=; b=\r\n"),
]


def mails() -> list[bytes]:
    """What is damaged: our own mails, and those of the corpus where it is."""
    return [*PLAIN, *(path.read_bytes() for path in sorted(MAIL.glob("*.eml")))]


def damaged(seed: int, of: Sequence[bytes] | None = None) -> Iterator[bytes]:
    """Mails without end; the same ones for the same seed."""
    chance, known = random.Random(seed), list(of or mails())
    while True:
        raw = chance.choice(known)
        for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
            raw = chance.choice(_WAYS)(raw, chance, known)
        yield raw[:LONGEST]


def _span(raw: bytes, chance: random.Random) -> tuple[int, int]:
    begin = chance.randrange(len(raw) + 1)
    return begin, min(len(raw), begin + int(chance.paretovariate(0.5)))


def _flipped(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randrange(1, 20)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    begin, end = _span(raw, chance)
    return raw[:begin] + raw[end:]


def _ended(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _repeated(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    begin, end = _span(raw, chance)
    times = min(chance.choice((2, 3, 50, 2000)), LONGEST // (end - begin + 1))
    return raw[:begin] + raw[begin:end] * times + raw[end:]


def _inserted(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(raw) + 1)
    return raw[:place] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 200)) + raw[place:]


def _inserted_line(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    lines = raw.split(b"\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(TOKENS).rstrip(b"\n"))
    return b"\n".join(lines)


def _shuffled(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    lines = raw.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _spliced(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    other = chance.choice(known)
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other) + 1) :]


def _enclosed(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" + raw


def _without_returns(raw: bytes, chance: random.Random, known: Sequence[bytes]) -> bytes:
    return raw.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\r\n")))


_WAYS: tuple[Callable[[bytes, random.Random, Sequence[bytes]], bytes], ...] = (
    _flipped,
    _cut,
    _ended,
    _repeated,
    _inserted,
    _inserted,
    _inserted_line,
    _inserted_line,
    _shuffled,
    _spliced,
    _enclosed,
    _without_returns,
)
