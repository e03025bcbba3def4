"""Bringing a text into the shape that was trained on. Pure."""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 512
SHOUTING = 0.6
"""From this share of capitals on, a text is lower-cased: the encoder hears capitals as other words."""


def prepare(text: str) -> str:
    """Composed, capped, without NUL and lone surrogates; shouting is lower-cased."""
    clean = unicodedata.normalize("NFC", text.replace("\0", " ").encode("utf-8", "ignore").decode())
    clean = " ".join(clean.split())[:MAX_CHARACTERS]
    letters = list(filter(str.isalpha, clean))
    if len(letters) > 3 and sum(map(str.isupper, letters)) / len(letters) > SHOUTING:
        clean = clean.lower()
    return clean


def has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))
