"""Who a mail is from: addresses of every shape, and those that only look like somebody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.addresses import Mailbox, mailboxes
from channels.mail.headers import parameters
from channels.mail.parse import UnreadableMail, parse
from channels.mail.words import words

OWN = frozenset({"desk@desk.example"})

LISTS = [
    ("carla@alpha.example", [("", "carla@alpha.example")]),
    ("Carla Neumann <Carla@Alpha.example>", [("Carla Neumann", "carla@alpha.example")]),
    ('"Neumann, Carla" <carla@alpha.example>', [("Neumann, Carla", "carla@alpha.example")]),
    ("Neumann, Carla <carla@alpha.example>", [("Neumann, Carla", "carla@alpha.example")]),
    ("carla@alpha.example (Carla Neumann)", [("Carla Neumann", "carla@alpha.example")]),
    ("carla(am Empfang)@alpha.example(Haus 2)", [("am Empfang Haus 2", "carla@alpha.example")]),
    ("<carla@alpha.example>, <ben@beta.example>", [("", "carla@alpha.example"), ("", "ben@beta.example")]),
    (
        "Team: a@b.example, C <c@d.example>;, e@f.example",
        [("", "a@b.example"), ("C", "c@d.example"), ("", "e@f.example")],
    ),
    ("undisclosed-recipients:;", []),
    ("<@relay.example,@x.example:carla@alpha.example>", [("", "carla@alpha.example")]),
    ("carla @ alpha . example", [("", "carla@alpha.example")]),
    ('"carla neumann"@alpha.example', [("", '"carla neumann"@alpha.example')]),
    ("=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M=C3=BCller?= <j@b.example>", [("Jörg Müller", "j@b.example")]),
    ('"=?utf-8?q?J=C3=B6rg?=" <j@b.example>', [("Jörg", "j@b.example")]),
    ("=?utf-8?q?a=40evil=2Eexample?= <j@b.example>", [("a@evil.example", "j@b.example")]),
    ("=?utf-8?q?=3Cceo=40firm=2Eexample=3E=2C?= <x@evil.example>", [("<ceo@firm.example>,", "x@evil.example")]),
    ("=?utf-8?q?=22M=C3=BCller=2C_J=22?= <j@b.example>", [("Müller, J", "j@b.example")]),
    ("Carla <carla@alpha.example", [("Carla", "carla@alpha.example")]),
    ("Carla (nie geschlossen carla@alpha.example", [("", "carla@alpha.example")]),
    ("mailto:carla@alpha.example", [("", "carla@alpha.example")]),
    ("Jörg <jörg@bäcker.example>", [("Jörg", "jörg@bäcker.example")]),
    ("Carla <carla@[192.0.2.1]>", [("Carla", "carla@[192.0.2.1]")]),
    ("nobody", []),
    ("@@@", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), LISTS)
def test_lists_of_addresses(text: str, expected: list[tuple[str, str]]) -> None:
    assert mailboxes(text) == [Mailbox(*one) for one in expected]


def _warnings(*fields: str) -> list[str]:
    raw = "\r\n".join([*fields, "", "x"]).encode()
    return list(parse(raw, None, OWN).remarks.get("warnings", []))


@pytest.mark.parametrize(
    ("sender", "warning"),
    [
        ('"ceo@firm.example" <x@evil.example>', "name_is_address"),
        ("ceo@firm.example <x@evil.example>", "name_is_address"),
        ("=?utf-8?q?ceo=40firm=2Eexample?= <x@evil.example>", "name_is_address"),
        ("x@evil.example (ceo@firm.example)", "name_is_address"),
        ("Service Desk <it@dеsk.example>", "mixed_letters"),
        ("Service Desk <it@xn--dsk-vdd.example>", "mixed_letters"),
        ("Service Desk <it@desκ.example>", "like_our_own"),
        ("Service Desk <it@de5k.example>", "like_our_own"),
        ("Service Desk <it@desk.examp1e>", "like_our_own"),
        ("=?utf-8?b?4oCuZ3JvLmVsYmF0?= <x@evil.example>", "hidden_direction"),
        ("a@b.example, c@d.example", "several_senders"),
    ],
)
def test_a_sender_that_looks_like_another_is_flagged(sender: str, warning: str) -> None:
    assert warning in _warnings(f"From: {sender}")


@pytest.mark.parametrize(
    "sender",
    [
        "Carla <carla@alpha.example>",
        '"carla@alpha.example" <carla@alpha.example>',
        '"info@alpha.example" <carla@alpha.example>',
        "Bäckerei <info@bäckerei.example>",
        "Почта <info@почта.example>",
        "Team <it@desk.example>",
        "Carla @ Work <carla@alpha.example>",
    ],
)
def test_an_honest_sender_is_not_flagged(sender: str) -> None:
    assert _warnings(f"From: {sender}") == []


def test_answers_that_go_elsewhere_are_flagged() -> None:
    assert _warnings("From: a@alpha.example", "Reply-To: x@evil.example") == ["answers_elsewhere"]
    assert _warnings("From: a@alpha.example", "Reply-To: b@mail.alpha.example") == []


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        (["From: nobody", "Reply-To: a@b.example"], "a@b.example"),
        (["Sender: a@b.example"], "a@b.example"),
        (["From: MAILER-DAEMON", "Subject: Undelivered"], "mailer-daemon@invalid"),
        (["from :A@B.Example"], "a@b.example"),
        (["From c@d.example Mon Nov 23 10:00:00 2026", "From: a@b.example"], "a@b.example"),
        (["", "  ", "From: a@b.example"], "a@b.example"),
        (["Received: by mx", "no field at all", "From: a@b.example"], "a@b.example"),
        (["\ufeffFrom: a@b.example"], "a@b.example"),
    ],
)
def test_the_sender_is_found(fields: list[str], sender: str) -> None:
    assert parse("\r\n".join([*fields, "", "x"]).encode(), None, OWN).sender.value == sender


def test_a_mail_from_nobody_is_set_aside() -> None:
    with pytest.raises(UnreadableMail):
        parse(b"From: nobody\r\n\r\nx", "carla@alpha.example", OWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?utf-8?q?Gr=C3=B6?= =?utf-8?q?=C3=9Fe?=", "Größe"),
        ("=?utf-8?b?R3LD?= =?utf-8?b?tsOfZQ==?=", "Größe"),
        ("=?utf-8*de?q?Gr=C3=B6=C3=9Fe?= heute", "Größe heute"),
        ("vor =?iso-8859-1?Q?=FC?= nach", "vor ü nach"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?nie zu Ende", "=?utf-8?q?nie zu Ende"),
        ("=?utf-8?q?eins =?utf-8?q?zwei?=", "=?utf-8?q?eins zwei"),
        ("=?x-none?q?a=FCb?=", "aüb"),
        ("=?utf-8?b?R3LD,tsOfZQ?=", "Größe"),
        ("=?utf-8?q?Wieso=3F_Darum?=", "Wieso? Darum"),
        ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
    ],
)
def test_encoded_words(text: str, expected: str) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name="a b.pdf"', "a b.pdf"),
        ("name=a b.pdf", "a b.pdf"),
        ('name="C:\\Temp\\a.pdf"', "C:\\Temp\\a.pdf"),
        ('name="a\\"b.pdf"', 'a"b.pdf'),
        ("name*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
        ("name*0*=utf-8'de'Gr%C3%B6; name*1*=%C3%9Fe; name*2=.pdf", "Größe.pdf"),
        ("name*1=b; name*0=a", "ab"),
        (";; name = x ; name=y", "x"),
        ('name="nie zu; Ende', "nie zu; Ende"),
    ],
)
def test_parameters(text: str, expected: str) -> None:
    assert parameters(text)["name"] == expected


@given(st.text(max_size=400))
def test_no_list_of_addresses_fails(text: str) -> None:
    for one in mailboxes(text):
        assert "@" in one.address and "\0" not in one.name
