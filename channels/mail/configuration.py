"""What is set of a mailbox: its addresses, where mail comes in, and who takes mail out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from channels.mail import returns
from core.inboxes.kinds import Configuration, MailAddress, Port, Shown, refuse

IN, CHECKS, OUT = "Incoming mail", "Who a mail is from", "Outgoing mail"
MEGABYTE = 1024 * 1024

Security = Literal["starttls", "tls", "none"]


def _names(servers: tuple[str, ...]) -> tuple[str, ...]:
    """Names of servers, in lower case."""
    if any(not name or any(mark.isspace() or mark in ";=@/" for mark in name) for name in servers):
        refuse("Please give the name of one server a line, such as mx.example.com.")
    return tuple(dict.fromkeys(name.lower() for name in servers))


class MailConfiguration(Configuration):
    """One mailbox that takes mail in over SMTP and sends it by submission."""

    address: Annotated[
        MailAddress,
        Shown(
            "E-mail address",
            "Mail to this address becomes tickets, and answers come from it.",
            placeholder="support@example.com",
        ),
    ]
    aliases: Annotated[
        tuple[MailAddress, ...],
        Shown("Further addresses", "Other addresses that arrive in this mailbox, one a line.", rows=2),
    ] = ()
    signature: Annotated[
        str, Shown("Signature", "Stands below what colleagues write. The bot does not use it.", rows=3)
    ] = ""
    listen_host: Annotated[
        str,
        Shown(
            "Listen on",
            "The network address of this machine at which your mail server hands mail over. 127.0.0.1 takes it from "
            "this machine only, 0.0.0.0 from everywhere.",
            IN,
        ),
    ] = "127.0.0.1"
    listen_port: Annotated[
        Port, Shown("Port", "Several mailboxes may share one port; each gets the mail to its own addresses.", IN)
    ] = 2525
    tls_certificate: Annotated[
        str,
        Shown(
            "Certificate file",
            "For encryption (STARTTLS): a PEM file on the machine that runs Firstline. Needed as soon as mail comes "
            "from other machines.",
            IN,
            placeholder="/etc/ssl/desk.pem",
        ),
    ] = ""
    tls_key: Annotated[str, Shown("Key file", "Leave it empty if the key is in the certificate file.", IN)] = ""
    username: Annotated[str, Shown("Name to sign in", "If set, whoever hands mail over must sign in with it.", IN)] = ""
    password: Annotated[SecretStr, Shown("Password to sign in", "", IN)] = SecretStr("")
    max_megabytes: Annotated[
        int, Field(ge=1, le=500), Shown("Largest mail in MB", "Larger ones are refused, and their senders hear so.", IN)
    ] = 50
    trusted_servers: Annotated[
        tuple[str, ...],
        AfterValidator(_names),
        Shown(
            "Trusted gateways",
            "The names under which your own mail gateways write Authentication-Results, such as mx.example.com, one a "
            "line. What they found about a sender is believed; they must remove such lines from mail that comes from "
            "outside.",
            CHECKS,
            rows=2,
        ),
    ] = ()
    check_signatures: Annotated[
        bool,
        Shown(
            "Check signatures here",
            "Where no trusted gateway has looked, Firstline checks DKIM, ARC and DMARC itself, and asks the name "
            "servers of this machine for that.",
            CHECKS,
        ),
    ] = True
    smtp_host: Annotated[
        str,
        Shown(
            "Mail server",
            "The server that takes our mail. Without one, answers by mail cannot be sent.",
            OUT,
            placeholder="smtp.example.com",
        ),
    ] = ""
    smtp_port: Annotated[Port, Shown("Port", "Usually 587, or 465 with TLS from the start.", OUT)] = 587
    smtp_security: Annotated[
        Security,
        Shown(
            "Encryption",
            "",
            OUT,
            options={
                "starttls": "STARTTLS (usual with port 587)",
                "tls": "TLS from the start (usual with port 465)",
                "none": "None (only within this machine or a closed network)",
            },
        ),
    ] = "starttls"
    smtp_username: Annotated[str, Shown("User name", "Empty if the server asks for none.", OUT)] = ""
    smtp_password: Annotated[SecretStr, Shown("Password", "", OUT)] = SecretStr("")
    bounce_addresses: Annotated[
        bool,
        Shown(
            "A return address for every mail",
            "Mail that comes back is then matched even if it quotes nothing. Your mail server must let the desk send "
            "from, and must deliver, such addresses as support+b-1@example.com.",
            OUT,
        ),
    ] = False

    @field_validator("tls_certificate", "tls_key")
    @classmethod
    def _absolute(cls, path: str) -> str:
        if path and not Path(path).is_absolute():
            refuse("Please give the whole path, beginning with /.")
        return path

    @field_validator("tls_key")
    @classmethod
    def _key_of_a_certificate(cls, path: str, info: ValidationInfo) -> str:
        if path and info.data.get("tls_certificate") == "":
            refuse("A key needs the certificate it belongs to.")
        return path

    @field_validator("password", "smtp_password")
    @classmethod
    def _goes_with_its_name(cls, password: SecretStr, info: ValidationInfo) -> SecretStr:
        name = info.data.get("username" if info.field_name == "password" else "smtp_username")
        if name and not password.get_secret_value():
            refuse("A name needs a password.")
        return password

    @property
    def inbox_address(self) -> str:
        return self.address

    def return_address(self, message_id: str) -> str:
        """Where a mail with that id comes back to if it cannot be delivered."""
        return returns.return_address(self.address, message_id) if self.bounce_addresses else self.address

    @property
    def own_addresses(self) -> frozenset[str]:
        """All addresses that are the mailbox's own, in lower case."""
        return frozenset((self.address, *self.aliases))
