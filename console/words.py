"""How the console says what the core only names: statuses, reasons, history. English here, German in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from core.models import Call, HistoryEntry
from core.values import Direction, ticket_number
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
FORM = {"formal": "Sie", "informal": "du"}
"""The forms of address in German are called by their word in every language."""
VIEW = {
    "mine": "Mine",
    "mentioned": "Mentions",
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
    "mentioned": "Nobody has mentioned you. A note with @ and your name appears here.",
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
    "guided": "People went through the steps",
    "listening": "People have it; the bot only listened",
    "after_resolution": "Said after the solution",
    "file": "A file alone",
    "ambiguous": "The bot asked which one was meant",
    "knowledge": "The bot offered an article",
    "small_talk": "Small talk",
    "handed_back": "The bot went on where people left off",
    "aside": "Something in between, answered on the way",
    "refused": "The bot’s proposal was declined",
    "old_button": "A button of an earlier question",
    "asked": "The bot asks",
    "flow_ended": "The steps are done",
    "proposal": "The bot proposed steps",
}
FINDING = {
    "too_large": "The picture is too large for its text to be read.",
    "timed_out": "Reading the text in this picture took too long.",
}
"""Why there is no text beside a picture, where that is worth a word."""
DELIVERY = {
    "queued": "Being sent",
    "sent": "Sent",
    "delivered": "Delivered",
    "failed": "Not sent",
    "cancelled": "Taken back, a person was faster",
}
ANSWER = {"helped": "helped", "not_helped": "did not help", "skipped": "left out", "open": "open again"}
ROLE = {"agent": "Agent", "lead": "Lead", "admin": "Admin"}
MAY = {
    "agent": "Works on tickets of all customers: answers, takes over from the bot, passes on what is theirs or "
    "nobody’s. Writes drafts of articles, and ready answers and saved searches for themselves.",
    "lead": "Everything an agent may. Also takes a ticket from a colleague and gives it to another one, sees the lists "
    "of all teams, publishes articles, and writes the ready answers and saved searches that everybody uses. What is "
    "escalated in their teams comes to them.",
    "admin": "Everything a lead may. Also sets up the desk: staff and their roles, teams, customers, inboxes, business "
    "hours and keys for programs.",
}
"""What each role may, as ``core.rights`` has it, for people to read."""
ADMIN = {
    "desk": "Desk",
    "inboxes": "Inboxes",
    "hours": "Business hours",
    "staff": "Staff",
    "teams": "Teams",
    "organizations": "Customers",
    "tokens": "API tokens",
}
VERDICT = {
    "good": "Works",
    "starting": "Starting",
    "problem": "Has a problem",
    "paused": "Paused",
    "archived": "Archived",
    "stopped": "Runs nowhere",
}
RUN = {
    "starting": "Starting",
    "running": "Running",
    "standby": "Ready to take over",
    "retrying": "Will be tried again",
}
CALL = {
    "ringing": "Incoming call",
    "talking": "On the telephone",
    "calling": "Outgoing call",
    "in_talked": "Telephone call",
    "in_missed": "Missed call",
    "in_forwarded": "Forwarded call",
    "out_talked": "We called",
    "out_missed": "We called, nobody answered",
    "out_forwarded": "We called, it was forwarded",
}
DONE = {
    "take-over": "taken over",
    "assign": "assigned",
    "escalate": "passed on",
    "classify": "reclassified",
    "snooze": "put aside",
    "resolve": "resolved",
    "read": "marked as read",
}
"""What became of many tickets at once: "3 tickets resolved."."""
IGNORED = (
    "sent by the desk itself",
    "a delivery report about nothing the desk sent",
    "an automatic reply to nothing the desk wrote",
    "an automatic reply from an address that does not take part, noted on the ticket",
    "nothing in it changed",
    "written by a program",
    "sent by a machine",
    "not addressed to the bot",
    "not a chat with people",
    "a button without its message",
    "a live location that moved",
    "a changed command",
)
"""Why something that came in is no message; channels have further reasons, which are shown as they are."""

HISTORY = {
    "created": "Ticket opened",
    "understood": "Understood: {intent}",
    "handed_off": "Handed over by the bot ({reason})",
    "handed_back": "Handed back to the bot",
    "taken_over": "Taken over",
    "assigned": "Assigned",
    "escalated": "Escalated to {team}, level {level}",
    "escalated_to_lead": "Escalated to the lead, {lead}",
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
    "merged": "{number} was merged into this one",
    "split_off": "One message became {number}",
    "split_from": "Made of a message of {number}",
    "merged_into": "Merged into {number}; everything goes on there",
    "left_address": "Left an address",
    "asked_for_call_back": "Asked to be called back",
    "snoozed": "Snoozed",
    "woken": "Is back",
    "call_back_now": "The promised call back is due",
    "corrected": "Understanding corrected: {intent}",
    "guided": "Guide: {answers}",
    "revised": "Changed a message after sending it",
    "withdrawn": "Deleted a message after sending it",
    "requester_changed": "Changed who the requester is",
    "too_many": "Too many automatic messages; a person has to look",
    "delivery_delayed": "Not delivered yet: {reason}",
    "was_read": "Opened by the recipient",
    "complained": "The recipient reported it as unwanted mail.",
    "replied_automatically": "{reason} replied automatically",
    "collects_storm": "Very many mails from {reason}: what follows is collected here",
}


def call_state(call: Call) -> str:
    """Which of ``CALL`` a call is right now."""
    if call.result is not None:
        return f"{call.direction}_{call.result}"
    if call.answered_at is not None:
        return "talking"
    return "ringing" if call.direction is Direction.IN else "calling"


def lasting(span: timedelta) -> str:
    """A duration as telephones show it: ``3:20 min``, ``1:02:10 h``."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} h" if hours else f"{minutes}:{seconds:02} min"


def history(
    entry: HistoryEntry,
    translate: Translate,
    label: Callable[[str], str],
    team: Callable[[str], str],
    in_words: Callable[[Sequence[Any]], str],
) -> str:
    """One quiet line of history; ``label`` and ``team`` name what has a key, ``in_words`` says what was answered."""
    detail = entry.detail
    reason = translate({**CODE, **HISTORY, **REASON}.get(entry.reason, entry.reason))
    values = {
        "intent": label(str(detail["intent"])) if detail.get("intent") else f"P{detail.get('priority', '')}",
        "team": team(str(detail.get("team", ""))),
        "level": str(detail.get("level", "")),
        "lead": str(detail.get("lead", "")),
        "code": translate(CODE.get(str(detail.get("code", "")), "")),
        "number": ticket_number(detail["ticket_id"]) if detail.get("ticket_id") else "",
        "reason": reason,
        "answers": in_words(detail.get("answers", ())),
    }
    is_plain = entry.action == "resolved" and detail.get("code") == "solved"
    text = translate(STATUS["resolved"] if is_plain else HISTORY.get(entry.action, entry.action)).format(**values)
    shown = {"handed_off", "delivery_failed", "not_sent", "suggested_split", "suggested_link"}
    shown |= {"delivery_delayed", "complained", "replied_automatically", "collects_storm"}
    if reason and reason not in text and entry.action not in shown:
        text += f" – {reason}"
    if tried := detail.get("tried"):
        text += f" ({translate('tried')}: {tried})"
    return text
