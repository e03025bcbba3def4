"""A raw mail as a value. Pure, and it reads whatever arrives: a broken part is kept as a file, never a reason to fail.

``mime`` takes a mail apart, ``headers`` and ``charsets`` read the pieces, ``bodies`` says what is to be read and what
to be saved; here it is put together. Time and memory are bounded by a mail's size, whatever is in it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from channels.mail import authentication, bodies, bounces, mime, senders
from channels.mail.addresses import Mailbox
from channels.mail.automation import automation
from channels.mail.bodies import Body, MailFile
from channels.mail.headers import Headers
from channels.mail.mime import Part
from channels.mail.returns import returned_ids
from channels.mail.words import one_line
from core.values import Address, Automation, DeliveryReport, ticket_id_from_number
from web.languages import LANGUAGES
from web.outside import clean

MAX_COPIED = 50
"""So many addresses in copy take part; a mail to more is a mailing."""
MAX_REFERENCES = 50
MAX_NUMBERS = 10
HEAD = 64 * 1024
"""How much of a mail is looked at for its headers alone, in bytes."""
LANGUAGE = "de"
"""What the desk writes into a message itself is in this language, where the mail gives no hint."""

_NUMBER = re.compile(r"\[?\b(FL-\d{4,12})\b\]?", re.IGNORECASE)
_DAEMON = re.compile(r"mailer[- ]daemon|mail delivery (?:sub)?system", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,498}>")
_BARE_ID = re.compile(r"[^\s<>,;]{1,240}@[^\s<>,;]{1,240}")


class UnreadableMail(Exception):
    """The mail names nobody it could be from; it is set aside for a person to look at."""


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """``text`` is the whole readable body; ``html`` the HTML part as it came, unsanitised.

    ``remarks`` are what a reader should know of the mail, as plain values: ``warnings`` about its sender, ``notices``
    about its parts (codes for which the console has words), and an ``invitation`` in every language. ``is_signed`` says
    that its sender could be checked where no gateway has done it.
    """

    dedupe_key: str
    message_id: str | None
    references: tuple[str, ...]
    ticket_refs: tuple[int, ...]
    sender: Address
    recipients: tuple[Address, ...]
    subject: str
    text: str
    html: str | None
    files: tuple[MailFile, ...]
    automation: Automation | None
    report: DeliveryReport | None
    authentication: dict[str, Any]
    is_signed: bool
    remarks: dict[str, Any]


def parse(
    raw: bytes, envelope_sender: str | None, own: frozenset[str], trusted: frozenset[str] = frozenset()
) -> ParsedMail:
    """Read a mail. ``own`` are the desk's addresses, ``trusted`` the names of gateways whose findings about the sender
    are believed, all in lower case. Raises ``UnreadableMail``."""
    mail = mime.read(raw)
    headers = mail.headers
    sender = _sender(headers)
    if sender is None:
        raise UnreadableMail("The mail has no sender that can be answered.")
    body = bodies.gather(mail)
    machine = automation(headers, sender.address, envelope_sender, own, _is_report(mail))
    subject = headers.text("subject")
    return ParsedMail(
        dedupe_key=_dedupe_key(mail, raw),
        message_id=next(iter(_ids(headers, "message-id")), None),
        references=_references(headers),
        ticket_refs=_ticket_refs(subject),
        sender=_address(sender),
        recipients=_recipients(headers, own),
        subject=subject,
        text=_text(body, headers),
        html=body.html,
        files=tuple(body.files),
        automation=machine,
        report=bounces.read(mail, machine is Automation.BOUNCE, body.text),
        authentication=authentication.reported(headers, sender.address, trusted) if trusted else {},
        is_signed=authentication.is_signed(headers),
        remarks=_remarks(body, headers, sender, own),
    )


def glimpse(raw: bytes) -> tuple[str, str]:
    """Who it seems to be from and what about, even of what cannot be read; either may be empty."""
    headers = mime.read_headers(raw[:HEAD])
    return headers.text("from")[:320], headers.text("subject")[:300]


def is_own(address: str, own: frozenset[str]) -> bool:
    """Whether an address is the desk's, with or without an extension (``desk+printer@…``)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" in own or address in own


def _sender(headers: Headers) -> Mailbox | None:
    for name in ("from", "reply-to", "sender"):
        if found := headers.mailboxes(name):
            return found[0]
    if _DAEMON.search(headers.raw("from")):
        return Mailbox(headers.text("from"), "mailer-daemon@invalid")
    return None


def _address(mailbox: Mailbox) -> Address:
    return Address("email", clean(mailbox.address), mailbox.name[:200])


def _recipients(headers: Headers, own: frozenset[str]) -> tuple[Address, ...]:
    copied = [one for name in ("to", "cc") for one in headers.mailboxes(name)]
    return tuple(dict.fromkeys(_address(one) for one in copied if not is_own(one.address, own)))[:MAX_COPIED]


def _ids(headers: Headers, name: str) -> list[str]:
    """The message ids of a field; one that somebody wrote without its brackets gets them."""
    text = one_line(headers.raw(name))
    return _MESSAGE_ID.findall(text) or [f"<{bare}>" for bare in _BARE_ID.findall(text)[:MAX_REFERENCES]]


def _references(headers: Headers) -> tuple[str, ...]:
    """What the mail refers to, the newest first."""
    found = [*returned_ids(headers), *_ids(headers, "references"), *_ids(headers, "in-reply-to")]
    return tuple(dict.fromkeys(reversed(found)))[:MAX_REFERENCES]


def _ticket_refs(subject: str) -> tuple[int, ...]:
    """The tickets a subject names; what another desk numbered in the same way may be among them."""
    found = (ticket_id_from_number(number) for number in _NUMBER.findall(subject))
    return tuple(dict.fromkeys(one for one in found if one is not None))[:MAX_NUMBERS]


def _text(body: Body, headers: Headers) -> str:
    text = body.text
    if not text.strip() and body.invitation is not None:
        return body.invitation.text(_language(body, headers))
    return text


def _language(body: Body, headers: Headers) -> str:
    hints = [body.invitation.language if body.invitation is not None else "", headers.text("content-language")]
    return next((hint[:2].lower() for hint in hints if hint[:2].lower() in LANGUAGES), LANGUAGE)


def _is_report(mail: Part) -> bool:
    return mail.headers.text("content-type").lower().startswith("multipart/report")


def _remarks(body: Body, headers: Headers, sender: Mailbox, own: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if warnings := senders.warnings(headers, sender, own):
        found["warnings"] = warnings
    if body.remarks:
        found["notices"] = body.remarks
    if body.invitation is not None:
        found["invitation"] = {language: body.invitation.lines(language) for language in LANGUAGES}
    return found


def raw_key(raw: bytes) -> str:
    """The dedupe key of a mail that cannot be read: all of it."""
    return hashlib.sha256(raw).hexdigest()


def _dedupe_key(mail: Part, raw: bytes) -> str:
    """Message-IDs lie: the key is of the id, the date, the sender, the subject and the body, never of trace headers."""
    digest = hashlib.sha256()
    for name in ("message-id", "date", "from", "subject"):
        digest.update(mail.headers.raw(name).encode("utf-8", "replace") + b"\0")
    digest.update(raw[mail.begins :].replace(b"\r\n", b"\n").rstrip())
    return digest.hexdigest()
