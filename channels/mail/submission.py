"""Mail out: submission to the server that takes our mail (RFC 6409), and its refusals in plain words."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import aiosmtplib

from channels.base import DeliveryError
from channels.mail.configuration import MailConfiguration
from channels.mail.connections import no_starttls, of_connection
from channels.mail.oauth import Tokens, refused_token
from core.errors import InboxProblem

TIMEOUT = 30.0


async def submit(mailbox: MailConfiguration, tokens: Tokens, sender: str, recipient: str, content: bytes) -> None:
    """Send a mail; ``sender`` is where it comes back to. Raises ``DeliveryError`` for what is wrong with the mail,
    ``InboxProblem`` if it is the mailbox."""
    async with _server(mailbox, tokens) as server:
        try:
            await server.sendmail(sender, [recipient], content)
        except aiosmtplib.SMTPSenderRefused:
            raise
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise _refusal(refused.code, refused.message) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code, error.message) from None


async def try_out(mailbox: MailConfiguration, tokens: Tokens) -> None:
    """Sign in, and ask whether mail may be sent from the mailbox's addresses. Raises ``InboxProblem``."""
    async with _server(mailbox, tokens) as server:
        await server.mail(mailbox.return_address(f"<{uuid.uuid4()}@{mailbox.address.rpartition('@')[2]}>"))
        await server.rset()


@asynccontextmanager
async def _server(mailbox: MailConfiguration, tokens: Tokens) -> AsyncIterator[aiosmtplib.SMTP]:
    """The server, signed in at; whatever goes wrong with it is the mailbox's problem."""
    if not mailbox.smtp_host:
        raise InboxProblem(
            "No server for outgoing mail is set, so answers cannot be sent.",
            "Enter the mail server that takes your mail under “Outgoing mail”.",
        )
    server = aiosmtplib.SMTP(
        hostname=mailbox.smtp_host,
        port=mailbox.smtp_port,
        use_tls=mailbox.smtp_security == "tls",
        start_tls=mailbox.smtp_security == "starttls",
        timeout=TIMEOUT,
    )
    try:
        await server.connect()
        if mailbox.smtp_username and (password := mailbox.smtp_password.get_secret_value()):
            await server.login(mailbox.smtp_username, password)
        elif mailbox.smtp_username:
            await _show_token(server, mailbox, tokens)
        yield server
        # The mail is taken: a server that hangs up without a word changes nothing about it.
        with suppress(aiosmtplib.SMTPException, OSError):
            await server.quit()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise _problem(error, mailbox) from None
    finally:
        server.close()


async def _show_token(server: aiosmtplib.SMTP, mailbox: MailConfiguration, tokens: Tokens) -> None:
    try:
        await server.auth_xoauth2(mailbox.smtp_username, await tokens.access())
    except aiosmtplib.SMTPAuthenticationError as error:
        tokens.forget()
        raise refused_token(mailbox.smtp_host, mailbox.smtp_username, _answer(error)) from None


def _refusal(code: int, text: str) -> DeliveryError:
    """A 5xx answer is final, a 4xx one is not (RFC 5321, 4.2.1); greylisting wants a minute or two."""
    permanent = 500 <= code < 600
    retry_after = None if permanent else timedelta(minutes=2)
    return DeliveryError(f"{code} {text}", permanent=permanent, retry_after=retry_after)


def _problem(error: Exception, mailbox: MailConfiguration) -> InboxProblem:
    place: dict[str, Any] = {"host": mailbox.smtp_host, "port": mailbox.smtp_port}
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return InboxProblem(
            "{host} did not accept the user name and password: {answer}",
            "Enter both again. Some providers want a password made for this program (app password).",
            answer=_answer(error),
            **place,
        )
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code in (530, 538):
        return InboxProblem(
            "{host} wants a user name and password, or another encryption: {answer}",
            "Enter the user name and password you have there, and check the encryption.",
            answer=_answer(error),
            **place,
        )
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code < 500:
        return InboxProblem(
            "{host} takes no mail right now: {answer}",
            "It is tried again by itself. If it stays, ask whoever runs that server.",
            answer=_answer(error),
            **place,
        )
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return InboxProblem(
            "{host} does not let us send from {address}: {answer}",
            "The user must be allowed to send from this address there.",
            address=mailbox.address,
            answer=_answer(error),
            **place,
        )
    if (known := of_connection(error, **place)) is not None:
        return known
    if "STARTTLS" in str(error):
        return no_starttls(**place)
    return InboxProblem(
        "{host}, port {port}, did not answer as a mail server does: {answer}",
        "Check port and encryption: 587 goes with STARTTLS, 465 with TLS from the start.",
        answer=_answer(error),
        **place,
    )


def _answer(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"[:300]
    return str(error)[:300]
