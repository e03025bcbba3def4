"""What machines send: reports about our mail, absence notes, lists. None of it is answered, all of it is understood."""

from __future__ import annotations

import pytest

from channels.mail.bounces import REASONS
from channels.mail.parse import parse
from channels.mail.returns import return_address
from core.values import Automation, DeliveryReport, Fate
from tests.channels.corpora import MAIL, needs_mail

OWN = frozenset({"desk@desk.example"})


def _automation(*fields: str, envelope_sender: str | None = "carla@alpha.example") -> Automation | None:
    raw = "\r\n".join(
        ["Subject: Frage" if not any(f.startswith("Subject") for f in fields) else "X: y", *fields, "", "x"]
    )
    return parse(raw.encode(), envelope_sender, OWN).automation


CARLA = "From: carla@alpha.example"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([CARLA], None),
        ([CARLA, "Auto-Submitted: no"], None),
        ([CARLA, "Auto-Submitted: auto-replied"], Automation.AUTO_REPLY),
        ([CARLA, "Auto-Submitted: auto-replied (vacation)"], Automation.AUTO_REPLY),
        ([CARLA, "Auto-Submitted: auto-generated"], Automation.LIST),
        ([CARLA, "Auto-Submitted: auto-generated", "In-Reply-To: <a@b>"], Automation.AUTO_REPLY),
        ([CARLA, "X-Autoreply: yes"], Automation.AUTO_REPLY),
        ([CARLA, "Precedence: auto_reply"], Automation.AUTO_REPLY),
        ([CARLA, "Precedence: bulk"], Automation.LIST),
        ([CARLA, "List-Id: <news.example>"], Automation.LIST),
        ([CARLA, "List-Unsubscribe: <mailto:x@news.example>"], Automation.LIST),
        ([CARLA, "X-Auto-Response-Suppress: All"], Automation.LIST),
        ([CARLA, "X-Auto-Response-Suppress: DR, NDR"], None),
        ([CARLA, "Subject: Abwesenheitsnotiz einrichten"], None),
        ([CARLA, "Subject: Automatische Antwort: Frage"], None),
        ([CARLA, "Subject: Automatische Antwort: Frage", "References: <a@b>"], Automation.AUTO_REPLY),
        ([CARLA, "Subject: Out of Office: Frage", "Return-Path: <>"], Automation.AUTO_REPLY),
        ([CARLA, "Subject: AW: Automatische Antwort: Frage", "References: <a@b>"], None),
        (["From: scanner@alpha.example", "Return-Path: <>", "Subject: Scan"], Automation.LIST),
        (["From: MAILER-DAEMON@alpha.example"], Automation.BOUNCE),
        (["From: MAILER-DAEMON"], Automation.BOUNCE),
        (["From: postmaster@alpha.example"], None),
        (["From: postmaster@alpha.example", "Subject: Undeliverable: x"], Automation.BOUNCE),
        (["From: postmaster@alpha.example", "Subject: Nicht zustellbar: x"], Automation.BOUNCE),
        ([CARLA, "X-Failed-Recipients: x@y.example"], Automation.BOUNCE),
        ([CARLA, "Content-Type: multipart/report; boundary=b"], Automation.BOUNCE),
        (["From: desk@desk.example"], Automation.OWN_ADDRESS),
    ],
)
def test_who_must_not_be_answered(fields: list[str], expected: Automation | None) -> None:
    assert _automation(*fields) is expected


def test_an_empty_envelope_sender_is_never_answered() -> None:
    assert _automation(CARLA, envelope_sender="") is Automation.LIST
    assert _automation(CARLA, "Subject: Undelivered Mail", envelope_sender="") is Automation.BOUNCE


def _report(status: str, returned: str = "Message-ID: <ours@desk.example>\n\nalt", kind: str = "message/rfc822") -> str:
    return "\n".join(
        [
            "From: MAILER-DAEMON@mx.example",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            "",
            "--b\n\nYour mail could not be delivered.",
            f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{status}",
            f"--b\nContent-Type: {kind}\n\n{returned}",
            "--b--",
        ]
    )


def _read(raw: str) -> DeliveryReport:
    report = parse(raw.encode(), "", OWN).report
    assert report is not None
    return report


FAILED = (
    "Final-Recipient: rfc822; Carla@alpha.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no"
)


def test_a_standard_report_is_read() -> None:
    assert _read(_report(FAILED)) == DeliveryReport(
        Fate.FAILED, ("<ours@desk.example>",), REASONS["no_mailbox"], "550 5.1.1 no", "carla@alpha.example"
    )


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/global-headers", "message/global"])
def test_the_head_alone_names_the_mail(kind: str) -> None:
    assert _read(_report(FAILED, kind=kind)).message_ids == ("<ours@desk.example>",)


@pytest.mark.parametrize(
    ("status", "fate", "reason"),
    [
        ("Action: delayed\nStatus: 4.4.1", Fate.DELAYED, "unreachable"),
        ("Action: delivered\nStatus: 2.1.5", Fate.DELIVERED, ""),
        ("Action: relayed\nStatus: 2.1.5", Fate.DELIVERED, ""),
        ("Action: Failed\nStatus: 5.2.2", Fate.FAILED, "mailbox_full"),
        ("Status: 4.2.2", Fate.DELAYED, "mailbox_full"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 user unknown", Fate.FAILED, "no_mailbox"),
        ("Action: failed\nStatus: 5.7.26\nDiagnostic-Code: smtp; 550\n blocked by DMARC", Fate.FAILED, "refused"),
        ("Action: failed\nStatus: 5.3.4", Fate.FAILED, "too_large"),
        ("Action: failed\nStatus: 5.4.6", Fate.FAILED, "loop"),
        ("Action: failed\nStatus: 5.1.2", Fate.FAILED, "no_domain"),
        ("Action: failed\nStatus: gibberish", Fate.FAILED, "unknown"),
        ("Action: delivered\nStatus: 2.0.0\n\nAction: failed\nStatus: 5.1.1", Fate.FAILED, "no_mailbox"),
        ("Action: delayed\nStatus: 4.0.0\nAction: failed\nStatus: 5.1.1", Fate.FAILED, "no_mailbox"),
        ("", Fate.FAILED, "unknown"),
    ],
)  # fmt: skip
def test_what_is_said_of_the_recipients(status: str, fate: Fate, reason: str) -> None:
    report = _read(_report(status))
    assert (report.fate, report.reason) == (fate, REASONS.get(reason, ""))


def test_a_receipt_for_reading_is_read() -> None:
    raw = _report(
        "Disposition: manual-action/MDN-sent-manually; displayed\nOriginal-Message-ID: <ours@desk.example>", ""
    )
    raw = raw.replace("message/delivery-status", "message/disposition-notification")
    report = _read(raw)
    assert (report.fate, report.message_ids[0]) == (Fate.READ, "<ours@desk.example>")


def test_a_complaint_is_read() -> None:
    raw = _report("Feedback-Type: abuse").replace("message/delivery-status", "message/feedback-report")
    assert (_read(raw).fate, _read(raw).message_ids) == (Fate.COMPLAINED, ("<ours@desk.example>",))


PROSE = [
    (
        "Subject: Delivery Status Notification (Failure)\nX-Failed-Recipients: carla@alpha.example\n\n"
        "Delivery failed permanently: DNS Error: Domain name not found\n\n----- Original message -----\n\n"
        "Message-ID: <ours@desk.example>\nSubject: x",
        Fate.FAILED,
        "no_domain",
    ),
    (
        "Subject: failure notice\n\nHi. This is the qmail-send program at mx.example.\n\n<carla@alpha.example>:\n"
        "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
        "Return-Path: <desk@desk.example>\nMessage-ID: <ours@desk.example>\n\nHallo",
        Fate.FAILED,
        "no_mailbox",
    ),
    (
        "Subject: Warning: message 1a2b delayed 24 hours\n\nIt has not yet been delivered; it will be retried.\n"
        "carla@alpha.example: 451 4.4.1 Connection timed out\n\n> Message-ID: <ours@desk.example>",
        Fate.DELAYED,
        "unreachable",
    ),
    (
        "Subject: Unzustellbar: Drucker\nIn-Reply-To: <ours@desk.example>\n\n"
        "Fehler bei der Zustellung an carla@alpha.example: Postfach ist voll.",
        Fate.FAILED,
        "mailbox_full",
    ),
]


@pytest.mark.parametrize(("raw", "fate", "reason"), PROSE)
def test_reports_in_prose_are_read(raw: str, fate: Fate, reason: str) -> None:
    report = _read(f"From: Mail Delivery System <MAILER-DAEMON@mx.example>\n{raw}")
    assert (report.fate, report.reason) == (fate, REASONS[reason])
    assert report.message_ids == ("<ours@desk.example>",)
    assert report.recipient == "carla@alpha.example"


def test_people_report_nothing_whatever_they_write() -> None:
    raw = f"{CARLA}\nSubject: Undelivered Mail\n\n550 5.1.1 no\nMessage-ID: <ours@desk.example>"
    assert parse(raw.encode(), "carla@alpha.example", OWN).report is None


@needs_mail
@pytest.mark.parametrize(
    ("name", "fate", "reason"),
    [
        ("flanker__bounce_office365.eml", Fate.FAILED, "no_mailbox"),
        ("flanker__bounce_mailbox-full.eml", Fate.FAILED, "mailbox_full"),
        ("webklex__example_bounce.eml", Fate.FAILED, "no_domain"),
        ("mimekit__delivery-status-no-blank-line.txt.eml", Fate.FAILED, "no_mailbox"),
        ("flanker__complaints_aol.eml", Fate.COMPLAINED, "unwanted"),
        ("flanker__disposition-notification.eml", Fate.READ, ""),
    ],
)
def test_the_reports_of_the_corpus_are_read(name: str, fate: Fate, reason: str) -> None:
    report = parse((MAIL / name).read_bytes(), None, OWN).report
    assert report is not None and report.message_ids
    assert (report.fate, report.reason) == (fate, REASONS.get(reason, ""))


ID = "<123e4567-e89b-42d3-a456-426614174000@desk.example>"
ROUND = "it+b-123e4567e89b42d3a456426614174000@desk.example"


@pytest.mark.parametrize(
    ("address", "message_id", "expected"),
    [
        ("it@desk.example", ID, ROUND),
        ("it@other.example", ID, "it@other.example"),
        ("it+x@desk.example", ID, "it+x@desk.example"),
        (f"{'i' * 40}@desk.example", ID, f"{'i' * 40}@desk.example"),
        ("it@desk.example", "<test@desk.example>", "it@desk.example"),
    ],
)
def test_a_mail_comes_back_to_an_address_of_its_own_if_it_can_have_one(
    address: str, message_id: str, expected: str
) -> None:
    assert return_address(address, message_id) == expected


@pytest.mark.parametrize(
    "field", ["To: {}", "To: x@y.example\r\nDelivered-To: {}", "X-Original-To: <{}>", 'to: "a" <{}>']
)
def test_an_absence_note_that_names_nothing_is_known_by_where_it_comes_to(field: str) -> None:
    raw = f"{CARLA}\r\nAuto-Submitted: auto-replied\r\n{field.format(ROUND.upper())}\r\n\r\nx"
    assert parse(raw.encode(), None, OWN).references == (ID,)
