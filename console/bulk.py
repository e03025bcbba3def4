"""One action for many tickets. Each ticket is a use case of its own: one that fails stops no other, and is named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from console.actions import ACTIONS, Form
from console.words import DONE
from core.clock import Clock
from core.database import Database
from core.errors import DeskError, InvalidInput
from core.tickets import lists
from core.values import ticket_number
from web.languages import Translate, explain, translator
from web.outside import number

log = structlog.get_logger(__name__)

BULK = ("take-over", "assign", "escalate", "classify", "snooze", "resolve", "read")
"""The actions that make sense for many tickets."""
_REASONS = {"escalate": "why", "resolve": "remark"}
"""One form holds all actions, so what each of them calls its reason has a name of its own there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why it did not work, in the reader's language, and for which tickets (number, subject, id)."""

    reason: str
    tickets: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an action: ``words`` say it, ``failures`` name each ticket it did not work for."""

    words: str = ""
    failures: tuple[Failure, ...] = ()
    filled: Mapping[str, str] = field(default_factory=dict)
    """What was filled in, to go on with."""

    @property
    def failed(self) -> frozenset[int]:
        return frozenset(id_ for failure in self.failures for _, _, id_ in failure.tickets)


def chosen(form: FormData) -> list[int]:
    """The tickets selected in a form, each once. Raises ``InvalidInput`` if there is none."""
    found = (number(value) for value in form.getlist("ticket"))
    ids = list(dict.fromkeys(one for one in found if one is not None))
    if not ids:
        raise InvalidInput("Select at least one ticket first.", "ticket")
    return ids[: lists.MOST]


async def run(
    database: Database, clock: Clock, action: str, ids: Sequence[int], agent_id: int, form: Mapping[str, str]
) -> dict[int, Exception]:
    """Run an action of ``BULK`` on each ticket; the tickets it did not work for, with the error."""
    filled = Form({**form, "reason": form.get(_REASONS.get(action, ""), "")})
    if action == "classify" and not (form.get("impact") or form.get("urgency")):
        raise InvalidInput("Choose an impact or an urgency.", "impact")

    async def one(ticket_id: int) -> Exception | None:
        try:
            await database.write(ACTIONS[action], ticket_id, agent_id, filled, clock.now())
        except DeskError as error:
            return error
        except Exception as error:  # the others must not suffer for it
            log.exception("bulk_failed", action=action, ticket=ticket_id)
            return error
        return None

    outcomes = await asyncio.gather(*(one(ticket_id) for ticket_id in ids))
    return {ticket_id: error for ticket_id, error in zip(ids, outcomes, strict=True) if error is not None}


def report(
    session: Session, failed: Mapping[int, Exception], total: int, agent_id: int, language: str, form: Mapping[str, str]
) -> Report:
    """The failures in plain words, those with the same reason together."""
    translate = translator(language)
    subjects = {row.id: row.subject for row in lists.rows_of(session, list(failed), agent_id)}
    reasons: dict[str, list[tuple[str, str, int]]] = {}
    for id_, error in failed.items():
        reason = (
            explain(error, language)
            if isinstance(error, DeskError)
            else translate("Something went wrong here. Please try again; nothing was changed on it.")
        )
        reasons.setdefault(reason, []).append((ticket_number(id_), subjects.get(id_, ""), id_))
    words = translate("It worked for {good} of {all}. The others stay selected:")
    failures = tuple(Failure(reason, tuple(tickets)) for reason, tickets in reasons.items())
    return Report(words.format(good=total - len(failed), all=total), failures, form)


def told(done: str, translate: Translate) -> str:
    """What the address says was done (``resolve:3``), as a sentence; empty if it says nothing."""
    action, _, count = done.partition(":")
    if action not in DONE or not count.isdecimal() or len(count) > 4:
        return ""
    many = translate("1 ticket") if int(count) == 1 else translate("{count} tickets").format(count=count)
    return f"{many} {translate(DONE[action])}."
