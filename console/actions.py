"""The forms of the conversation page, each as one use case: name in the address → what happens."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from console.forms import chosen, chosen_id
from core.errors import InvalidInput
from core.tickets import actions, details, escalation, lists, snooze
from core.values import Actor, Draft, ResolutionCode, Scale, Status, StoredFile, TicketKind


class Form(dict[str, str]):
    """What was filled in, and the files that came with it, which are in the store already."""

    files: tuple[StoredFile, ...] = ()

    def key(self, *about: object) -> str:
        """What makes the same form the same: the id of its page (``once``) and everything in it."""
        filled = sorted((name, value) for name, value in self.items() if name != "csrf")
        files = [(one.sha256, one.filename) for one in self.files]
        return hashlib.sha256(json.dumps([about, filled, files]).encode()).hexdigest()


Action = Callable[[Session, int, int, Form, datetime], None]


def _reply(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    meta = {"article": form["article"][:120]} if form.get("article") else {}
    draft = Draft(form.get("text", "").strip(), attachments=form.files, meta=meta)
    actions.reply(session, ticket_id, agent_id, draft, now)


def _note(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    actions.note(session, ticket_id, agent_id, form.get("text", "").strip(), now, form.files)


def _take_over(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    actions.take_over(session, ticket_id, agent_id, now, force=form.get("force") == "yes")


def _hand_back(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    kind, _, name = form.get("resume", "").partition(":")
    resume = {kind: name} if kind in ("ask", "step", "topic") and name else {}
    actions.hand_back(session, ticket_id, agent_id, resume, form.get("reason", "").strip(), now)


def _assign(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    actions.assign(session, ticket_id, agent_id, chosen_id(form.get("assignee", ""), "assignee"), now)


def _escalate(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    reason, tried = form.get("reason", "").strip(), form.get("tried", "").strip()
    actions.escalate(session, ticket_id, agent_id, form.get("team", ""), reason, tried, now)


def _to_lead(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    escalation.to_lead(session, ticket_id, agent_id, form.get("reason", "").strip(), now)


def _resolve(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    code = chosen(ResolutionCode, form.get("code", ""), "code") or ResolutionCode.SOLVED
    actions.resolve(session, ticket_id, agent_id, code, now, form.get("reason", "").strip())


def _reopen(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    actions.reopen(session, ticket_id, Actor.agent(agent_id), now, form.get("reason", "").strip())


def _classify(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    details.classify(
        session,
        ticket_id,
        agent_id,
        now,
        kind=chosen(TicketKind, form.get("kind", ""), "kind"),
        impact=chosen(Scale, form.get("impact", ""), "impact"),
        urgency=chosen(Scale, form.get("urgency", ""), "urgency"),
        status=chosen(Status, form.get("status", ""), "status"),
    )


def _snooze(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    try:
        hours = float(form.get("hours", ""))
    except ValueError:
        hours = math.nan
    if not math.isfinite(hours):
        raise InvalidInput("Choose how long the ticket is put aside.", "hours")
    snooze.snooze(session, ticket_id, agent_id, now + timedelta(hours=min(max(hours, 0.25), 24 * 90)), now)


def _correct(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    if not form.get("intent"):
        raise InvalidInput("Choose what the message is about.", "intent")
    details.correct(session, ticket_id, agent_id, form["intent"], now)


def _requester(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    organization_id = chosen_id(form.get("organization", ""), "organization")
    name, vip = form.get("name", ""), form.get("vip") == "yes"
    details.save_requester(session, ticket_id, agent_id, name, organization_id, vip, now)


def _read(session: Session, ticket_id: int, agent_id: int, form: Form, now: datetime) -> None:
    lists.mark_read(session, ticket_id, agent_id)


ACTIONS: Mapping[str, Action] = {
    "reply": _reply,
    "note": _note,
    "take-over": _take_over,
    "hand-back": _hand_back,
    "assign": _assign,
    "escalate": _escalate,
    "to-lead": _to_lead,
    "resolve": _resolve,
    "reopen": _reopen,
    "classify": _classify,
    "snooze": _snooze,
    "correct": _correct,
    "requester": _requester,
    "read": _read,
}
