"""Signed values that travel through other people's hands: links in mails, a chat visitor's token, an uploaded file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer


class InvalidToken(Exception):
    """The token was not made by this desk, or for something else."""


class ExpiredToken(InvalidToken):
    """The token was good once."""


class Signer:
    """Signs values for one purpose; a token of another purpose never fits."""

    def __init__(self, secret: str, purpose: str) -> None:
        if not secret:
            raise ValueError("signing needs a secret")
        self._serializer = URLSafeTimedSerializer(secret, salt=f"firstline.{purpose}")

    def sign(self, value: Any) -> str:
        """A URL-safe token for a JSON value; it carries the time it was made."""
        return self._serializer.dumps(value)

    def read(self, token: str, max_age: timedelta) -> Any:
        """The value. Raises ``ExpiredToken`` or ``InvalidToken``."""
        try:
            return self._serializer.loads(token, max_age=int(max_age.total_seconds()))
        except SignatureExpired:
            raise ExpiredToken("This link has expired.") from None
        except BadSignature:
            raise InvalidToken("This link is not valid.") from None
