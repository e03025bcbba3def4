"""The values that cross doors: frozen, plain, and the same on every channel and in every room.

Nothing here knows a session, a socket or a vendor. Enumerations are ``StrEnum``: their values are what the database
stores and what content files may name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

TICKET_PREFIX = "FL-"


def ticket_number(ticket_id: int) -> str:
    """The number people see and quote, such as ``FL-1042``."""
    return f"{TICKET_PREFIX}{1000 + ticket_id}"


def ticket_id_from_number(number: str) -> int | None:
    """The id behind a number as a person typed it (``FL-1042``, ``fl1042``, ``#1042``), or None if it is none."""
    digits = number.strip().upper().removeprefix("#").removeprefix("FL").removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        return None
    return int(digits) - 1000 if int(digits) > 1000 else None


_TOKEN = re.compile(rf"\s*\[{TICKET_PREFIX}\d+\]", re.IGNORECASE)


def without_numbers(subject: str) -> str:
    """A subject without the numbers in brackets that desks put there, this one or another."""
    return _TOKEN.sub("", subject).strip()


class ActorKind(StrEnum):
    REQUESTER = "requester"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class InboxStyle(StrEnum):
    """How people talk there. The bot holds a dialogue on one and writes one good letter on the other."""

    DIALOGUE = "dialogue"
    LETTER = "letter"


class FormOfAddress(StrEnum):
    """How the desk speaks to requesters in German: *Sie* or *du*."""

    FORMAL = "formal"
    INFORMAL = "informal"


INFORMAL_GERMAN = "de-x-du"
"""The language tag of German that says *du* (BCP 47, private use); ``de`` says *Sie*."""


def spoken(language: str, form: FormOfAddress) -> str:
    """The tag under which texts for a requester are looked up; where there is none, its language's text is right."""
    return INFORMAL_GERMAN if language == "de" and form is FormOfAddress.INFORMAL else language


def language_of(tag: str) -> str:
    """The language of a tag: ``de`` for ``de-x-du``."""
    return tag.partition("-")[0]


class TicketKind(StrEnum):
    INCIDENT = "incident"
    SERVICE_REQUEST = "service_request"
    QUESTION = "question"


class Status(StrEnum):
    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Scale(StrEnum):
    """Impact and urgency share one scale."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ResolutionCode(StrEnum):
    SELF_RESOLUTION = "self_resolution"
    """The requester confirmed that the bot's help solved it."""
    UNCONFIRMED = "unconfirmed"
    """The requester did not come back after the bot's help."""
    SOLVED = "solved"
    WORKAROUND = "workaround"
    NOT_REPRODUCIBLE = "not_reproducible"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    SPAM = "spam"


class Delivery(StrEnum):
    """The life of an outbound message."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of something an inbox received; the ledger counts these."""

    TICKETED = "ticketed"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


class Automation(StrEnum):
    """Why a message must never be answered by a machine."""

    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    OWN_ADDRESS = "own_address"
    FROM_FILE = "from_file"
    """Old mail that was only taken in."""


class Direction(StrEnum):
    """Who called whom, seen from the desk."""

    IN = "in"
    OUT = "out"


class CallStep(StrEnum):
    """What a telephone system tells of a call while it happens."""

    NEW = "new"
    ANSWERED = "answered"
    ENDED = "ended"


class CallResult(StrEnum):
    """What became of a call."""

    TALKED = "talked"
    MISSED = "missed"
    """Nobody answered, or only a mailbox did."""
    FORWARDED = "forwarded"
    """It went on elsewhere, as a call of its own."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One thing that a telephone system tells of a call, in whatever order and however often it comes.

    ``key`` names the call within its inbox for ever. ``number`` is the other side's as it was told (empty if withheld),
    ``line`` the desk's own; ``region`` is the country of numbers without one (empty: the desk's). ``people`` are those
    whose telephones ring, or who answered, as the telephone system calls them. ``result`` None leaves it to whether
    anybody answered; ``by_mailbox`` says that only a machine did, ``wants_call_back`` that a ticket is to be made of it
    if it was missed.
    """

    key: str
    step: CallStep
    at: datetime
    direction: Direction = Direction.IN
    number: str = ""
    line: str = ""
    region: str = ""
    people: tuple[str, ...] = ()
    result: CallResult | None = None
    by_mailbox: bool = False
    wants_call_back: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """A requester's identity on a channel; ``value`` is already normalised by the channel (``kind`` e.g. ``email``)."""

    kind: str
    value: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    kind: ActorKind
    id: int | None = None

    @classmethod
    def agent(cls, agent_id: int) -> Actor:
        return cls(ActorKind.AGENT, agent_id)


BOT = Actor(ActorKind.BOT)
SYSTEM = Actor(ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose bytes already lie in the blob store under their SHA-256; ``size`` is in bytes."""

    sha256: str
    filename: str
    media_type: str
    size: int
    content_id: str | None = None


class Fate(StrEnum):
    """What became of a message of ours, as others report it."""

    FAILED = "failed"
    DELAYED = "delayed"
    """Not there yet; whoever has it goes on trying."""
    DELIVERED = "delivered"
    READ = "read"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What another server says about a message of ours, which ``message_ids`` name, the likeliest first.

    ``reason`` is why, in plain English words that the catalogue knows; ``said`` is what the other side wrote, in one
    line.
    """

    fate: Fate
    message_ids: tuple[str, ...]
    reason: str = ""
    said: str = ""
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One thing a person sent, as a channel adapter hands it in.

    ``dedupe_key`` identifies the delivery within its inbox for ever; ``external_id`` is the channel's public id of the
    message (a Message-ID) by which later messages may refer to it in ``references``. ``thread_key`` names the channel's
    own thread where it has one; mail has none. ``payload`` is what a pressed button stands for, ``option`` the number
    that was typed where there are no buttons. ``revises`` is the external id of an earlier message of the thread that
    this is a new version of.

    ``call`` makes it news of a telephone call: only one that was missed becomes a message, with ``text`` as what
    somebody left for us. ``for_people`` means that there is nothing for the bot to read or to answer.

    ``contact`` is a further address that the channel itself names for the sender; ``contact_is_verified`` says that its
    word may be taken for it. ``is_shared`` means that others read along.

    ``remarks`` are what the channel knows of a message that its readers should see beside it, as plain values; they are
    kept with it. ``authentication`` is what is known of whether it is from its sender, with a ``verdict``; empty if
    nothing is.
    """

    inbox_id: int
    dedupe_key: str
    sender: Address
    text: str
    received_at: datetime
    subject: str = ""
    full_text: str | None = None
    """The text with everything quoted, where ``text`` is only what is new."""
    external_id: str | None = None
    thread_key: str | None = None
    references: tuple[str, ...] = ()
    ticket_refs: tuple[int, ...] = ()
    recipients: tuple[Address, ...] = ()
    html: str | None = None
    attachments: tuple[StoredFile, ...] = ()
    language: str | None = None
    placeholder: str = ""
    """What stands in the message for what it cannot show (a location, a file too large), in the person's language."""
    payload: str | None = None
    option: int | None = None
    revises: str | None = None
    accompanies: bool = False
    """One more file of what was just sent: the bot need not answer it by itself."""
    automation: Automation | None = None
    contact: Address | None = None
    contact_is_verified: bool = False
    is_shared: bool = False
    call: CallEvent | None = None
    for_people: bool = False
    report: DeliveryReport | None = None
    authentication: dict[str, Any] = field(default_factory=dict)
    remarks: dict[str, Any] = field(default_factory=dict)
    raw: bytes | None = None
    raw_sha256: str | None = None
    receipt_id: int | None = None
    """The line of the ledger where this is another reading of what was set aside."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What intake answers: the outcome and where the message went. ``work`` is the bot's share, if any."""

    outcome: Outcome
    ticket_id: int | None = None
    conversation_id: int | None = None
    message_id: int | None = None
    seq: int | None = None
    work_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A quick reply: what the person reads and what comes back when it is pressed."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to say, before it is a message.

    ``offers_help`` marks a proposal: a letter channel adds the links *solved* and *I still need help*.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    offers_help: bool = False
    attachments: tuple[StoredFile, ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message to be sent, complete: a channel needs nothing else to send it, and sends it again unchanged.

    ``sent_as`` are the ids of those of its parts that the other side already has, where it must be sent in parts.
    """

    message_id: int
    conversation_id: int
    ticket_id: int
    inbox_id: int
    thread_key: str
    recipient: Address
    external_id: str
    author_kind: ActorKind
    author_name: str
    text: str
    subject: str
    language: str
    created_at: datetime
    seq: int
    form_of_address: FormOfAddress | None = None
    """The customer's choice, if it has one of its own."""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    offers_help: bool = False
    attachments: tuple[StoredFile, ...] = ()
    sent_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handoff:
    """The bot gives the ticket to people. ``team`` is a team's key; None means the Service Desk.

    ``packet`` is what the first level reads before it answers: ``summary``, ``intents`` (top three with confidence),
    ``collected`` (label and value), ``tried`` (steps and their result).
    """

    reason: str
    packet: dict[str, Any]
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bot wants to happen after one turn; ``core.tickets.apply_decision`` makes it so, or refuses as a whole.

    ``state`` is the bot's memory of this ticket, opaque to the core. None leaves a field as it is.
    """

    replies: tuple[Draft, ...] = ()
    state: dict[str, Any] = field(default_factory=dict)
    language: str | None = None
    intent: str | None = None
    confidence: float | None = None
    subject: str | None = None
    kind: TicketKind | None = None
    impact: Scale | None = None
    urgency: Scale | None = None
    handoff: Handoff | None = None
    resolve: ResolutionCode | None = None
    reopen: bool = False
    callback_at: datetime | None = None
    contact: Address | None = None
    note: str | None = None
    reason: str = ""
    while_waiting: bool = False
    """What is said may be said although people have the ticket, as long as none of them has acted on it."""
    new_ticket: bool = False
    """The message starts a matter of its own: it moves to a new ticket, and the rest of the decision is about that."""
