"""From what a telephone system sends to ours, pure: sipgate.io's push API, and a webhook of our own in JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidInput
from core.values import CallEvent, CallResult, CallStep, Direction

LONGEST_KEY = 100
LONGEST_TEXT = 20_000
CLOCKS_DIFFER = timedelta(minutes=10)
"""How far ahead of ours another clock may be; what it says of a later moment is not believed."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and the words that somebody left for us, if any."""

    event: CallEvent
    text: str = ""


# -- sipgate.io -------------------------------------------------------------------------------------------------------
# https://developer.sipgate.io/push-api/api-reference/ (source: github.com/sipgate/docs, docs/push-api/api-reference.md)

_STEPS = {"newCall": CallStep.NEW, "answer": CallStep.ANSWERED, "hangup": CallStep.ENDED}
_CAUSES = {
    "normalClearing": CallResult.TALKED,
    "busy": CallResult.MISSED,
    "cancel": CallResult.MISSED,
    "noAnswer": CallResult.MISSED,
    "congestion": CallResult.MISSED,
    "notFound": CallResult.MISSED,
    "forwarded": CallResult.FORWARDED,
}
_WITHHELD, _MAILBOX = "anonymous", "voicemail"


def sipgate(body: bytes, now: datetime, region: str) -> Told | None:
    """An event of sipgate.io; None for what is none of a call (DTMF). Raises ``InvalidInput``.

    It tells no times: what it tells has just happened.
    """
    try:
        form = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200)
    except (ValueError, UnicodeDecodeError):
        raise InvalidInput("That is no form that sipgate.io would send.") from None
    step = _STEPS.get(_first(form, "event"))
    if step is None:
        return None
    if not _first(form, "callId"):
        raise InvalidInput("The event names no call (callId).")
    direction = Direction.OUT if _first(form, "direction") == "out" else Direction.IN
    ours, theirs = ("from", "to") if direction is Direction.OUT else ("to", "from")
    people = form.get("user[]", []) + form.get("user", []) + form.get("userId[]", []) + form.get("userId", [])
    event = CallEvent(
        key=_key(_first(form, "callId")),
        step=step,
        at=now,
        direction=direction,
        number=_of_sipgate(_first(form, theirs)),
        line=_of_sipgate(_first(form, ours)),
        region=region,
        people=tuple(_clean(one) for one in people if one != _MAILBOX),
        result=_CAUSES.get(_first(form, "cause")),
        by_mailbox=_MAILBOX in people,
    )
    return Told(event)


def _of_sipgate(number: str) -> str:
    """Numbers come with their country and without the plus; extensions and withheld ones as words."""
    return f"+{number}" if number.isascii() and number.isdecimal() and number != _WITHHELD else ""


def _first(form: Mapping[str, Sequence[str]], name: str) -> str:
    return _clean(form.get(name, [""])[0])


# -- a webhook of our own (docs/channels/phone.md) --------------------------------------------------------------------


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True, str_strip_whitespace=True)

    event: Literal["new", "answer", "hangup"]
    call: str = Field(min_length=1, max_length=1000)
    direction: Literal["in", "out"] = "in"
    caller: str = Field("", alias="from", max_length=200)
    called: str = Field("", alias="to", max_length=200)
    users: list[str] = Field(default_factory=list, max_length=100)
    at: datetime | None = None
    result: Literal["answered", "missed", "forwarded"] | None = None
    mailbox: bool = False
    text: str = Field("", max_length=LONGEST_TEXT)


_OWN_STEPS = {"new": CallStep.NEW, "answer": CallStep.ANSWERED, "hangup": CallStep.ENDED}
_OWN_RESULTS = {"answered": CallResult.TALKED, "missed": CallResult.MISSED, "forwarded": CallResult.FORWARDED}


def webhook(body: bytes, now: datetime, region: str) -> Told:
    """An event in our own form. Raises ``InvalidInput``, which names what is wrong."""
    try:
        told = _Event.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "JSON"
        raise InvalidInput("“{name}” cannot be used: {reason}", name=where, reason=first["msg"]) from None
    theirs, ours = (told.called, told.caller) if told.direction == "out" else (told.caller, told.called)
    event = CallEvent(
        key=_key(told.call),
        step=_OWN_STEPS[told.event],
        at=_moment(told.at, now),
        direction=Direction(told.direction),
        number=_clean(theirs),
        line=_clean(ours),
        region=region,
        people=tuple(_clean(one)[:200] for one in told.users),
        result=_OWN_RESULTS[told.result] if told.result is not None else None,
        by_mailbox=told.mailbox,
    )
    return Told(event, told.text.replace("\0", ""))


def _moment(at: datetime | None, now: datetime) -> datetime:
    """When it happened; now, if that is not said, or not in a way that can be believed."""
    if at is None or at.tzinfo is None or at > now + CLOCKS_DIFFER or at < now - timedelta(days=7):
        return now
    return at


def _key(text: str) -> str:
    return text if len(text) <= LONGEST_KEY else hashlib.sha256(text.encode()).hexdigest()


def _clean(text: str) -> str:
    return text.replace("\0", "").strip()
