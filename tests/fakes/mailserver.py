"""A real SMTP server that keeps what it is given: the outside world, as the desk's outgoing mail sees it."""

from __future__ import annotations

import email
import ssl
import threading
from email.message import Message
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.fakes.ports import free_port


class MailServer:
    """Runs in a thread of its own. ``answers`` are given to the next mails instead of 250, oldest first.

    With ``login`` it wants that name and password, with ``certificate`` (a PEM file) it offers STARTTLS; from
    ``refused_sender`` it takes nothing.
    """

    def __init__(
        self, login: tuple[str, str] | None = None, certificate: str = "", refused_sender: str = "", tls: bool = False
    ) -> None:
        self.mails: list[Message] = []
        self.answers: list[str] = []
        self._refused_sender = refused_sender
        self._arrived = threading.Condition()
        self.port = free_port()
        context = None
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)

        def authenticate(
            server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
        ) -> AuthResult:
            return AuthResult(success=(data.login.decode(), data.password.decode()) == login, handled=False)

        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context if tls else None,
            tls_context=None if tls else context,
            authenticator=authenticate if login is not None else None,
            auth_required=login is not None,
            auth_require_tls=False,
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self._refused_sender:
            return "550 5.7.1 not your address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content)
        # As the last server does it (RFC 5321, 4.4).
        mail["Return-Path"] = f"<{envelope.mail_from}>"
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
        return "250 OK"

    def wait_for(self, count: int, timeout: float = 20.0) -> list[Message]:
        """The first ``count`` mails. Fails if they do not come in time."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.mails) >= count, timeout), (
                f"only {len(self.mails)} of {count} mails came"
            )
            return list(self.mails[:count])


def text_of(mail: Message) -> str:
    """The plain text part."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content.decode("utf-8")
    return ""
