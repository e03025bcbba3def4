"""What keeps us from a mail server, in plain words, whatever is spoken there."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

from core.errors import InboxProblem


def of_connection(error: BaseException, host: str, port: int) -> InboxProblem | None:
    """The problem if there is no connection, or none that can be trusted; None if it is something else."""
    place = {"host": host, "port": port}
    return next((known for cause in _causes(error) if (known := _of_cause(cause, place)) is not None), None)


def no_starttls(host: str, port: int) -> InboxProblem:
    return InboxProblem(
        "{host} offers no STARTTLS at port {port}.", "Choose another encryption or port.", host=host, port=port
    )


def _of_cause(error: BaseException, place: dict[str, Any]) -> InboxProblem | None:
    match error:
        case ssl.SSLCertVerificationError():
            return InboxProblem(
                "The certificate of {host} cannot be trusted: {reason}",
                "Use the server's name as it stands in its certificate, or have the certificate mended.",
                reason=error.verify_message,
                **place,
            )
        case socket.gaierror():
            return InboxProblem("There is no server {host}.", "Check the name of the mail server.", **place)
        case ConnectionRefusedError():
            return InboxProblem(
                "Nothing listens on {host}, port {port}.", "Check the port, and whether the server runs.", **place
            )
        case TimeoutError():
            return InboxProblem(
                "{host} does not answer on port {port}.",
                "Check address and port, and whether a firewall is in between.",
                **place,
            )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
