"""One turn: what was said, what is remembered and what was found → a decision. Pure; no I/O, no clock of its own."""

from __future__ import annotations

from bot.dialogue import Dialogue
from bot.letters import Letter
from bot.policy import Reason
from bot.values import Search, Turn
from core.values import Decision, InboxStyle


def decide(turn: Turn) -> Decision | Search:
    """The bot's answer to one turn. After a ``Search``, decide again with what it found in ``hits``."""
    return Letter(turn).decide() if turn.facts.style is InboxStyle.LETTER else Dialogue(turn).decide()


def give_up(turn: Turn) -> Decision:
    """The decision when nothing could be understood: to people, and the person hears so."""
    if turn.facts.level > 0:
        return Dialogue(turn).end("listening")
    if turn.facts.style is InboxStyle.LETTER:
        return Letter(turn).to_people(Reason.UNAVAILABLE)
    return Dialogue(turn).hand_over(Reason.UNAVAILABLE)
