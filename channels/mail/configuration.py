"""What is set of a mailbox: its addresses, how mail comes in, and who takes mail out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from channels.mail import returns
from core.inboxes.kinds import Configuration, MailAddress, Port, Shown, refuse

ACCOUNT, IN, MAILBOX, OUT = "Account", "Incoming mail", "Mailbox (IMAP)", "Outgoing mail"
CHECKS = "Who a mail is from"
BY_SMTP, BY_IMAP = ("smtp", "both"), ("imap", "both")
MEGABYTE = 1024 * 1024

Security = Literal["starttls", "tls", "none"]

_HANDED_OVER, _FETCHED, _BY_OAUTH = ("receive", BY_SMTP), ("receive", BY_IMAP), ("oauth", ("yes",))


def _one_word(host: str) -> str:
    if any(character.isspace() or character in "/@" for character in host):
        refuse("Only the name of the server, such as imap.example.com.")
    return host


def _token_url(url: str) -> str:
    place = urlsplit(url)
    is_here = place.scheme == "http" and place.hostname in ("127.0.0.1", "localhost")
    if url and (not place.hostname or not (place.scheme == "https" or is_here)):
        refuse("The whole address, beginning with https://.")
    return url


def _folder(name: str) -> str:
    if len(name) > 200 or not name.isprintable():
        refuse("That is no name of a folder.")
    return name


Folder = Annotated[str, AfterValidator(_folder)]


def _names(servers: tuple[str, ...]) -> tuple[str, ...]:
    """Names of servers, in lower case."""
    if any(not name or any(mark.isspace() or mark in ";=@/" for mark in name) for name in servers):
        refuse("Please give the name of one server a line, such as mx.example.com.")
    return tuple(dict.fromkeys(name.lower() for name in servers))


class MailConfiguration(Configuration):
    """One mailbox: mail is handed over by SMTP or fetched by IMAP, and sent by submission."""

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
    oauth: Annotated[
        bool,
        Shown(
            "Sign in by OAuth 2",
            "Microsoft 365 wants it, Google offers it. It counts for the mailbox and for outgoing mail, wherever a "
            "user name stands without a password.",
            ACCOUNT,
        ),
    ] = False
    oauth_token_url: Annotated[
        str,
        Shown(
            "Address for tokens",
            "Google: https://oauth2.googleapis.com/token. Microsoft: "
            "https://login.microsoftonline.com/…/oauth2/v2.0/token, with your tenant’s ID in place of the dots.",
            ACCOUNT,
            placeholder="https://oauth2.googleapis.com/token",
            when=_BY_OAUTH,
        ),
        AfterValidator(_token_url),
    ] = ""
    oauth_client_id: Annotated[
        str, Shown("Client ID", "Of the app that you registered at the provider.", ACCOUNT, when=_BY_OAUTH)
    ] = ""
    oauth_client_secret: Annotated[
        SecretStr, Shown("Client secret", "Empty for an app that has none.", ACCOUNT, when=_BY_OAUTH)
    ] = SecretStr("")
    oauth_refresh_token: Annotated[
        SecretStr,
        Shown(
            "Refresh token",
            "What the provider gave when the mailbox’s account agreed. How to get it stands in docs/channels/mail.md.",
            ACCOUNT,
            when=_BY_OAUTH,
        ),
    ] = SecretStr("")
    receive: Annotated[
        Literal["smtp", "imap", "both"],
        Shown(
            "How mail comes in",
            "",
            IN,
            options={
                "smtp": "A mail server hands it over (SMTP)",
                "imap": "Firstline fetches it from a mailbox (IMAP)",
                "both": "Both",
            },
        ),
    ] = "smtp"
    listen_host: Annotated[
        str,
        Shown(
            "Listen on",
            "The network address of this machine at which your mail server hands mail over. 127.0.0.1 takes it from "
            "this machine only, 0.0.0.0 from everywhere.",
            IN,
            when=_HANDED_OVER,
        ),
    ] = "127.0.0.1"
    listen_port: Annotated[
        Port,
        Shown(
            "Port",
            "Several mailboxes may share one port; each gets the mail to its own addresses.",
            IN,
            when=_HANDED_OVER,
        ),
    ] = 2525
    tls_certificate: Annotated[
        str,
        Shown(
            "Certificate file",
            "For encryption (STARTTLS): a PEM file on the machine that runs Firstline. Needed as soon as mail comes "
            "from other machines.",
            IN,
            placeholder="/etc/ssl/desk.pem",
            when=_HANDED_OVER,
        ),
    ] = ""
    tls_key: Annotated[
        str, Shown("Key file", "Leave it empty if the key is in the certificate file.", IN, when=_HANDED_OVER)
    ] = ""
    username: Annotated[
        str,
        Shown("Name to sign in", "If set, whoever hands mail over must sign in with it.", IN, when=_HANDED_OVER),
    ] = ""
    password: Annotated[SecretStr, Shown("Password to sign in", "", IN, when=_HANDED_OVER)] = SecretStr("")
    max_megabytes: Annotated[
        int,
        Field(ge=1, le=500),
        Shown(
            "Largest mail in MB",
            "Larger ones are refused, and their senders hear so. Fetched from a mailbox, they are set aside.",
            IN,
        ),
    ] = 50
    imap_host: Annotated[
        str, Shown("IMAP server", "", MAILBOX, placeholder="imap.example.com", when=_FETCHED), AfterValidator(_one_word)
    ] = ""
    imap_port: Annotated[
        Port, Shown("Port", "Usually 993 with TLS from the start, or 143.", MAILBOX, when=_FETCHED)
    ] = 993
    imap_security: Annotated[
        Security,
        Shown(
            "Encryption",
            "",
            MAILBOX,
            options={
                "tls": "TLS from the start (usual with port 993)",
                "starttls": "STARTTLS (usual with port 143)",
                "none": "None (only within this machine or a closed network)",
            },
            when=_FETCHED,
        ),
    ] = "tls"
    imap_username: Annotated[
        str, Shown("User name", "Often the e-mail address.", MAILBOX, placeholder="support@example.com", when=_FETCHED)
    ] = ""
    imap_password: Annotated[
        SecretStr,
        Shown("Password", "Some providers want one made for this program (app password).", MAILBOX, when=_FETCHED),
    ] = SecretStr("")
    imap_folder: Annotated[
        Folder, Shown("Folder", "What arrives in this folder becomes tickets.", MAILBOX, when=_FETCHED)
    ] = "INBOX"
    imap_begin: Annotated[
        Literal["new", "all"],
        Shown(
            "What lies there already",
            "Counts for the very first time only. After that nothing is left out, however long Firstline was away.",
            MAILBOX,
            options={
                "new": "Leave it: only what arrives from now on becomes tickets",
                "all": "Make tickets of it, and answer it",
            },
            when=_FETCHED,
        ),
    ] = "new"
    imap_afterwards: Annotated[
        Literal["leave", "seen", "move"],
        Shown(
            "When a mail has become a ticket",
            "Firstline remembers by itself what it has read, whatever others mark or move there.",
            MAILBOX,
            options={
                "leave": "Leave it as it is",
                "seen": "Mark it as read",
                "move": "Move it to another folder",
            },
            when=_FETCHED,
        ),
    ] = "leave"
    imap_done_folder: Annotated[
        Folder,
        Shown(
            "Folder for what has become a ticket",
            "It is made if there is none.",
            MAILBOX,
            placeholder="Firstline",
            when=("imap_afterwards", ("move",)),
        ),
    ] = ""
    imap_unreadable_folder: Annotated[
        Folder,
        Shown(
            "Folder for what could not be read",
            "In any case it waits in the console, under Quarantine. Empty: the mail stays where it is.",
            MAILBOX,
            when=_FETCHED,
        ),
    ] = ""
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

    @field_validator("oauth_token_url", "oauth_client_id", "oauth_refresh_token")
    @classmethod
    def _needed_for_tokens(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not text and info.data.get("oauth"):
            refuse("Signing in by OAuth 2 needs this.")
        return value

    @field_validator("password", "smtp_password")
    @classmethod
    def _goes_with_its_name(cls, password: SecretStr, info: ValidationInfo) -> SecretStr:
        name = info.data.get("username" if info.field_name == "password" else "smtp_username")
        is_spared = info.field_name == "smtp_password" and info.data.get("oauth")
        if name and not password.get_secret_value() and not is_spared:
            refuse("A name needs a password.")
        return password

    @field_validator("imap_host", "imap_username", "imap_password", "imap_folder")
    @classmethod
    def _needed_to_fetch(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        is_spared = info.field_name == "imap_password" and info.data.get("oauth")
        if not text and info.data.get("receive") in BY_IMAP and not is_spared:
            refuse("Please fill this in, so that mail can be fetched.")
        return value

    @field_validator("imap_done_folder", "imap_unreadable_folder")
    @classmethod
    def _another_folder(cls, name: str, info: ValidationInfo) -> str:
        if not name and info.field_name == "imap_done_folder" and info.data.get("imap_afterwards") == "move":
            refuse("Name the folder that mail is moved to.")
        if name and name == info.data.get("imap_folder"):
            refuse("This must be another folder than the one that is read.")
        return name

    @property
    def listens(self) -> bool:
        """Whether mail is handed over by SMTP."""
        return self.receive in BY_SMTP

    @property
    def fetches(self) -> bool:
        """Whether mail is fetched by IMAP."""
        return self.receive in BY_IMAP

    @property
    def changes_mailbox(self) -> bool:
        """Whether anything is marked or moved there."""
        return self.imap_afterwards != "leave" or bool(self.imap_unreadable_folder)

    @property
    def is_exclusive(self) -> bool:
        """Two that read one mailbox would read everything twice."""
        return self.fetches

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
