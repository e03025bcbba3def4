"""The SMTP server that takes mail in: one for every address and port, shared by the mailboxes that name it."""

from __future__ import annotations

import asyncio
import errno
import functools
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, AnyStr, NamedTuple, Protocol

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from channels.mail.configuration import MEGABYTE, MailConfiguration
from core.errors import InboxProblem
from core.inboxes.kinds import InboxSettings
from core.values import Receipt

log = structlog.get_logger(__name__)

_PLAIN_PATH = re.compile(r"\s*<([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,255})>(.*)")
"""The path of MAIL and RCPT (RFC 5321, 4.1.2) as nearly all mail has it, and what follows it."""

TIMEOUT, CROWDED_TIMEOUT = 300.0, 30.0
"""Seconds that a connection may be silent: as long as RFC 5321 (4.5.3.2.7) asks, and shorter when many are there."""
TRANSFER_TIMEOUT = 900.0
"""Seconds that a mail may take to come."""

_LINE_TOO_LONG = "500 Line too long (see RFC5321 4.5.3.1.6)"
"""What the library says of a line of a mail."""

Mailbox = InboxSettings[MailConfiguration]


class Taker(Protocol):
    """Whose mail it is."""

    async def take_in(self, raw: bytes, envelope_sender: str | None) -> Receipt:
        """Document one raw mail; returns after the commit."""
        ...

    def is_ours(self, address: str) -> bool:
        """Whether an address belongs to any mailbox of the desk, one at rest included."""
        ...


class _Manner(NamedTuple):
    """How a listener deals with whoever hands mail over; mailboxes that share one must agree in it."""

    max_megabytes: int
    tls_certificate: str
    tls_key: str
    username: str
    password: str

    @classmethod
    def of(cls, mailbox: MailConfiguration) -> _Manner:
        password = mailbox.password.get_secret_value()
        return cls(mailbox.max_megabytes, mailbox.tls_certificate, mailbox.tls_key, mailbox.username, password)


class Listeners:
    """The listeners of one process."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], Listener] = {}
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def join(self, mailbox: Mailbox, taker: Taker) -> AsyncIterator[int]:
        """Take mail for a mailbox for as long as the block lasts; gives the port. Raises ``InboxProblem``."""
        settings = mailbox.configuration
        place = (settings.listen_host, settings.listen_port)
        async with self._turn:
            listener = self._running.get(place) or Listener(_Manner.of(settings))
            listener.require_room(mailbox)
            if not listener.is_open:
                await listener.open(*place)
            # Port 0 means any free one, which nobody else asked for.
            if settings.listen_port:
                self._running[place] = listener
            listener.add(mailbox, taker)
        try:
            yield listener.port
        finally:
            if listener.remove(mailbox):
                self._running.pop(place, None)
                listener.close()

    async def try_out(self, mailbox: Mailbox) -> None:
        """Whether the mailbox could take mail where it is set. Raises ``InboxProblem``."""
        settings = mailbox.configuration
        running = self._running.get((settings.listen_host, settings.listen_port))
        if running is not None:
            running.require_room(mailbox)
            return
        listener = Listener(_Manner.of(settings))
        try:
            await listener.open(settings.listen_host, settings.listen_port)
        finally:
            listener.close()


class Room:
    """Who is connected: so many at once, and so many of one address (as Postfix's ``smtpd_client_…_limit``)."""

    def __init__(self, most: int = 200, most_of_one: int = 50) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._connected: dict[object, str] = {}

    @property
    def is_crowded(self) -> bool:
        return len(self._connected) > self._most // 2

    def enter(self, connection: object, host: str) -> bool:
        """False if there is no room; whoever is let in must ``leave``."""
        of_one = sum(other == host for other in self._connected.values())
        if len(self._connected) >= self._most or of_one >= self._most_of_one:
            return False
        self._connected[connection] = host
        return True

    def leave(self, connection: object) -> None:
        self._connected.pop(connection, None)


class _Smtp(SMTP):
    """One connection; where there is no ``room`` for it, it is told to come back later."""

    line_length_limit = 64 * 1024
    """Bytes of a command. Nobody is to fill the memory before they have named who a mail is for."""

    def __init__(self, room: Room, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._room = room
        self._is_admitted = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Comes a second time when the connection becomes encrypted.
        if self._original_transport is None:
            self._is_admitted = self._room.enter(self, str((transport.get_extra_info("peername") or ("",))[0]))
            if self._room.is_crowded:
                self._timeout_duration = CROWDED_TIMEOUT
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._room.leave(self)
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if self._is_admitted:
            await super()._handle_client()
            return
        await self.push("421 4.7.0 Too many connections at once, please try again later")
        if self.transport is not None:
            self.transport.close()

    async def push(self, status: AnyStr) -> None:
        if status == _LINE_TOO_LONG:
            # A line that is longer than a mail may be is a mail that is too large.
            await super().push("552 Error: Too much mail data")
        else:
            await super().push(status)

    @functools.wraps(SMTP.smtp_DATA)
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        # Real mail has lines far longer than RFC 5321 allows, and refusing them loses it: a line may be as long as the
        # mail. The library counts the time from the last command, which a large mail on a slow line outlasts.
        allowed, most = self.line_length_limit, max(self.data_size_limit or 0, self.line_length_limit)
        self._reset_timeout(TRANSFER_TIMEOUT)
        self.line_length_limit = self._reader._limit = most  # type: ignore[attr-defined]
        try:
            await super().smtp_DATA(arg)
        finally:
            self.line_length_limit = self._reader._limit = allowed  # type: ignore[attr-defined]
            self._reset_timeout()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # The library builds a parse tree, and a class, for each address: a tenth of all that a mail costs.
        if (plain := _PLAIN_PATH.fullmatch(arg)) is not None:
            return plain.group(1), plain.group(2)
        return super()._getaddr(arg)


class Listener:
    """One SMTP server; aiosmtpd calls its ``handle_…``."""

    def __init__(self, manner: _Manner) -> None:
        self._manner = manner
        self._mailboxes: dict[str, tuple[Mailbox, Taker]] = {}
        self._server: asyncio.Server | None = None
        self._tls: ssl.SSLContext | None = None
        self._room = Room()

    @property
    def is_open(self) -> bool:
        return self._server is not None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def require_room(self, mailbox: Mailbox) -> None:
        """Raises ``InboxProblem`` if the mailbox cannot be served here beside the others."""
        others = {address for address, (other, _) in self._mailboxes.items() if other.id != mailbox.id}
        if others and _Manner.of(mailbox.configuration) != self._manner:
            raise InboxProblem(
                "Another mailbox already takes mail at port {port}, with other encryption, sign-in or size.",
                "Give both the same settings for incoming mail, or this one another port.",
                port=mailbox.configuration.listen_port,
            )
        if taken := sorted(others & mailbox.configuration.own_addresses):
            raise InboxProblem(
                "Another mailbox already takes the mail to {address}.",
                "Remove the address from one of the two.",
                address=taken[0],
            )

    async def open(self, host: str, port: int) -> None:
        self._tls = _context(self._manner)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._protocol, host, port)
        except OSError as error:
            raise _cannot_listen(error, host, port) from None
        log.info("smtp_listening", host=host, port=self.port)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def add(self, mailbox: Mailbox, taker: Taker) -> None:
        self._mailboxes |= dict.fromkeys(mailbox.configuration.own_addresses, (mailbox, taker))

    def remove(self, mailbox: Mailbox) -> bool:
        """True if none is left."""
        self._mailboxes = {key: one for key, one in self._mailboxes.items() if one[0] is not mailbox}
        return not self._mailboxes

    def _protocol(self) -> SMTP:
        manner = self._manner
        first = next(iter(self._mailboxes), "@localhost")
        return _Smtp(
            self._room,
            self,
            hostname=first.rpartition("@")[2],
            ident="Firstline",
            data_size_limit=manner.max_megabytes * MEGABYTE,
            enable_SMTPUTF8=True,
            decode_data=False,
            tls_context=self._tls,
            authenticator=self._authenticate if manner.username else None,
            auth_required=bool(manner.username),
            auth_require_tls=self._tls is not None,
            auth_exclude_mechanism=() if manner.username else ("LOGIN", "PLAIN"),
            timeout=TIMEOUT,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = (
            isinstance(data, LoginPassword)
            and data.login.decode("utf-8", "replace") == self._manner.username
            and data.password.decode("utf-8", "replace") == self._manner.password
        )
        return AuthResult(success=good, handled=good)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [line for line in responses if self._manner.username or not line.startswith("250-AUTH")]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if (plain := _plain(address)) not in self._mailboxes:
            if any(taker.is_ours(plain) for _, taker in self._mailboxes.values()):
                return "450 4.2.1 This mailbox takes no mail right now, please try again later"
            return "550 5.1.1 This desk does not take mail for that address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        assert isinstance(raw, bytes)
        try:
            taken = [await taker.take_in(raw, envelope.mail_from) for taker in self._takers(envelope)]
            return f"250 2.6.0 {taken[0].outcome}"
        except Exception:  # whatever it is, the sender's server keeps the mail and comes back
            log.exception("mail_not_taken", size=len(raw))
            return "451 4.3.0 Not stored, please try again later"

    def _takers(self, envelope: Envelope) -> list[Taker]:
        """Each mailbox the mail is for, once. Raises ``KeyError`` if one was paused in between."""
        found = {mailbox.id: taker for mailbox, taker in (self._mailboxes[_plain(one)] for one in envelope.rcpt_tos)}
        return list(found.values())


def _plain(address: str) -> str:
    """An address without what stands behind a plus (RFC 5233), in lower case."""
    local, _, host = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{host}"


def _context(manner: _Manner) -> ssl.SSLContext | None:
    if not manner.tls_certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(manner.tls_certificate, manner.tls_key or None)
    except (OSError, ssl.SSLError) as error:
        raise InboxProblem(
            "The certificate {path} cannot be used: {reason}",
            "Both files must be PEM, belong together and be readable for the program.",
            path=manner.tls_certificate,
            reason=error.strerror or error,
        ) from None
    return context


def _cannot_listen(error: OSError, host: str, port: int) -> InboxProblem:
    match error.errno:
        case errno.EADDRINUSE:
            return InboxProblem(
                "Port {port} on {host} is in use by another program.",
                "Choose another port, or stop the other program. If it is another process of this desk, all is well.",
                port=port,
                host=host,
            )
        case errno.EACCES | errno.EPERM:
            return InboxProblem(
                "This program may not listen on port {port}.",
                "Ports below 1024 need a special right. Use 2525, and let your mail server or firewall pass mail on.",
                port=port,
            )
        case errno.EADDRNOTAVAIL:
            return InboxProblem(
                "This machine has no network address {host}.",
                "Use 127.0.0.1 for this machine alone, 0.0.0.0 for all its addresses.",
                host=host,
            )
        case _:
            return InboxProblem(
                "The desk cannot listen on {host}, port {port}: {reason}",
                "Check the network address and the port.",
                host=host,
                port=port,
                reason=error.strerror or error,
            )
