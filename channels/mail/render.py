"""An outbound message as a mail: headers that thread and never start a loop, a text part and an HTML part. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid

from markdown_it import MarkdownIt
from markupsafe import escape

from channels.choices import numbered
from channels.mail.configuration import MailConfiguration
from core.inboxes.kinds import InboxSettings
from core.values import ActorKind, OutboundMessage, ticket_number, without_numbers
from web.languages import Translate, translator

_MARKDOWN = MarkdownIt("zero", {"breaks": True, "html": False}).enable(["list", "newline"])


@dataclass(frozen=True, slots=True)
class HelpLinks:
    """Where the two answers to a proposal lead."""

    solved: str
    still_need_help: str


def render(
    message: OutboundMessage,
    tag: str,
    mailbox: InboxSettings[MailConfiguration],
    links: HelpLinks | None,
    read: Callable[[str], bytes],
) -> bytes:
    """The mail's bytes; the same message always gives the same bytes.

    ``tag`` is how its reader is spoken to (``core.values.spoken``); ``read`` fetches a file by its SHA-256.
    """
    _ = translator(tag)
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    text = _words(message, mailbox.configuration.signature, _)
    mail["From"] = formataddr((_display_name(message, mailbox.sender_name), mailbox.configuration.address))
    mail["To"] = formataddr((message.recipient.name, message.recipient.value))
    mail["Subject"] = _subject(message, _)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = message.external_id
    if message.in_reply_to:
        mail["In-Reply-To"] = message.in_reply_to
    if message.references:
        mail["References"] = " ".join(message.references)
    if message.author_kind is not ActorKind.AGENT:
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(_text(text, links, _), cte="quoted-printable")
    mail.add_alternative(_html(text, message.language, links, _), subtype="html", cte="quoted-printable")
    for file in message.attachments:
        maintype, _, subtype = file.media_type.partition("/")
        mail.add_attachment(
            read(file.sha256), maintype=maintype, subtype=subtype or "octet-stream", filename=file.filename
        )
    _fix_boundaries(mail, message.external_id)
    return mail.as_bytes()


def _display_name(message: OutboundMessage, desk: str) -> str:
    return f"{message.author_name} ({desk})" if message.author_kind is ActorKind.AGENT else desk


def _subject(message: OutboundMessage, _: Translate) -> str:
    subject = " ".join(without_numbers(message.subject).split()) or _("Your request")
    return f"Re: {subject} [{ticket_number(message.ticket_id)}]"


def _words(message: OutboundMessage, signature: str, _: Translate) -> str:
    """What is said, with the choices to answer by number; below what a colleague wrote stands the signature."""
    text = message.text
    if message.choices:
        text = f"{text}\n\n{_('Please answer with the number that fits:')}\n\n{numbered(message.choices)}"
    if message.author_kind is not ActorKind.AGENT or not signature:
        return text
    return f"{text.rstrip()}\n\n{signature}"


def _text(text: str, links: HelpLinks | None, _: Translate) -> str:
    if links is None:
        return text + "\n"
    return f"{text}\n\n{_('Solved')}:\n{links.solved}\n\n{_('I still need help')}:\n{links.still_need_help}\n"


def _html(text: str, language: str, links: HelpLinks | None, _: Translate) -> str:
    buttons = ""
    if links is not None:
        solved = _button(links.solved, _("Solved"), "background:#176b3c;color:#ffffff")
        help_ = _button(links.still_need_help, _("I still need help"), "background:#e8eefc;color:#2450c8")
        buttons = f'<p style="margin:24px 0">{solved}&nbsp;&nbsp;{help_}</p>'
    return (
        f'<!doctype html><html lang="{escape(language)}"><body style="font:15px/1.55 -apple-system,'
        f"'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1b1d22;max-width:40em\">"
        f"{_MARKDOWN.render(text)}{buttons}</body></html>\n"
    )


def render_test(mailbox: InboxSettings[MailConfiguration], recipient: str, text: str, at: datetime) -> bytes:
    """A mail that belongs to no ticket, to see whether mail arrives."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    mail["From"] = formataddr((mailbox.sender_name, mailbox.configuration.address))
    mail["To"] = recipient
    mail["Subject"] = text.splitlines()[0]
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = make_msgid(domain=mailbox.configuration.address.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text + "\n", cte="quoted-printable")
    return mail.as_bytes()


def _button(address: str, title: str, colours: str) -> str:
    style = "display:inline-block;padding:10px 18px;border-radius:6px;text-decoration:none;font-weight:600"
    return f'<a href="{escape(address)}" style="{style};{colours}">{escape(title)}</a>'


def _fix_boundaries(mail: EmailMessage, seed: str) -> None:
    """Boundaries that follow from the Message-ID: a repeated send is the same mail, byte by byte."""
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{hashlib.sha256(f'{seed}{number}'.encode()).hexdigest()[:40]}")
