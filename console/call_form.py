"""The quick log's form: what stands in it, and what it says to ``core.calls.log``."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from bot.content import View
from bot.suggestions import Suggestions
from console.forms import chosen, chosen_id
from core.calls import numbers
from core.calls.log import Note
from core.calls.reading import Known
from core.models import Ticket
from core.values import Direction, ResolutionCode, Scale, TicketKind

NOT_REACHED = "out_missed"
KEEP, SOLVED, HAND_ON = "keep", "solved", "hand_on"
CHOOSE = "choose:"


def beginning(asked: Mapping[str, str], known: Known | None, ticket: Ticket | None) -> dict[str, str]:
    """What stands in a form that is opened for a call, for a ticket, or for nothing yet."""
    values = {"token": uuid.uuid4().hex, "outcome": KEEP, "direction": "in", "draft": "new"}
    if asked.get("direction") == "out":
        values["direction"] = "out"
    if known is not None:
        values |= {
            "draft": f"call-{known.call.id}",
            "call": str(known.call.id),
            "direction": str(known.call.direction),
            "number": numbers.spoken(known.call.number),
            "requester": str(known.caller.id) if known.caller is not None else "",
            "belongs": str(known.call.ticket_id or ""),
        }
    if ticket is not None:
        values |= {
            "draft": f"ticket-{ticket.id}",
            "belongs": str(ticket.id),
            "requester": str(ticket.requester_id),
        }
    return values


def draft_of(values: Mapping[str, str]) -> str:
    """The name under which a browser keeps what is typed: of the call, of the ticket, or just of a new one."""
    name = values.get("draft", "")
    return name if re.fullmatch(r"(call|ticket)-\d{1,12}", name) else "new"


def seen(values: dict[str, str]) -> dict[str, str]:
    """The form after one of its buttons that only look: somebody was chosen, or is to be chosen anew."""
    wanted = values.get("do", "")
    if wanted.startswith(CHOOSE):
        chosen = wanted.removeprefix(CHOOSE)
        return {**values, "requester": chosen, "belongs": "", "name": "" if chosen else values.get("name", "")}
    if wanted == "other":
        return {**values, "requester": "", "belongs": ""}
    return values


def chosen_intent(values: Mapping[str, str], guess: str | None) -> str:
    """The topic that counts: what the agent picked, or what is guessed now as long as they picked nothing else."""
    picked, before = values.get("other_intent") or values.get("intent", ""), values.get("guessed", "")
    return (guess or "") if picked in ("", before) else picked


def guess_of(suggested: Suggestions) -> str | None:
    """What the bot would act on; what it is not sure of, nobody is made to believe."""
    main = next((topic for topic in suggested.topics if topic.is_sure), None)
    return main.intent.key if main is not None else None


def with_guess(values: dict[str, str], suggested: Suggestions) -> dict[str, str]:
    """The form of who saved before they saw what it was taken for: it is taken for that."""
    guess = guess_of(suggested)
    if guess is None or values.get("intent") or values.get("other_intent"):
        return values
    confidence = next(topic.confidence for topic in suggested.topics if topic.intent.key == guess)
    return {**values, "intent": guess, "guessed": guess, "confidence": str(confidence)}


def note_of(values: Mapping[str, str], view: View, language: str) -> Note:
    """What the form says. A new matter that the agent did not weigh themselves weighs as its topic does."""
    picked = values.get("other_intent") or values.get("intent", "")
    spec = view.intents.get(picked)
    by_topic = None if values.get("belongs") else spec
    outcome = values.get("outcome", KEEP)
    team = values.get("team") or (spec.team if spec is not None else "service-desk")
    code, direction = values.get("code", ""), values.get("direction", "in")
    name, called_from = _newcomer(values)
    return Note(
        token=values.get("token", "")[:64] or uuid.uuid4().hex,
        notes=values.get("notes", ""),
        direction=Direction.IN if direction == "in" else Direction.OUT,
        reached=direction != NOT_REACHED,
        call_id=chosen_id(values.get("call", ""), "call"),
        ticket_id=chosen_id(values.get("belongs", ""), "belongs"),
        requester_id=chosen_id(values.get("requester", ""), "who"),
        name=name,
        number=called_from,
        organization_id=chosen_id(values.get("organization", ""), "organization"),
        subject=values.get("subject", ""),
        intent=picked if spec is not None else None,
        guessed=values.get("guessed") or None,
        confidence=_share(values.get("confidence", "")),
        kind=chosen(TicketKind, values.get("kind", ""), "kind") or (by_topic.kind if by_topic is not None else None),
        impact=chosen(Scale, values.get("impact", ""), "impact") or (by_topic.impact if by_topic is not None else None),
        urgency=chosen(Scale, values.get("urgency", ""), "urgency")
        or (by_topic.urgency if by_topic is not None else None),
        solved=(chosen(ResolutionCode, code, "code") or ResolutionCode.SOLVED) if outcome == SOLVED else None,
        team=team if outcome == HAND_ON else "",
        language=language,
    )


def _newcomer(values: Mapping[str, str]) -> tuple[str, str]:
    """Name and number of who calls, as far as they are written: in their own fields, or where one looks for people."""
    name, called_from, who = (values.get(field, "").strip() for field in ("name", "number", "who"))
    if values.get("requester") or not who:
        return name, called_from
    if numbers.digits(who):
        return name, called_from or who
    return name or who, called_from


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None
