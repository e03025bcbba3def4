"""What is set of a telephone line: which telephone system tells of its calls, and how that is known to be true."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr, ValidationInfo

from core.inboxes.kinds import Configuration, Region, Shown, refuse

SHORTEST_SECRET = 16
SYSTEM = "Telephone system"
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        refuse("Small letters, digits and hyphens only, such as “main” or “berlin”.")
    return text


def _secret(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    text = secret.get_secret_value()
    if info.data.get("provider") != "none" and not text:
        refuse("Make up a secret of at least {least} characters: it keeps others from inventing calls.", least=16)
    if text and len(text) < SHORTEST_SECRET:
        refuse("The secret must have at least {least} characters.", least=SHORTEST_SECRET)
    return secret


class PhoneConfiguration(Configuration):
    """One line, or a group of them."""

    key: Annotated[
        str,
        AfterValidator(_key),
        Shown(
            "Key", "Names this line in the address that the telephone system calls. If you change it, change it there."
        ),
    ] = "main"
    provider: Annotated[
        Literal["none", "sipgate", "webhook"],
        Shown(
            "Telephone system",
            "It tells the desk of calls while they happen. Without one, calls are written down by hand.",
            options={"none": "None", "sipgate": "sipgate.io", "webhook": "Another one (webhook)"},
        ),
    ] = "none"
    secret: Annotated[
        SecretStr,
        AfterValidator(_secret),
        Shown(
            "Secret",
            "Make one up: at least 16 characters that nobody can guess. The address to be called is made of it.",
            when=("provider", ("sipgate", "webhook")),
        ),
    ] = SecretStr("")
    proof: Annotated[
        Literal["address", "signature"],
        Shown(
            "How calls are known to be genuine",
            "By an address that only you and the telephone system know, or by a signature made with the secret.",
            options={"address": "By the secret address", "signature": "By a signature (HMAC)"},
            when=("provider", ("webhook",)),
        ),
    ] = "address"
    region: Region = ""
    missed: Annotated[
        bool,
        Shown("Make a ticket of every missed call", "So that somebody calls back. Withheld numbers make none."),
    ] = True

    @property
    def inbox_address(self) -> str:
        return self.key

    @property
    def path(self) -> str:
        """Where the telephone system hands in what happens."""
        return f"/phone/{self.key}" if self.is_signed else f"/phone/{self.key}/{self.password}"

    @property
    def is_signed(self) -> bool:
        return self.provider == "webhook" and self.proof == "signature"

    @property
    def password(self) -> str:
        """The part of the address that nobody can guess; the secret itself does not stand in it."""
        return self.sign(f"firstline phone {self.key}".encode())[:32]

    def sign(self, body: bytes) -> str:
        """HMAC-SHA-256 (RFC 2104) of it with the secret, in hexadecimal digits."""
        return hmac.digest(self.secret.get_secret_value().encode(), body, hashlib.sha256).hex()
