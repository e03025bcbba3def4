"""Return addresses of their own (VERP): a bounce that quotes nothing still names the mail that it is about. Pure.

``support@desk.example`` sends from ``support+b-<id>@desk.example`` (RFC 5233 gives what stands behind the plus to
whoever has the address). The id is that of our Message-ID, which only those know who got the mail.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from channels.mail.headers import Headers

LONGEST = 64
"""Characters of what stands before the @ (RFC 5321, 4.5.3.1.1)."""

_OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>@\s]{1,255})>")
_RETURNED = re.compile(r"[^\s<>@\"(),:;]{1,64}\+b-([0-9a-f]{32})@([^\s<>@\"(),:;]{1,255})", re.IGNORECASE)
_FIELDS = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")


def return_address(address: str, message_id: str) -> str:
    """Where a mail of ours comes back to; the plain address if its id is of another kind or there is no room for it."""
    local, _, domain = address.rpartition("@")
    match = _OURS.fullmatch(message_id)
    if match is None or match.group(2) != domain:
        return address
    own = f"{local}+b-{uuid.UUID(match.group(1)).hex}"
    return f"{own}@{domain}" if len(own) <= LONGEST and "+" not in local else address


def returned_ids(headers: Headers) -> Iterator[str]:
    """The Message-IDs of ours to whose return addresses a mail came."""
    for name in _FIELDS:
        for value in headers.all(name)[:5]:
            for found, domain in _RETURNED.findall(value)[:5]:
                yield f"<{uuid.UUID(found)}@{domain.lower()}>"
