"""Looking up what domains publish about their mail. No mail waits for it long; where nobody answers it gives up."""

from __future__ import annotations

import threading
import time
from typing import Protocol

import dns.exception
import dns.resolver

LOOKUP = 2.0
"""Seconds one question may take."""
KEPT = 600.0
"""Seconds an answer is kept, and how long nothing is asked after nobody answered."""
FAILURES = 3
"""So many questions in a row that nobody answers, and none are asked for a while."""
MAX_KEPT = 2000


class Unanswered(Exception):
    """Nobody answered; that says nothing about the domain."""


class Resolver(Protocol):
    def txt(self, name: str) -> str | None:
        """The text record of a name, None if it has none. Blocks for seconds at most. Raises ``Unanswered``."""
        ...


class DnsResolver:
    """Asks the system's name servers. Used from several threads."""

    def __init__(self, resolver: dns.resolver.Resolver) -> None:
        self._resolver = resolver
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str | None]] = {}
        self._failures = 0
        self._silent_until = 0.0

    @classmethod
    def of_system(cls) -> DnsResolver | None:
        """None where the system names no server to ask."""
        try:
            resolver = dns.resolver.Resolver()
        except dns.exception.DNSException:
            return None
        return cls(resolver) if resolver.nameservers else None

    def txt(self, name: str) -> str | None:
        name = name.rstrip(".").lower()
        now = time.monotonic()
        with self._lock:
            known = self._known.get(name)
            if known is not None and known[0] > now:
                return known[1]
            if now < self._silent_until:
                raise Unanswered(name)
        found = self._ask(name)
        with self._lock:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            self._known[name] = (now + KEPT, found)
        return found

    def _ask(self, name: str) -> str | None:
        try:
            answer = self._resolver.resolve(name, "TXT", lifetime=LOOKUP, search=False)
            texts = [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            texts = []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            with self._lock:
                self._failures += 1
                if self._failures >= FAILURES:
                    self._silent_until, self._failures = time.monotonic() + KEPT, 0
            raise Unanswered(name) from error
        with self._lock:
            self._failures = 0
        return next((text for text in texts if text.startswith("v=")), texts[0] if texts else None)
