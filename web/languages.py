"""Texts of pages and mails in the reader's language: English in the code, German from the catalogue.

Requesters' texts are looked up by a tag (``core.values.spoken``): ``de-x-du`` has a catalogue of its own with what
differs from ``de``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from core.errors import DeskError
from core.values import language_of

LANGUAGES = ("de", "en")
LOCALE = Path(__file__).parent / "locale"

Translate = Callable[[str], str]


@cache
def catalogue(language: str) -> dict[str, str]:
    """The translations of a language by their English text; empty for English."""
    path = LOCALE / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def translator(tag: str) -> Translate:
    """The function that pages call ``_``: the text in that language, or in English where it is not translated."""
    known, own = catalogue(language_of(tag)), catalogue(tag)
    return lambda text: own.get(text) or known.get(text, text)


def explain(error: DeskError, language: str) -> str:
    """An error in the reader's language."""
    return translator(language)(error.template).format(**error.values)


def preferred(accept_language: str, default: str) -> str:
    """The first language of an Accept-Language header that there is."""
    for part in accept_language.split(","):
        code = part.partition(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return default


def asked_for(wanted: str, accept_language: str, default: str) -> str:
    """The language somebody chose on the page, else the browser's, else the desk's."""
    return wanted if wanted in LANGUAGES else preferred(accept_language, default)
