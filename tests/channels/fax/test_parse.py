"""What a fax says of itself: its sender in every way that is told, its subject, the ticket it answers."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from channels.fax import parse
from channels.fax.configuration import FaxConfiguration
from channels.fax.parse import Origin
from channels.mail.parse import ParsedMail
from channels.mail.parse import parse as read_mail

OWN = "+4930555000"


@pytest.mark.parametrize(
    ("origin", "region", "value", "name"),
    [
        (Origin("030 1234567"), "DE", "+49301234567", "+49 30 1234567"),
        (Origin("+43 1 5340660", "KANZLEI HUBER"), "DE", "+4315340660", "KANZLEI HUBER"),
        (Origin("044 668 18 00"), "CH", "+41446681800", "+41 44 668 18 00"),
        (Origin("", "+49 30 1234567"), "DE", "+49301234567", "+49 30 1234567"),
        (Origin("anonymous", "MUSTERBAU GMBH"), "DE", "unknown:k", "MUSTERBAU GMBH"),
        (Origin("", ""), "DE", "unknown:k", ""),
    ],
)
def test_who_a_fax_is_from(origin: Origin, region: str, value: str, name: str) -> None:
    address = origin.address(region, "k")
    assert (address.kind, address.value, address.name) == ("fax", value, name)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("+49 30 1234567", Origin("", "+49 30 1234567")),
        ("MUSTERBAU\n0301234567\nMusterbau GmbH", Origin("0301234567", "MUSTERBAU")),
        ("<UNSPECIFIED>\n\n", Origin()),
        ("", Origin()),
    ],
)
def test_what_hylafax_notes_in_the_file(about: str, expected: Origin) -> None:
    assert parse.of_tiff(about) == expected


@pytest.mark.parametrize("sidecar", [b"", b"[]", b"\xff\xfe", b"{", b'"x"', b"[" * 100_000, b'{"number": null}'])
def test_a_sidecar_that_is_none_says_nothing(sidecar: bytes) -> None:
    assert parse.of_sidecar(sidecar) == Origin()


@pytest.mark.parametrize(
    ("subject", "sender", "text", "filename"),
    [
        ("Fax von +49 30 1234567 an +49 30 555000", "fax@provider.example", "", "fax.pdf"),
        ("Fax vom 04.12.2026 10:15 von 030/1234567", "fax@provider.example", "", "fax.pdf"),
        ("Neues Fax 2026-12-04", '"0049 30 1234567" <fax@provider.example>', "", "20261204101500.pdf"),
        ("Neues Fax", "49301234567@provider.example", "Guten Tag", "fax.pdf"),
        ("Neues Fax", "fax@provider.example", "KommunikationsID: 000000012\nSender: +49 30 1234567", "fax.pdf"),
        ("Neues Fax", "fax@provider.example", "Guten Tag", "fax_0049301234567_20261125.pdf"),
        ("Neues Fax", "fax@provider.example", "Faxnummer: +49 30 555000\nVon: +49 (30) 123 45-67", "f.pdf"),
    ],
)
def test_a_gateway_names_the_number_in_one_place_or_another(
    subject: str, sender: str, text: str, filename: str
) -> None:
    assert parse.of_mail(_mail(subject, sender, text, filename), OWN, "DE") == Origin("+49301234567")


def test_a_day_a_page_or_an_id_is_no_number() -> None:
    mail = _mail("Fax vom 04.12.2026 10:15", "fax@provider.example", "Seiten: 3\nID: 000000012", "20261204101500.pdf")
    assert parse.of_mail(mail, OWN, "DE") == Origin()


def _mail(subject: str, sender: str, text: str, filename: str) -> ParsedMail:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, "fax@desk.example", subject, "<1@x>"
    mail.set_content(text)
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=filename)
    return read_mail(bytes(mail), None, frozenset())


def test_the_line_of_the_machine_is_no_text_of_the_letter() -> None:
    pages = [
        "25.11.2026 14:03  +49301234567  MUSTERBAU  S. 1/2\nDer Drucker streikt.",
        "25/11/26 14:03 P.2\nZwei",
    ]
    assert parse.words(pages) == "Der Drucker streikt.\n\nZwei"
    assert parse.words(["Termin um 14:30 Uhr, bitte kommen."]) == "Termin um 14:30 Uhr, bitte kommen."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Musterbau GmbH\nBetreff: Drucker im 2. Stock\n\nSehr geehrte", "Drucker im 2. Stock"),
        ("Musterbau GmbH\n\nSehr geehrte Damen und Herren,\n\nunser VPN geht nicht.", "unser VPN geht nicht."),
        ("Dear Sir or Madam,\nthe printer is broken.", "the printer is broken."),
        ("Musterbau GmbH", ""),
        ("", ""),
    ],
)
def test_what_a_letter_is_about(text: str, expected: str) -> None:
    assert parse.subject(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("Ihr Zeichen: FL-1042", (42,)), ("FL — 1042", (42,)), ("Az. 1042", ()), ("", ())]
)
def test_the_tickets_a_letter_answers(text: str, expected: tuple[int, ...]) -> None:
    assert parse.tickets(text) == expected


def test_a_gateway_is_an_address_or_a_domain() -> None:
    line = FaxConfiguration(
        number=OWN, folder="/tmp", senders=("Fax@provider.example", "@gateway.example"), send="none"
    )
    assert line.is_gateway("fax@Provider.example") and line.is_gateway("any@gateway.example")
    assert not line.is_gateway("fax@other.example") and not line.is_gateway("any@evil-gateway.example")
