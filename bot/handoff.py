"""Handing over to people: what they get to read, and what the person hears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.content import LANGUAGES, View
from bot.flows import GUIDED
from bot.responses import Voice
from bot.state import State
from bot.values import Turn
from core.values import Draft, Handoff, InboxStyle

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


def announcement(voice: Voice, turn: Turn, team: str | None) -> Draft:
    """What happens next and when: the team if it is not the usual one, the place in its queue and the usual wait, or
    when somebody is there. Who wrote a letter is not waiting in front of a screen and hears no place.
    """
    facts, opening = turn.facts, turn.calendar.next_opening(turn.now)
    queue = facts.queues.get(team or facts.team)
    is_usual = team is None or queue is None or team == facts.team
    form = "letter_handoff" if facts.style is InboxStyle.LETTER else "handoff"
    name = f"utter_{form}" if is_usual else f"utter_{form}_team"
    values = {
        "place": str(queue.length + 1 if queue is not None else 1),
        "team": queue.name if queue is not None else "",
    }
    if opening is not None and opening > turn.now:
        return voice.draft(f"{name}_closed", opening=voice.moment(opening, turn.now), **values)
    if is_usual and facts.style is InboxStyle.DIALOGUE and facts.usual_wait is not None:
        return voice.draft(f"{name}_open_wait", wait=voice.span(facts.usual_wait), **values)
    return voice.draft(f"{name}_open", **values)


def slot_label(view: View, slot: str) -> dict[str, str]:
    """What a slot is called, in every language."""
    variants = view.responses.get(f"utter_label_{slot}")
    return {language: variants[0].text[language] if variants else slot.replace("_", " ") for language in LANGUAGES}


def _summary(view: View, state: State, intent: str | None, words: str, language: str) -> str:
    said = " ".join(words.split())
    if len(said) > 160:
        said = said[:159].rstrip() + "…"
    topic = view.label(intent, language) if intent else {"de": "Nicht erkannt", "en": "Not recognised"}[language]
    parts = [f"{topic}: {quoted(said, language)}" if said else topic]
    if state.tried:
        parts.append(_tried(len(state.tried), language))
    return " ".join(parts)


def _tried(count: int, language: str) -> str:
    if language == "de":
        return "Ein Schritt wurde versucht." if count == 1 else f"{count} Schritte wurden versucht."
    return "One step was tried." if count == 1 else f"{count} steps were tried."


def quoted(words: str, language: str) -> str:
    """Words in the quotation marks of a language."""
    first, last = {"de": ("„", "“"), "en": ("“", "”")}[language]
    return f"{first}{words}{last}"


def numbered(lines: Sequence[str]) -> str:
    """Lines as a numbered list in plain text."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
