"""What a mail says and carries: whatever its parts look like, its words are shown and its files are kept."""

from __future__ import annotations

import base64
import struct
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.parse import ParsedMail, parse
from channels.mail.smime import signed_part

OWN = frozenset({"desk@desk.example"})
HEAD = b"From: a@b.example\r\n"


def read(raw: bytes | str) -> ParsedMail:
    return parse(HEAD + (raw.encode() if isinstance(raw, str) else raw), None, OWN)


def multipart(*parts: str, kind: str = "mixed", end: str = "--b--\r\n") -> str:
    inner = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n{inner}{end}"


def part(kind: str, text: str, *fields: str) -> str:
    return "\r\n".join([f"Content-Type: {kind}", *fields, "", text])


def files(mail: ParsedMail) -> list[tuple[str, str, bytes]]:
    return [(file.filename, file.media_type, file.content) for file in mail.files]


def test_the_plain_form_is_read_and_the_formatted_one_is_kept() -> None:
    mail = read(multipart(part("text/plain", "plain"), part("text/html", "<p>rich</p>"), kind="alternative"))
    assert (mail.text, mail.html, mail.files) == ("plain", "<p>rich</p>", ())


def test_an_empty_plain_form_does_not_hide_the_formatted_one() -> None:
    mail = read(multipart(part("text/plain", " "), part("text/html", "<p>rich</p>"), kind="alternative"))
    assert mail.text == "rich"


def test_text_between_files_is_read_in_order() -> None:
    image = part("image/png", "x", "Content-Disposition: inline; filename=a.png")
    mail = read(multipart(part("text/html", "<b>one</b>"), image, part("text/plain", "two <3")))
    assert mail.text == "one\n\ntwo <3"
    assert mail.html == "<b>one</b>\ntwo &lt;3"
    assert files(mail) == [("a.png", "image/png", b"x")]


def test_a_picture_in_the_text_keeps_its_link() -> None:
    picture = part("image/png", "x", "Content-ID: <logo@b>", "Content-Disposition: inline")
    mail = read(multipart(part("text/html", '<img src="cid:logo@b">'), picture, kind="related"))
    assert mail.files[0].content_id == "logo@b"
    assert mail.html is not None and "cid:logo@b" in mail.html


def test_quotes_in_html_keep_their_mark() -> None:
    html = (
        '<div>Geht.</div><div class="gmail_quote">Am 23.11.2026 schrieb Desk:<blockquote>alt<br>mehr</blockquote></div>'
    )
    assert read(part("text/html", html)).text.splitlines()[-2:] == ["> alt", "> mehr"]


def test_words_below_too_many_tags_are_found() -> None:
    assert read(part("text/html", "<div>" * 5000 + "tief")).text == "tief"


def test_lines_that_a_program_broke_are_whole_again() -> None:
    text = "Der Drucker \r\nim Flur.\r\n\r\n> alt \r\n> noch alt\r\n-- \r\nCarla"
    assert read(part("text/plain; format=flowed", text)).text == "Der Drucker im Flur.\n\n> alt noch alt\n-- \nCarla"


def test_a_mail_that_only_carries_another_one_shows_that_one() -> None:
    inner = "From: c@d.example\r\nSubject: =?utf-8?q?St=C3=B6rung?=\r\n\r\nNichts geht."
    mail = read(multipart(part("message/rfc822", inner)))
    assert mail.text == "From: c@d.example\nSubject: Störung\n\nNichts geht."
    assert files(mail) == [("Störung.eml", "message/rfc822", inner.encode())]


def test_a_mail_in_a_mail_in_a_mail_is_found() -> None:
    inner = part("message/rfc822", "Subject: innen\r\n\r\nGanz innen.")
    assert "Ganz innen." in read(part("message/rfc822", inner)).text


def test_a_forward_beside_words_is_only_a_file() -> None:
    inner = "Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"Subject: x\r\n\r\nalt").decode()
    mail = read(multipart(part("text/plain", "Bitte prüfen."), f"Content-Type: message/rfc822\r\n{inner}"))
    assert mail.text == "Bitte prüfen."
    assert files(mail) == [("x.eml", "message/rfc822", b"Subject: x\r\n\r\nalt")]


BROKEN = [
    multipart(part("text/plain", "Hallo"), end=""),
    multipart(part("text/plain", "Hallo")).replace("boundary=b", "boundary="),
    multipart(part("text/plain", "Hallo")).replace("boundary=b", 'boundary="other"'),
    multipart(part("text/plain", "Hallo")).replace("; boundary=b", ""),
    multipart(part("text/plain", "Hallo")).replace("--b\r\n", "--b \t\r\n"),
    multipart(multipart(part("text/plain", "Hallo"), end="").replace("=b", "=c").replace("--b", "--c")),
    multipart("\r\nHallo"),
    "Content-Type: multipart/mixed; boundary=b\r\n\r\nHallo",
    "Content-Type: text\r\n\r\nHallo",
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: 7-bit\r\n\r\nHallo",
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64;\r\n\r\nSGFs!bG8",
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGE=bGxv",
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHa=\r\nllo",
    "Content-Type: text/plain; charset=\0\r\n\r\nHa\0llo",
    "Content-Type: ;;;\r\n\r\nHallo",
]


@pytest.mark.parametrize("raw", BROKEN)
def test_broken_structure_still_says_its_words(raw: str) -> None:
    assert "Hallo" in read(raw).text


def test_old_line_ends_are_read() -> None:
    assert parse(b"From: a@b.example\rSubject: alt\r\rHallo\r", None, OWN).text.strip() == "Hallo"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe.pdf?=", "Größe.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Temp\\\\a.doc", "a.doc"),
        ("bild\u202egnp.exe", "bildgnp.exe"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
        ("..", "file-1.bin"),
    ],
)
def test_names_of_files_are_readable_and_harmless(given: str, kept: str) -> None:
    mail = read(part("application/x", "x", f'Content-Disposition: attachment; filename="{given}"'))
    assert mail.files[0].filename == kept


def test_files_written_into_the_text_are_taken_out() -> None:
    mail = read("\r\nHier:\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nGruß")
    assert mail.text == "Hier:\n\nGruß"
    assert files(mail) == [("a.txt", "application/octet-stream", b"Cat")]


def test_a_long_text_is_shown_from_its_beginning_and_kept_whole() -> None:
    mail = read("\r\n" + "Wort " * 100_000)
    assert len(mail.text) == 200_000
    assert mail.remarks["notices"] == ["text_cut"]
    assert len(mail.files[0].content) == 500_000 - 0


def test_what_is_too_much_stays_together() -> None:
    mail = read(multipart(*[part("image/png", "x")] * 600))
    assert mail.remarks["notices"] == ["too_many_parts"]
    assert mail.files[-1].content.count(b"image/png") == 600 - (len(mail.files) - 1)


# -- what other programs wrap up -------------------------------------------------------------------------------------


def _attribute(level: int, name: int, content: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(content)) + content + b"\0\0"


def _tnef(content: bytes) -> bytes:
    name = "Größe.txt".encode("utf-16-le") + b"\0\0"
    named = struct.pack("<IHHII", 1, 0x1F, 0x3707, 1, len(name)) + name
    file = [(2, 0x9002, b"\0" * 14), (2, 0x8010, b"GRSSE~1.TXT\0"), (2, 0x800F, content), (2, 0x9005, named)]
    return b"\x78\x9f\x3e\x22\0\0" + b"".join(_attribute(*one) for one in file)


def test_winmail_is_opened() -> None:
    content = base64.encodebytes(_tnef(b"inhalt\0\0")).decode()
    wrapped = part("application/ms-tnef; name=winmail.dat", content, "Content-Transfer-Encoding: base64")
    mail = read(multipart(part("text/plain", "siehe Anhang"), wrapped))
    assert files(mail) == [("Größe.txt", "application/octet-stream", b"inhalt\0\0")]


@pytest.mark.parametrize(
    "content", [b"", b"\x78\x9f\x3e\x22", b"\x78\x9f\x3e\x22\0\0\1\3\x90\0\0\xff\xff\xff\xff\xff", b"no"]
)
def test_a_winmail_that_cannot_be_opened_is_kept(content: bytes) -> None:
    text = base64.encodebytes(content).decode()
    mail = read(part("application/ms-tnef; name=winmail.dat", text, "Content-Transfer-Encoding: base64"))
    assert files(mail) == [("winmail.dat", "application/ms-tnef", content)]


ENCRYPTED = [
    (multipart(part("application/pgp-encrypted", "1"), part("application/x", "x"), kind="encrypted"), "encrypted_pgp"),
    (part("application/pkcs7-mime; smime-type=enveloped-data", "x"), "encrypted_smime"),
    (part("application/x-pkcs7-mime; smime-type=signed-data", "x"), "sealed_smime"),
    (multipart(part("text/plain", "Ja."), part("application/pkcs7-signature", "x"), kind="signed"), "signed_smime"),
    (multipart(part("text/plain", "Ja."), part("application/pgp-signature", "x"), kind="signed"), "signed_pgp"),
    ("\r\n-----BEGIN PGP MESSAGE-----\r\nabc\r\n-----END PGP MESSAGE-----\r\n", "encrypted_pgp"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "notice"), ENCRYPTED)
def test_what_is_signed_or_encrypted_is_kept_and_said(raw: str, notice: str) -> None:
    mail = read(raw)
    assert mail.remarks["notices"] == [notice]
    assert mail.files and all(file.filename and "part" not in file.filename for file in mail.files)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key and its certificate."""
    folder = tmp_path_factory.mktemp("smime")
    new: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=Carla",
        "-days",
        "2",
    ]
    subprocess.run([*new, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("way", [[], ["-stream"]], ids=["lengths", "stream"])
@pytest.mark.parametrize("named", ["; smime-type=signed-data", ""])
def test_what_a_signature_wraps_up_is_read(signer: Path, way: list[str], named: str) -> None:
    inner = multipart(part("text/plain; charset=utf-8", "Größe"), part("text/csv; name=a.csv", "1;2"))
    sign: list[str | Path] = ["openssl", "cms", "-sign", "-nodetach", "-binary", "-outform", "DER", *way]
    key: list[str | Path] = ["-signer", signer / "cert.pem", "-inkey", signer / "key.pem"]
    sealed = subprocess.run([*sign, *key], input=inner.encode(), check=True, capture_output=True).stdout
    for _ in range(2):
        text = base64.encodebytes(sealed).decode()
        mail = read(part(f"application/pkcs7-mime{named}; name=smime.p7m", text, "Content-Transfer-Encoding: base64"))
        assert mail.text.strip() == "Größe"
        assert mail.remarks["notices"] == ["signed_smime"]
        assert [name for name, *_ in files(mail)] == ["a.csv", "smime.p7m"]
        sealed += b"\0" * 5


@given(st.binary(max_size=200), st.integers(0, 60))
def test_what_is_no_signature_wraps_up_nothing(content: bytes, place: int) -> None:
    """Not even where it begins like one."""
    good = bytes.fromhex("3080 0609 2a864886f70d010702 a080 3080 020101 3100 3080 0609 2a864886f70d010701 a080 2480")
    assert signed_part(good + b"\4\3abc" + b"\0" * 14) == b"abc"
    assert signed_part(content) is None
    signed_part(good[:place] + content)


def test_the_frame_of_an_inline_signature_is_taken_off() -> None:
    frame = (
        "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n- -- Ja.\r\n-----BEGIN PGP SIGNATURE-----\r\nx\r\n"
    )
    mail = read(f"\r\n{frame}")
    assert mail.text.strip() == "-- Ja."
    assert mail.files[0].filename == "signature.asc"


INVITATION = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VTIMEZONE\r
TZID:W. Europe Standard Time\r
BEGIN:STANDARD\r
DTSTART:16010101T030000\r
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
ORGANIZER;CN="Neumann, Carla":mailto:carla@alpha.example\r
SUMMARY;LANGUAGE=de-DE:Umzug der Telefonanlage\\, Teil 2\r
DTSTART;TZID="W. Europe Standard Time":20261123T100000\r
DTEND;TZID="W. Europe Standard Time":20261123T113000\r
LOCATION:Raum\r
  Süd\r
RRULE:FREQ=WEEKLY\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_an_invitation_is_readable_in_both_languages() -> None:
    mail = read(multipart(part("text/calendar; method=REQUEST; charset=utf-8", INVITATION), kind="alternative"))
    assert mail.text.splitlines() == [
        "Einladung: Umzug der Telefonanlage, Teil 2",
        "Wann: Montag, 23. November 2026, 10:00–11:30 (W. Europe Standard Time), wiederholt sich",
        "Wo: Raum Süd",
        "Eingeladen von: Neumann, Carla <carla@alpha.example>",
    ]
    assert [label for label, _ in mail.remarks["invitation"]["en"]] == ["Invitation", "When", "Where", "Organiser"]
    assert [name for name, _, _ in files(mail)] == ["invitation.ics"]


EVENTS = [
    (
        "DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261226",
        "Donnerstag, 24. Dezember 2026 – Freitag, 25. Dezember 2026",
    ),
    ("DTSTART:20261123T090000Z\r\nDURATION:PT30M", "Montag, 23. November 2026, 09:00–09:30 (UTC)"),
    (
        "DTSTART:20261123T220000\r\nDTEND:20261124T010000",
        "Montag, 23. November 2026, 22:00 – Dienstag, 24. November 2026, 01:00",
    ),
]


@pytest.mark.parametrize(("event", "when"), EVENTS)
def test_when_an_event_is(event: str, when: str) -> None:
    calendar = f"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n{event}\r\nEND:VEVENT"
    assert read(part("text/calendar", calendar)).text.splitlines()[:2] == ["Abgesagter Termin: x", f"Wann: {when}"]


def test_who_answered_an_invitation_how() -> None:
    event = "DTSTART:20261123T090000Z\r\nATTENDEE;CN=Ben;PARTSTAT=DECLINED:mailto:ben@beta.example"
    calendar = f"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR"
    assert "Rückmeldung: Ben <ben@beta.example>: abgesagt" in read(part("text/calendar", calendar)).text


@pytest.mark.parametrize("calendar", ["", "BEGIN:VCALENDAR", "BEGIN:VEVENT\r\nDTSTART:gestern\r\nEND:VEVENT", "\0"])
def test_a_calendar_that_cannot_be_read_is_a_file(calendar: str) -> None:
    mail = read(multipart(part("text/plain", "Termin"), part("text/calendar; name=t.ics", calendar)))
    assert (mail.text, "invitation" in mail.remarks) == ("Termin", False)
    assert [name for name, _, _ in files(mail)] == ["t.ics"]


def test_a_well_formed_mail_of_the_standard_library_is_read_back() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "Jörg Müller <j@b.example>", "Größe „neu“ 🖨"
    message.set_content("Grüße\n\naus Köln\n")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    message.add_attachment("a;b\nä;ö\n", subtype="csv", filename="Tabelle ä.csv")
    mail = parse(message.as_bytes(), None, OWN)
    assert (mail.sender.name, mail.subject, mail.text) == ("Jörg Müller", "Größe „neu“ 🖨", "Grüße\n\naus Köln")
    assert [(file.filename, file.content.decode()) for file in mail.files] == [("Tabelle ä.csv", "a;b\nä;ö\n")]
