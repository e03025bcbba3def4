"""German or English? Short words must not flip what is already known of the writer."""

from __future__ import annotations

import math
import re
import threading

import py3langid

LANGUAGES = ("de", "en")
SURE = 0.95
"""From this probability on, a text may change the language that was remembered."""
FEW_LETTERS = 12
"""Shorter texts say too little, unless they use a word that only one language has."""

_GERMAN = re.compile(
    r"\b(ich|und|nicht|der|die|das|mein|meine|ist|hab|habe|kein|keine|bitte|geht|danke|ja|nein|nee|wir|mit|auf|hallo"
    r"|gelöst|noch|wieder|doch|auch|jetzt|leider|guten|moin|servus|kaputt|langsam|drucker|rechner|passwort|vergessen"
    r"|gesperrt|bildschirm|tastatur|maus|hilfe|leer|ist|sind|ein|eine|einen|im|vom|zum|seit|kann|mir|mich|wie|wo|warum|nur|nix)\b|[äöüß]",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(the|and|not|my|is|can't|cannot|please|thanks|thank|yes|hello|hi|works|it|i'm|we|with|on|have|still|again"
    r"|doesn't|don't|you|how|what|need|broken|slow|dead|printer|screen|keyboard|mouse|password|forgot|locked|help"
    r"|working|fails|frozen|crashes|stuck)\b",
    re.IGNORECASE,
)
_lock = threading.Lock()
_restricted: list[bool] = []


def detect(text: str, known: str | None = None) -> str:
    """The text's language; ``known`` (the writer's so far) wins while the text does not clearly say otherwise."""
    letters = sum(character.isalpha() for character in text)
    german, english = len(_GERMAN.findall(text)), len(_ENGLISH.findall(text))
    if german != english and min(german, english) == 0 and (letters >= FEW_LETTERS or known is None):
        return "de" if german else "en"
    if letters < FEW_LETTERS:
        return known or ("en" if english > german else "de")
    language, probability = _identify(text)
    if known is not None and probability < SURE:
        return known
    return language


def evident(text: str) -> str | None:
    """The language a text is in as far as it shows by itself; None if it does not.

    For the first words of somebody of whom only the page's language is known: two words of English are English then.
    """
    german, english = len(_GERMAN.findall(text)), len(_ENGLISH.findall(text))
    if german != english and min(german, english) == 0:
        return "de" if german else "en"
    if sum(character.isalpha() for character in text) < FEW_LETTERS:
        return None
    language, probability = _identify(text)
    return language if probability >= SURE else None


def _identify(text: str) -> tuple[str, float]:
    """The likelier language and its probability, from the two log-likelihoods."""
    with _lock:
        if not _restricted:
            py3langid.set_languages(list(LANGUAGES))
            _restricted.append(True)
        (best, score), (_, second) = py3langid.rank(text)[:2]
    return str(best), 1 / (1 + math.exp(min(50.0, float(second) - float(score))))
