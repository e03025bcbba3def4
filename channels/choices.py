"""Choices where there are no buttons: a numbered list to read, and a typed number that picks one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.values import Choice

_NUMBER = re.compile(r"\s*[(#]?([1-9]\d?)[.)]?\s*(?:\n|$)")


def numbered(choices: Sequence[Choice]) -> str:
    """One choice a line, each with the number that picks it."""
    return "\n".join(f"{number}. {choice.title}" for number, choice in enumerate(choices, 1))


def option(text: str) -> int | None:
    """The number a message begins with, if that is all its first line says: ``InboundMessage.option``."""
    found = _NUMBER.match(text)
    return int(found.group(1)) if found else None
