"""How the console says what the core only names: statuses, reasons, history. English here, German in the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from core.models import HistoryEntry
from core.values import ticket_number
from web.languages import Translate

# Marked for the catalogue by being listed here; looked up by name.
STATUS = {
    "new": "New",
    "open": "Open",
    "pending": "Waiting for requester",
    "on_hold": "On hold",
    "resolved": "Resolved",
    "closed": "Closed",
}
KIND = {"incident": "Incident", "service_request": "Service request", "question": "Question"}
SCALE = {"low": "Low", "medium": "Medium", "high": "High"}
CODE = {
    "solved": "Solved",
    "workaround": "Workaround",
    "not_reproducible": "Not reproducible",
    "withdrawn": "Withdrawn",
    "duplicate": "Duplicate",
    "spam": "Spam",
    "self_resolution": "Solved by the requester with the bot",
    "unconfirmed": "Helped by the bot, not confirmed",
}
CHANNEL = {"mail": "Mail", "webchat": "Web chat"}
VIEW = {
    "mine": "Mine",
    "person": "Needs a person",
    "unassigned": "Unassigned",
    "team": "My teams",
    "bot": "With the bot",
    "waiting": "Waiting",
    "snoozed": "Snoozed",
    "resolved": "Resolved",
}
EMPTY = {
    "person": "Nobody is waiting for a person. What the bot hands over appears here.",
    "mine": "You have no open tickets. Take one over under “Needs a person”.",
    "bot": "The bot is not talking to anybody right now.",
    "waiting": "Nothing waits for a requester or a third party.",
    "unassigned": "Everything has somebody who takes care of it.",
    "team": "Your teams have nothing to do. What is passed on to them appears here.",
    "snoozed": "You have put nothing aside.",
    "resolved": "Nothing has been resolved yet.",
}
REASON = {
    "asked_for_person": "The person asked for a human",
    "complaint": "The person is unhappy",
    "security": "Security matter",
    "vip": "VIP",
    "high_priority": "High priority",
    "not_understood": "The bot did not understand",
    "not_solved": "The steps did not help",
    "collected": "Everything was collected",
    "switched_off": "The bot is switched off for this topic",
    "no_answer_known": "The bot knows no answer",
    "understanding_unavailable": "Understanding was not available",
    "came_back": "Not solved after all",
}
DELIVERY = {
    "queued": "Being sent",
    "sent": "Sent",
    "delivered": "Delivered",
    "failed": "Not sent",
    "cancelled": "Taken back, a person was faster",
}
ROLE = {"agent": "Agent", "lead": "Lead", "admin": "Admin"}
ADMIN = {"staff": "Staff", "teams": "Teams", "organizations": "Customers", "tokens": "API tokens"}
HISTORY = {
    "created": "Ticket opened",
    "understood": "Understood: {intent}",
    "handed_off": "Handed over by the bot ({reason})",
    "handed_back": "Handed back to the bot",
    "taken_over": "Taken over",
    "assigned": "Assigned",
    "escalated": "Escalated to {team}, level {level}",
    "moved": "Moved to {team}, level {level}",
    "resolved": "Resolved: {code}",
    "reopened": "Reopened",
    "changed": "Changed",
    "delivery_failed": "Could not be sent: {reason}",
    "not_sent": "Not sent: {reason}",
    "suggested_link": "May belong to {number}; the sender does not take part there",
    "suggested_split": "New subject “{reason}”: perhaps a matter of its own",
    "continued_by_mail": "Goes on by mail",
    "new_matter": "A new matter became {number}",
    "left_address": "Left an address",
    "asked_for_call_back": "Asked to be called back",
    "snoozed": "Snoozed",
    "woken": "Is back",
    "call_back_now": "The promised call back is due",
    "corrected": "Understanding corrected: {intent}",
    "requester_changed": "Changed who the requester is",
    "too_many": "Too many automatic messages; a person has to look",
    "delivery_delayed": "Not delivered yet: {reason}",
    "was_read": "Opened by the recipient",
    "complained": "The recipient reported it as unwanted mail.",
    "replied_automatically": "{reason} replied automatically",
    "collects_storm": "Very many mails from {reason}: what follows is collected here",
}


def history(entry: HistoryEntry, translate: Translate, label: Callable[[str], str]) -> str:
    """One quiet line of history; ``label`` is what an intent is called."""
    detail = entry.detail
    reason = translate(REASON.get(entry.reason, HISTORY.get(entry.reason, entry.reason)))
    values = {
        "intent": label(str(detail["intent"])) if detail.get("intent") else f"P{detail.get('priority', '')}",
        "team": str(detail.get("team", "")),
        "level": str(detail.get("level", "")),
        "code": translate(CODE.get(str(detail.get("code", "")), "")),
        "number": ticket_number(detail["ticket_id"]) if detail.get("ticket_id") else "",
        "reason": reason,
    }
    text = translate(HISTORY.get(entry.action, entry.action)).format(**values)
    shown = {"handed_off", "delivery_failed", "not_sent", "suggested_split", "suggested_link"}
    shown |= {"delivery_delayed", "complained", "replied_automatically", "collects_storm"}
    if entry.reason and entry.action not in shown:
        text += f" – {reason}"
    if tried := detail.get("tried"):
        text += f" ({translate('tried')}: {tried})"
    return text
