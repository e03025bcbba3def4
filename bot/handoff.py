"""Handing over to people: what they get to read, and what the person hears."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.content import LANGUAGES, View
from bot.flows import GUIDED
from bot.responses import Voice
from bot.state import State
from core.values import Draft, Handoff

WORTH_SAYING = 0.05
"""A second or third guess below this confidence tells nobody anything."""


def handoff(view: View, state: State, intent: str | None, reason: str, words: str) -> Handoff:
    """The handoff with its packet. ``words`` is what the person said first."""
    spec = view.intents.get(intent or "")
    team = spec.team if spec is not None and spec.direct else None
    return Handoff(reason=reason, packet=packet(view, state, intent, reason, words), team=team)


def packet(view: View, state: State, intent: str | None, reason: str, words: str) -> dict[str, Any]:
    """What people get to read and whoever takes over after them: what was said, understood, collected and tried."""
    spec = view.intents.get(intent or "")
    return {
        "reason": reason,
        "summary": {language: _summary(view, state, intent, words, language) for language in LANGUAGES},
        "intents": [
            {"intent": name, "label": dict(view.intents[name].label), "confidence": confidence}
            for place, (name, confidence) in enumerate(state.ranking[:3])
            if name in view.intents and (place == 0 or confidence >= WORTH_SAYING)
        ],
        "collected": [
            {"slot": slot, "label": slot_label(view, slot), "value": value}
            for slot, value in state.slots.items()
            if not slot.endswith(GUIDED) and value not in (None, "")
        ],
        "tried": [{"slot": slot, "label": slot_label(view, slot), "helped": helped} for slot, helped in state.tried],
        "topics": [dict(view.intents[topic].label) for topic in state.topics if topic in view.intents],
        "solver": spec.team if spec is not None else "service-desk",
    }


def letter_announcement(voice: Voice, now: datetime, opening: datetime | None) -> Draft:
    """The same for somebody who wrote a letter and is not waiting in front of a screen."""
    if opening is not None and opening > now:
        return voice.draft("utter_letter_handoff_closed", opening=voice.moment(opening, now))
    return voice.draft("utter_letter_handoff_open")


def announcement(
    voice: Voice, now: datetime, opening: datetime | None, queue_length: int, usual_wait: timedelta | None
) -> Draft:
    """What happens next and when: the place in the queue and the usual wait, or when the desk opens.

    ``opening`` is the next moment people are there; ``now`` itself when they are, None when nobody knows.
    """
    if opening is not None and opening > now:
        return voice.draft("utter_handoff_closed", opening=voice.moment(opening, now))
    if usual_wait is None:
        return voice.draft("utter_handoff_open", place=str(queue_length + 1))
    return voice.draft("utter_handoff_open_wait", place=str(queue_length + 1), wait=voice.span(usual_wait))


def slot_label(view: View, slot: str) -> dict[str, str]:
    """What a slot is called, in every language."""
    variants = view.responses.get(f"utter_label_{slot}")
    return {language: variants[0].text[language] if variants else slot.replace("_", " ") for language in LANGUAGES}


def _summary(view: View, state: State, intent: str | None, words: str, language: str) -> str:
    quoted = " ".join(words.split())
    if len(quoted) > 160:
        quoted = quoted[:159].rstrip() + "…"
    topic = view.label(intent, language) if intent else {"de": "Nicht erkannt", "en": "Not recognised"}[language]
    marks = {"de": ("„", "“"), "en": ("“", "”")}[language]
    parts = [f"{topic}: {marks[0]}{quoted}{marks[1]}" if quoted else topic]
    if state.tried:
        parts.append(_tried(len(state.tried), language))
    return " ".join(parts)


def _tried(count: int, language: str) -> str:
    if language == "de":
        return "Ein Schritt wurde versucht." if count == 1 else f"{count} Schritte wurden versucht."
    return "One step was tried." if count == 1 else f"{count} steps were tried."


def numbered(lines: Sequence[str]) -> str:
    """Lines as a numbered list in plain text."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
