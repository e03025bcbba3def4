"""A raw mail as a value. Pure, and it reads whatever arrives: a broken part is kept as a file, never a reason to fail.

Built on the standard library's ``compat32`` policy: the newer ones raise on malformed headers that real mail has.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from inspect import signature

import inscriptis

from core.values import Address, Automation, ticket_id_from_number

MAX_COPIED = 50
"""So many addresses in copy take part; a mail to more is a mailing."""
MAX_TEXT = 200_000
MAX_PARTS = 500
HEAD = 64 * 1024
"""How much of a mail is looked at for its headers alone, in bytes."""

# Newer Pythons refuse whole headers for one odd address unless asked not to.
_LENIENT: dict[str, bool] = {"strict": False} if "strict" in signature(getaddresses).parameters else {}
_NUMBER = re.compile(r"\[?\b(FL-\d{4,12})\b\]?", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_ROBOTS = re.compile(r"^(mailer-daemon|postmaster|noreply-bounce)@", re.IGNORECASE)


class UnreadableMail(Exception):
    """The mail names nobody it could be from; it is set aside for a person to look at."""


@dataclass(frozen=True, slots=True)
class MailFile:
    filename: str
    media_type: str
    content: bytes
    content_id: str | None


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """``text`` is the whole readable body; ``html`` the HTML part as it came, unsanitised."""

    dedupe_key: str
    message_id: str | None
    references: tuple[str, ...]
    ticket_ref: int | None
    sender: Address
    recipients: tuple[Address, ...]
    subject: str
    text: str
    html: str | None
    files: tuple[MailFile, ...]
    automation: Automation | None
    authentication: dict[str, str]


def parse(raw: bytes, envelope_sender: str | None, own: frozenset[str]) -> ParsedMail:
    """Read a mail. ``own`` are the desk's addresses in lower case. Raises ``UnreadableMail``."""
    message = email.message_from_bytes(raw)
    senders = addresses(message, "from") or addresses(message, "reply-to") or addresses(message, "sender")
    if not senders:
        raise UnreadableMail("The mail has no sender that can be answered.")
    subject = header(message, "subject")
    texts, htmls, files = _bodies(message)
    html = "\n".join(htmls) or None
    text = "\n\n".join(part.strip("\n") for part in texts if part.strip())
    if not text.strip() and html is not None:
        text = _as_text(html)
    copied = [one for name in ("to", "cc") for one in addresses(message, name)]
    return ParsedMail(
        dedupe_key=_dedupe_key(message, raw),
        message_id=next(iter(_MESSAGE_ID.findall(_raw_header(message, "message-id"))), None),
        references=_references(message),
        ticket_ref=_ticket_ref(subject),
        sender=senders[0],
        recipients=tuple(dict.fromkeys(one for one in copied if one.value not in own))[:MAX_COPIED],
        subject=subject,
        text=text.replace("\0", "")[:MAX_TEXT],
        html=html,
        files=tuple(files),
        automation=_automation(message, senders[0], envelope_sender, own),
        authentication=_authentication(message),
    )


def glimpse(raw: bytes) -> tuple[str, str]:
    """Who it seems to be from and what about, even of what cannot be read; either may be empty."""
    message = email.message_from_bytes(raw[:HEAD])
    return header(message, "from")[:320], header(message, "subject")[:300]


def header(message: Message, name: str) -> str:
    """A header as one line of text, decoded as far as it can be."""
    raw = _raw_header(message, name)
    return " ".join(_decoded(raw).replace("\0", "").split()) if raw else ""


def addresses(message: Message, name: str) -> list[Address]:
    """The addresses of a header, normalised to lower case; names decoded, what has no @ left out."""
    if not (raw := _raw_header(message, name)):
        return []
    found = getaddresses([raw], **_LENIENT)
    result = []
    for display, address in found:
        address = address.strip().strip("<>").lower()
        if re.fullmatch(r"[^\s@<>\"(),:;]{1,64}@[^\s@<>\"(),:;]{1,255}", address):
            result.append(Address("email", address, " ".join(_decoded(display).split())[:200]))
    return result


def decode(content: bytes, charset: str | None) -> str:
    """Bytes as text: by the declared charset, else UTF-8, else Windows-1252, which never fails with replacement."""
    for candidate in (charset, "utf-8"):
        try:
            if candidate and candidate.lower() not in ("unknown-8bit", "x-unknown"):
                return content.decode(candidate)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def _raw_header(message: Message, name: str) -> str:
    try:
        value = message.get(name)
    except (HeaderParseError, ValueError, IndexError):
        return ""
    if value is None:
        return ""
    # 8-bit headers arrive as surrogates.
    text = str(value)
    if not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text):
        text = decode(text.encode("utf-8", "surrogateescape"), None)
    return text


def _decoded(value: str) -> str:
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(decode(part, charset) if isinstance(part, bytes) else part for part, charset in parts)


def _bodies(message: Message) -> tuple[list[str], list[str], list[MailFile]]:
    """Text parts, HTML parts and files. In an alternative the plain text stands for all."""
    texts: list[str] = []
    htmls: list[str] = []
    files: list[MailFile] = []
    for number, part in enumerate(_leaves(message)):
        if number >= MAX_PARTS:
            break
        kind, disposition = part.get_content_type(), part.get_content_disposition()
        filename = _filename(part)
        if kind in ("text/plain", "text/html") and disposition != "attachment" and not filename:
            text = decode(_payload(part), part.get_content_charset())
            (texts if kind == "text/plain" else htmls).append(text)
        else:
            content_id = header(part, "content-id").strip("<>") or None
            files.append(MailFile(filename or _default_name(kind, number), kind, _payload(part), content_id))
    return texts, htmls, files


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that carry something; an enclosed mail is one part."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part)
    else:
        yield message


def _payload(part: Message) -> bytes:
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"\n".join(inner.as_bytes() for inner in part.get_payload() if isinstance(inner, Message))
    try:
        content = part.get_payload(decode=True)
    except (ValueError, AssertionError):
        content = None
    if isinstance(content, bytes):
        return content
    text = part.get_payload()
    return str(text).encode("utf-8", "surrogateescape")


def _filename(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):
        name = ""
    decoded = _decoded(name).replace("\\", "/").rpartition("/")[2]
    return re.sub(r"[\x00-\x1f\x7f]", "", decoded).strip()[:200]


def _default_name(kind: str, number: int) -> str:
    endings = {"message/rfc822": "eml", "text/calendar": "ics", "text/html": "html", "text/plain": "txt"}
    return f"part-{number + 1}.{endings.get(kind, kind.rpartition('/')[2][:10] or 'bin')}"


def _as_text(html: str) -> str:
    try:
        return str(inscriptis.get_text(html)).strip()
    except (ValueError, AssertionError, RecursionError):
        return re.sub(r"<[^>]{0,2000}>", " ", html).strip()


def _references(message: Message) -> tuple[str, ...]:
    found = _MESSAGE_ID.findall(_raw_header(message, "references"))
    found += _MESSAGE_ID.findall(_raw_header(message, "in-reply-to"))
    return tuple(dict.fromkeys(reversed(found)))[:50]


def _ticket_ref(subject: str) -> int | None:
    match = _NUMBER.search(subject)
    return ticket_id_from_number(match.group(1)) if match else None


def _automation(
    message: Message, sender: Address, envelope_sender: str | None, own: frozenset[str]
) -> Automation | None:
    """Why a machine must not answer (RFC 3834, RFC 2919, RFC 3464 and the habits of mail servers)."""
    submitted = header(message, "auto-submitted").lower()
    precedence = header(message, "precedence").lower()
    if sender.value in own:
        return Automation.OWN_ADDRESS
    if message.get_content_type() == "multipart/report" or envelope_sender == "" or _ROBOTS.match(sender.value):
        return Automation.BOUNCE
    if submitted.startswith("auto-replied") or message.get("x-autoreply") or message.get("x-autorespond"):
        return Automation.AUTO_REPLY
    if message.get("list-id") or precedence in ("bulk", "list", "junk") or (submitted and submitted != "no"):
        return Automation.LIST
    return None


def _authentication(message: Message) -> dict[str, str]:
    """What the receiving servers wrote about the sender, as it came: shown, not yet believed."""
    names = ("authentication-results", "received-spf")
    return {name: value for name in names if (value := header(message, name)[:1000])}


def raw_key(raw: bytes) -> str:
    """The dedupe key of a mail that cannot be read: all of it."""
    return hashlib.sha256(raw).hexdigest()


def _dedupe_key(message: Message, raw: bytes) -> str:
    """Message-IDs lie: the key is of the id, the date, the sender, the subject and the body, never of trace headers."""
    digest = hashlib.sha256()
    for name in ("message-id", "date", "from", "subject"):
        digest.update(_raw_header(message, name).encode("utf-8", "replace") + b"\0")
    _, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    digest.update(body.rstrip())
    return digest.hexdigest()
