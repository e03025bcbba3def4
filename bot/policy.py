"""The rules both styles share: what a parse means for the bot, and when it must step aside at once. Pure."""

from __future__ import annotations

from enum import StrEnum

from bot.content import Intent, View
from bot.reading import is_mere_thanks, takes_it_back
from core.tickets.priority import priority
from nlu.engine import Parse

SWITCH = 0.75
"""From this confidence on, another problem in the middle of a flow is a change of topic and not an odd answer."""
CRITICAL = 1
"""Tickets of this priority go to people at once."""
MISSES = 2

POLITE = frozenset({"greet", "goodbye", "thank", "bot_challenge"})
CONTENT = frozenset({"affirm", "thank", "ticket_close"})
"""What somebody says of a settled matter who leaves it at that."""


class Reason(StrEnum):
    """Why the bot hands over; the console shows each in words."""

    ASKED = "asked_for_person"
    COMPLAINT = "complaint"
    SECURITY = "security"
    VIP = "vip"
    CRITICAL = "high_priority"
    NOT_UNDERSTOOD = "not_understood"
    NOT_SOLVED = "not_solved"
    COLLECTED = "collected"
    SWITCHED_OFF = "switched_off"
    NO_ANSWER_KNOWN = "no_answer_known"
    UNAVAILABLE = "understanding_unavailable"
    CAME_BACK = "came_back"


def accepted(parse: Parse, threshold: float | None) -> bool:
    """The guess is good enough to act on: by the model's own limit, and by the settings' if they name one."""
    if parse.intent is None or parse.fallback:
        return False
    return threshold is None or parse.confidence >= threshold


def leaves_it_settled(text: str, main: Parse, sure: bool) -> bool:
    """A word of thanks, a greeting or the like on a settled matter; not one that takes it back."""
    if is_mere_thanks(text):
        return bool(text)
    return sure and not main.ambiguous and main.intent in (POLITE | CONTENT) and not takes_it_back(text)


def is_problem(view: View, parse: Parse) -> bool:
    """The parse names something to be solved, collected or handed over, not a piece of conversation."""
    spec = view.intents.get(parse.intent or "")
    return spec is not None and spec.bot != "chat" and spec.key not in CONVERSATION


CONVERSATION = frozenset({"talk_to_human", "ticket_status", "ticket_close", "complaint", "ask_opening_hours"})
"""Intents that are about the conversation itself although people may have to act on them."""


def immediate(view: View, parse: Parse, vip: bool) -> Reason | None:
    """Why this must go to people before the bot tries anything, or None."""
    if parse.intent == "talk_to_human":
        return Reason.ASKED
    if parse.intent == "complaint":
        return Reason.COMPLAINT
    spec = view.intents.get(parse.intent or "")
    if spec is None or spec.bot == "chat":
        return None
    return _by_spec(spec, vip)


def _by_spec(spec: Intent, vip: bool) -> Reason | None:
    if not spec.enabled:
        return Reason.SWITCHED_OFF
    if spec.bot == "human":
        return Reason.SECURITY if spec.team == "security" else Reason.CRITICAL
    if priority(spec.impact, spec.urgency) <= CRITICAL:
        return Reason.CRITICAL
    return Reason.VIP if vip and spec.key not in CONVERSATION else None
