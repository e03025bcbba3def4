"""What is set of a fax line: where faxes come from, and who sends the answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from channels.mail.configuration import MailConfiguration, Security
from core.calls.numbers import normal
from core.inboxes.kinds import Configuration, Port, Region, Shown, refuse

FOLDER, IN, MAILBOX, OUT, SERVER = (
    "Folder",
    "Faxes by mail",
    "Mailbox (IMAP)",
    "Answers",
    "Mail server for answers",
)
_FROM_FOLDER, _BY_MAIL, _BY_IMAP, _BY_SMTP = (
    ("receive", ("folder",)),
    ("receive", ("imap", "smtp")),
    ("receive", ("imap",)),
    ("receive", ("smtp",)),
)
_SENDFAX, _GATEWAY = ("send", ("sendfax",)), ("send", ("gateway",))
_SECURITIES = {
    "tls": "TLS from the start",
    "starttls": "STARTTLS",
    "none": "None (only within this machine or a closed network)",
}
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?")


def _own_number(text: str) -> str:
    found = normal(text) if text.startswith(("+", "00")) else ""
    if not found:
        refuse("The whole number with its country, such as +49 30 1234567.")
    return found


def _path(path: str) -> str:
    if path and not Path(path).is_absolute():
        refuse("Please give the whole path, beginning with /.")
    return path


def _server(host: str) -> str:
    if not _SERVER.fullmatch(host):
        refuse("Only the name of the server, with its port if it is not 4559.")
    return host


def _senders(senders: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses, or domains with the @ before them, in lower case."""
    for sender in senders:
        if "@" not in sender or sender.endswith("@") or any(character.isspace() for character in sender):
            refuse(
                "One a line: an address such as fax@provider.example, or @provider.example for all of its addresses."
            )
    return tuple(dict.fromkeys(sender.lower() for sender in senders))


def _recipient(template: str) -> str:
    before, found, after = template.partition("{number}")
    if template and (not found or "{" in before + after or "}" in before + after or "@" not in after):
        refuse("An address in which {number} stands for the fax number, such as {number}@fax.provider.example.")
    return template


class FaxConfiguration(Configuration):
    """One fax line."""

    number: Annotated[
        str,
        AfterValidator(_own_number),
        Shown("Fax number", "Yours, with its country. It stands on the letters that go out.", placeholder="+49 30 …"),
    ]
    region: Region = ""
    receive: Annotated[
        Literal["folder", "imap", "smtp"],
        Shown(
            "How faxes come in",
            "",
            options={
                "folder": "A fax server puts them into a folder",
                "imap": "A provider sends them by mail, into a mailbox (IMAP)",
                "smtp": "A provider sends them by mail, and a mail server hands it over (SMTP)",
            },
        ),
    ] = "folder"
    folder: Annotated[
        str,
        AfterValidator(_path),
        Shown(
            "Folder",
            "On the machine that runs Firstline, for TIFF and PDF: HylaFAX’s recvq, or one that faxes are copied to.",
            FOLDER,
            placeholder="/var/spool/hylafax/recvq",
            when=_FROM_FOLDER,
        ),
    ] = ""
    afterwards: Annotated[
        Literal["leave", "move", "remove"],
        Shown(
            "When a fax has become a ticket",
            "Firstline knows a fax again by its content, wherever it lies.",
            FOLDER,
            options={"leave": "Leave it as it is", "move": "Move it to another folder", "remove": "Remove it"},
            when=_FROM_FOLDER,
        ),
    ] = "leave"
    done_folder: Annotated[
        str,
        AfterValidator(_path),
        Shown("Folder for what has become a ticket", "", FOLDER, when=("afterwards", ("move",))),
    ] = ""
    settle_seconds: Annotated[
        int,
        Field(ge=0, le=600),
        Shown(
            "Seconds without a change",
            "A file is taken when it has not grown for so long, and nobody has it locked.",
            FOLDER,
            when=_FROM_FOLDER,
        ),
    ] = 15
    begin: Annotated[
        Literal["new", "all"],
        Shown(
            "What lies there already",
            "Counts for the very first time only.",
            options={
                "new": "Leave it: only what arrives from now on becomes tickets",
                "all": "Make tickets of it, and answer it",
            },
        ),
    ] = "new"
    senders: Annotated[
        tuple[str, ...],
        AfterValidator(_senders),
        Shown(
            "Senders that are fax gateways",
            "Mail from these is a fax, and the number is taken from it; other mail is not read. An address, or "
            "@provider.example for all of its addresses, one a line.",
            IN,
            rows=2,
            when=_BY_MAIL,
        ),
    ] = ()
    mail_address: Annotated[
        str,
        Shown(
            "E-mail address of the fax line",
            "What the provider sends faxes to, and what answers are sent from where they go by mail.",
            IN,
            placeholder="fax@example.com",
        ),
    ] = ""
    listen_host: Annotated[
        str,
        Shown("Listen on", "127.0.0.1 takes mail from this machine only, 0.0.0.0 from everywhere.", IN, when=_BY_SMTP),
    ] = "127.0.0.1"
    listen_port: Annotated[
        Port,
        Shown("Port", "It may be the one of your mailboxes; each gets the mail to its address.", IN, when=_BY_SMTP),
    ] = 2525
    imap_host: Annotated[str, Shown("IMAP server", "", MAILBOX, placeholder="imap.example.com", when=_BY_IMAP)] = ""
    imap_port: Annotated[Port, Shown("Port", "", MAILBOX, when=_BY_IMAP)] = 993
    imap_security: Annotated[Security, Shown("Encryption", "", MAILBOX, options=_SECURITIES, when=_BY_IMAP)] = "tls"
    imap_username: Annotated[str, Shown("User name", "", MAILBOX, when=_BY_IMAP)] = ""
    imap_password: Annotated[SecretStr, Shown("Password", "", MAILBOX, when=_BY_IMAP)] = SecretStr("")
    imap_folder: Annotated[
        str,
        Shown(
            "Folder",
            "If faxes and other mail come to one mailbox, let a rule there sort the faxes into a folder of their own.",
            MAILBOX,
            when=_BY_IMAP,
        ),
    ] = "INBOX"
    send: Annotated[
        Literal["sendfax", "gateway", "none"],
        Shown(
            "How answers go out",
            "As a letter in PDF.",
            OUT,
            options={
                "sendfax": "Through HylaFAX (sendfax)",
                "gateway": "By mail to a provider’s gateway",
                "none": "Not at all: faxes are only received",
            },
        ),
    ] = "sendfax"
    fax_server: Annotated[
        str,
        AfterValidator(_server),
        Shown("HylaFAX server", "Its name, with the port if it is not 4559.", OUT, when=_SENDFAX),
    ] = "localhost"
    gateway_recipient: Annotated[
        str,
        AfterValidator(_recipient),
        Shown(
            "Address of the gateway",
            "{number} stands for the fax number.",
            OUT,
            placeholder="{number}@fax.provider.example",
            when=_GATEWAY,
        ),
    ] = ""
    gateway_subject: Annotated[
        SecretStr,
        Shown(
            "Subject for the gateway",
            "Where the provider wants a word or a PIN there. Empty: the ticket’s number.",
            OUT,
            when=_GATEWAY,
        ),
    ] = SecretStr("")
    dial_as: Annotated[
        Literal["plus", "zeros", "digits"],
        Shown(
            "How numbers are dialled",
            "",
            OUT,
            options={
                "plus": "With a plus (+49301234567)",
                "zeros": "With two zeros (0049301234567)",
                "digits": "Without either (49301234567)",
            },
        ),
    ] = "plus"
    sender_lines: Annotated[
        str,
        Shown(
            "Sender on the letter", "Name and address of your company, as they shall stand at its head.", OUT, rows=3
        ),
    ] = ""
    smtp_host: Annotated[str, Shown("Mail server", "", SERVER, placeholder="smtp.example.com", when=_GATEWAY)] = ""
    smtp_port: Annotated[Port, Shown("Port", "Usually 587, or 465 with TLS from the start.", SERVER, when=_GATEWAY)] = (
        587
    )
    smtp_security: Annotated[Security, Shown("Encryption", "", SERVER, options=_SECURITIES, when=_GATEWAY)] = "starttls"
    smtp_username: Annotated[str, Shown("User name", "Empty if the server asks for none.", SERVER, when=_GATEWAY)] = ""
    smtp_password: Annotated[SecretStr, Shown("Password", "", SERVER, when=_GATEWAY)] = SecretStr("")

    @field_validator("folder", "done_folder")
    @classmethod
    def _folders(cls, path: str, info: ValidationInfo) -> str:
        is_needed = info.data.get("receive") == "folder" and (
            info.field_name == "folder" or info.data.get("afterwards") == "move"
        )
        if is_needed and not path:
            refuse("Please name the folder.")
        if path and info.field_name == "done_folder" and path == info.data.get("folder"):
            refuse("This must be another folder than the one that is read.")
        return path

    @field_validator("senders", "imap_host", "imap_username", "imap_password")
    @classmethod
    def _needed_by_mail(cls, value: object, info: ValidationInfo) -> object:
        wanted = ("imap", "smtp") if info.field_name == "senders" else ("imap",)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not text and info.data.get("receive") in wanted:
            refuse("Please fill this in, so that faxes can come by mail.")
        return value

    @field_validator("mail_address")
    @classmethod
    def _mail_address(cls, address: str, info: ValidationInfo) -> str:
        if not address and info.data.get("receive") == "smtp":
            refuse("Please fill this in, so that faxes can come by mail.")
        if address and ("@" not in address.strip("@") or any(character.isspace() for character in address)):
            refuse("That is no e-mail address.")
        return address.lower()

    @field_validator("gateway_recipient", "smtp_host")
    @classmethod
    def _needed_by_gateway(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("send") == "gateway":
            refuse("Please fill this in, so that answers can be sent.")
        if info.field_name == "smtp_host" and info.data.get("send") == "gateway" and not info.data.get("mail_address"):
            refuse("Also enter the e-mail address of the fax line, which answers are sent from.")
        return value

    @property
    def inbox_address(self) -> str:
        return self.number

    @property
    def is_exclusive(self) -> bool:
        """Two that read one folder or mailbox would read everything twice."""
        return self.receive != "smtp"

    def is_gateway(self, address: str) -> bool:
        """Whether mail from there is a fax."""
        address = address.lower()
        return any(address == one or (one.startswith("@") and address.endswith(one)) for one in self.senders)

    def dialled(self, number: str) -> str:
        """A number (E.164) as it is dialled."""
        digits = number.removeprefix("+")
        return {"plus": f"+{digits}", "zeros": f"00{digits}", "digits": digits}[self.dial_as]

    def mailbox(self) -> MailConfiguration:
        """The mail side of the line: how its mails come in, and who takes its mails out."""
        address = self.mail_address or f"fax@{self.smtp_host or self.imap_host or 'localhost'}"
        return MailConfiguration(
            address=address,
            receive="imap" if self.receive == "imap" else "smtp",
            listen_host=self.listen_host,
            listen_port=self.listen_port,
            imap_host=self.imap_host,
            imap_port=self.imap_port,
            imap_security=self.imap_security,
            imap_username=self.imap_username,
            imap_password=self.imap_password,
            imap_folder=self.imap_folder,
            imap_begin=self.begin,
            smtp_host=self.smtp_host,
            smtp_port=self.smtp_port,
            smtp_security=self.smtp_security,
            smtp_username=self.smtp_username,
            smtp_password=self.smtp_password,
        )
