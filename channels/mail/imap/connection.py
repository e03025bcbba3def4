"""One connection to a mailbox (RFC 3501). Everything here blocks, except ``cut``, which any thread may call.

What goes wrong is raised as ``InboxProblem``; ``Refused`` alone is about what was asked for, and the connection lives
on. Mail is only ever looked at (``BODY.PEEK``): nothing is marked by being read.
"""

from __future__ import annotations

import logging
import selectors
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from channels.mail.configuration import MailConfiguration
from channels.mail.connections import no_starttls
from channels.mail.imap import problems

CONNECT_TIMEOUT, TIMEOUT = 15.0, 60.0
"""Seconds until somebody answers, and without any progress afterwards."""
IDLE_FOR, POLL = 120.0, 30.0
"""Seconds of one IDLE (RFC 2177 allows 29 minutes, routers far less), and between looks where there is no IDLE."""
HEAD = b"BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT)]"
BODY = b"BODY[]"

# The library writes down everything that is said, passwords and mails included.
logging.getLogger("imapclient").setLevel(logging.WARNING)


class Refused(Exception):
    """The server would not do one thing; its own words."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What the server says of the folder: all its mails' numbers (UIDs) hold within ``uid_validity``."""

    uid_validity: int
    uid_next: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail as the server lists it; ``size`` in bytes, ``arrived_at`` when it came into the folder."""

    uid: int
    size: int
    arrived_at: datetime


class _Client(IMAPClient):  # type: ignore[misc]
    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> object:
        # What came together with the consent to IDLE has been read already, and no poll tells of it.
        return timeout == 0 or super()._poll_socket(sock, timeout)


class Connection:
    def __init__(self, settings: MailConfiguration) -> None:
        self._settings = settings
        self._client: _Client | None = None
        self._is_cut = False

    def open(self, token: str) -> Folder:
        """Connect, sign in (by the token where there is no password) and open the folder, for writing only if something
        is to be written there."""
        settings = self._settings
        with self._explained():
            self._client = client = self._connect()
            client.normalise_times = False
            if self._is_cut:
                raise IMAPClientAbortError("cut off")
            self._sign_in(client, token)
            return self._select(client, settings.imap_folder)

    def after(self, uid: int) -> list[int]:
        """The numbers of all mails behind this one, in their order."""
        # In "n:*" the star is the last mail, even if its number is below n (RFC 3501, 6.4.8).
        with self._explained():
            found = self._signed_in.search(["UID", f"{uid + 1}:*"])
            return sorted(one for one in found if one > uid)

    def listed(self, uids: Sequence[int]) -> list[Listed]:
        """These mails, except those that are gone."""
        with self._explained():
            found = self._signed_in.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"])
            return [
                Listed(uid, found[uid][b"RFC822.SIZE"], found[uid][b"INTERNALDATE"])
                for uid in uids
                if b"RFC822.SIZE" in found.get(uid, {})
            ]

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The mails, except those that are gone. Raises ``Refused``."""
        with self._explained(), _refusing():
            found = self._signed_in.fetch(uids, ["BODY.PEEK[]"])
            if any(not one.get(BODY) for one in found.values()):
                raise IMAPClientError("the mail came empty")  # some servers' way to say that they cannot read it
            return {uid: one[BODY] for uid, one in found.items()}

    def head(self, uid: int) -> bytes:
        """The headers that tell a mail from others, where it is not fetched itself; empty if they cannot be had."""
        with self._explained():
            try:
                found = self._signed_in.fetch([uid], [HEAD.replace(b"BODY", b"BODY.PEEK")])
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                return b""
            return bytes(found.get(uid, {}).get(HEAD) or b"")

    def mark(self, uids: Sequence[int]) -> None:
        """Mark as read. Raises ``Refused``."""
        with self._explained(), _refusing():
            self._signed_in.add_flags(uids, [b"\\Seen"], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move to a folder, which is made if there is none (RFC 6851, else RFC 4315). Raises ``Refused``."""
        with self._explained(), _refusing():
            client = self._signed_in
            if not client.folder_exists(folder):
                client.create_folder(folder)
                client.subscribe_folder(folder)
            if client.has_capability("MOVE"):
                client.move(uids, folder)
                return
            client.copy(uids, folder)
            client.add_flags(uids, [b"\\Deleted"], silent=True)
            client.uid_expunge(uids)

    def require_move(self) -> None:
        """Whether mails can be moved at all."""
        with self._explained():
            client = self._signed_in
            if not client.has_capability("MOVE") and not client.has_capability("UIDPLUS"):
                raise problems.cannot_move(self._settings)

    def wait(self) -> None:
        """Until something happens in the folder, or for a while."""
        with self._explained():
            client = self._signed_in
            if client.has_capability("IDLE"):
                client.idle()
                if not client.idle_check(0):
                    client.idle_check(IDLE_FOR)
                client.idle_done()
            else:
                with selectors.DefaultSelector() as waiting:
                    waiting.register(client.socket(), selectors.EVENT_READ)
                    waiting.select(POLL)
                client.noop()

    def close(self) -> None:
        """Sign out, as far as that is possible."""
        if self._client is not None:
            with suppress(IMAPClientError, OSError):
                self._client.logout()

    def cut(self) -> None:
        """End it at once: whatever waits for the server fails."""
        self._is_cut = True
        if self._client is not None:
            with suppress(OSError):
                # Not the method of an SSL socket, which is not made for two threads.
                socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)

    def release(self) -> None:
        """Let go of the socket, when nothing waits for it any more."""
        if self._client is not None:
            with suppress(IMAPClientError, OSError):
                self._client.shutdown()

    @property
    def _signed_in(self) -> _Client:
        if self._client is None:
            raise IMAPClientAbortError("not connected")
        return self._client

    def _connect(self) -> _Client:
        settings = self._settings
        context = ssl.create_default_context()
        client = _Client(
            settings.imap_host,
            settings.imap_port,
            ssl=settings.imap_security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(CONNECT_TIMEOUT, TIMEOUT),
        )
        client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if settings.imap_security == "starttls":
            if not client.has_capability("STARTTLS"):
                raise no_starttls(settings.imap_host, settings.imap_port)
            client.starttls(context)
        return client

    def _sign_in(self, client: _Client, token: str) -> None:
        settings = self._settings
        name, password = settings.imap_username, settings.imap_password.get_secret_value()
        if password and client.has_capability("LOGINDISABLED"):
            raise problems.login_disabled(settings)
        try:
            if not password:
                client.oauth2_login(name, token)
            elif (name + password).isascii():
                client.login(name, password)
            else:
                # LOGIN knows ASCII only; PLAIN (RFC 4616) is UTF-8.
                client.plain_login(name, password)
        except LoginError as error:
            # The library makes one error of a refusal and of a lost connection.
            if isinstance(error.__context__, IMAPClientAbortError):
                raise error.__context__ from None
            raise problems.refused_login(settings, error, by_token=not password) from None

    def _select(self, client: _Client, folder: str) -> Folder:
        try:
            found = client.select_folder(folder, readonly=not self._settings.changes_mailbox)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:
            names = [str(name) for _, _, name in client.list_folders()]
            raise problems.no_folder(self._settings, folder, names, error) from None
        if not found.get(b"UIDNEXT"):
            found |= client.folder_status(folder, ["UIDNEXT"])
        return Folder(int(found.get(b"UIDVALIDITY", 0)), int(found[b"UIDNEXT"]))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (IMAPClientError, OSError, UnicodeError) as error:
            raise problems.of(error, self._settings) from None


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except IMAPClientAbortError:
        raise
    except IMAPClientError as error:
        raise Refused(problems.answer(error)) from None
