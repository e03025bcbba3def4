"""What a mailbox's server refuses, and what else can go wrong there, in plain words."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from typing import Any

from imapclient.exceptions import IMAPClientAbortError

from channels.mail.configuration import MailConfiguration
from channels.mail.connections import of_connection
from channels.mail.oauth import refused_token
from core.errors import InboxProblem

_WRAPPING = re.compile(r"^(?:[\w ]+ (?:failed|command error): )?(?:BAD |NO )?\[?b?(['\"])(.*)\1\]?$", re.DOTALL)
_FAILED = re.compile(r"^\w+ failed: ")
_NOT_NOW = (
    "[unavailable]",
    "[inuse]",
    "[limit]",
    "[serverbug]",
    "too many",
    "maximum number",
    "try again",
    "throttled",
)
MAX_NAMED = 20
"""So many folders are named to choose from."""


def of(error: Exception, settings: MailConfiguration) -> InboxProblem:
    """Whatever the library raised, as the mailbox's problem."""
    place = _place(settings)
    if (known := of_connection(error, **place)) is not None:
        return known
    if isinstance(error, ssl.SSLError):
        return InboxProblem(
            "{host}, port {port}, does not speak TLS from the start.",
            "Check port and encryption: 993 goes with TLS from the start, 143 with STARTTLS.",
            **place,
        )
    if isinstance(error, IMAPClientAbortError | OSError):
        return InboxProblem(
            "The connection to {host} was lost: {reason}",
            "It is connected again by itself. If that does not help, check port and encryption.",
            reason=answer(error),
            **place,
        )
    if _is_passing(error):
        return _not_now(error, settings)
    return InboxProblem(
        "{host}, port {port}, did not answer as a mailbox does: {answer}",
        "Check port and encryption: 993 goes with TLS from the start, 143 with STARTTLS.",
        answer=answer(error),
        **place,
    )


def refused_login(settings: MailConfiguration, error: Exception, by_token: bool) -> InboxProblem:
    if _is_passing(error):
        return _not_now(error, settings)
    if by_token:
        return refused_token(settings.imap_host, settings.imap_username, answer(error))
    return InboxProblem(
        "{host} did not accept the user name and password: {answer}",
        "Enter both again. Some providers want a password made for this program (app password).",
        answer=answer(error),
        **_place(settings),
    )


def login_disabled(settings: MailConfiguration) -> InboxProblem:
    return InboxProblem(
        "{host} takes passwords only over an encrypted connection.",
        "Choose TLS from the start (port 993) or STARTTLS (port 143).",
        **_place(settings),
    )


def no_folder(settings: MailConfiguration, folder: str, names: Sequence[str], error: Exception) -> InboxProblem:
    return InboxProblem(
        "The folder “{folder}” cannot be opened: {answer}",
        "Enter one of the folders there are: {names}",
        folder=folder,
        answer=answer(error),
        names=", ".join(sorted(names)[:MAX_NAMED]) + (" …" if len(names) > MAX_NAMED else ""),
    )


def cannot_move(settings: MailConfiguration) -> InboxProblem:
    return InboxProblem(
        "{host} cannot move mails one by one (it knows neither MOVE nor UIDPLUS).",
        "Choose to leave mails where they are or to mark them as read, and name no folder.",
        **_place(settings),
    )


def not_tidied(settings: MailConfiguration, folder: str, reason: str) -> InboxProblem:
    """What was read was not moved (or, without a folder, marked)."""
    if not folder:
        return InboxProblem(
            "Mails have become tickets, but {host} does not let us mark them as read: {answer}",
            "The user must be allowed to change the folder. Or choose to leave mails as they are.",
            answer=reason,
            **_place(settings),
        )
    return InboxProblem(
        "Mails have become tickets, but cannot be moved to the folder “{folder}”: {answer}",
        "Make the folder in your mail program and enter its name as it stands there. Perhaps the mailbox is full.",
        folder=folder,
        answer=reason,
    )


def not_given(settings: MailConfiguration, reason: str) -> InboxProblem:
    return InboxProblem(
        "{host} does not give out one of the mails: {answer}",
        "It is tried again by itself, then set aside, and the others are read on.",
        answer=reason,
        **_place(settings),
    )


def answer(error: Exception) -> str:
    """What the server said, in one line, without the library's wrapping."""
    text = str(error)
    if (wrapped := _WRAPPING.match(text)) is not None:
        text = wrapped.group(2)
    return " ".join(_FAILED.sub("", text).split())[:300]


def _is_passing(error: Exception) -> bool:
    said = answer(error).casefold()
    return any(sign in said for sign in _NOT_NOW)


def _not_now(error: Exception, settings: MailConfiguration) -> InboxProblem:
    return InboxProblem(
        "{host} does not let us into the mailbox right now: {answer}",
        "It is tried again by itself. If it stays, ask whoever runs that server.",
        answer=answer(error),
        **_place(settings),
    )


def _place(settings: MailConfiguration) -> dict[str, Any]:
    return {"host": settings.imap_host, "port": settings.imap_port}
