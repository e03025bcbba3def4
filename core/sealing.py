"""Secrets at rest: encrypted with a key that follows from the desk's ``secret``, so that the database alone gives none.

Whoever changes ``secret`` names the old value in ``previous_secrets``: what it sealed can then still be read, and is
sealed anew at the next start. Without it, sealed values are lost and have to be entered again.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"firstline sealed settings 1"


class CannotOpen(Exception):
    """The value was sealed with a secret that this desk does not know."""


class Seal:
    """Seals and opens short texts (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, secret: str, previous: Sequence[str] = ()) -> None:
        if not secret:
            raise ValueError("sealing needs a secret")
        self._newest = _key(secret)
        self._keys = MultiFernet([self._newest, *map(_key, previous)])

    def close(self, text: str) -> str:
        """The text, sealed with the newest secret."""
        return self._newest.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises ``CannotOpen``."""
        try:
            return self._keys.decrypt(sealed).decode()
        except (InvalidToken, ValueError):
            raise CannotOpen from None

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest secret alone opens it."""
        try:
            self._newest.decrypt(sealed)
        except (InvalidToken, ValueError):
            return False
        return True


def _key(secret: str) -> Fernet:
    # RFC 5869; the secret is long and random, so no slow hash is needed.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
