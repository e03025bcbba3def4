"""The values a turn is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.answers import Hit
from bot.content import View
from core.tickets.calendar import Calendar
from core.tickets.facts import Facts
from core.values import FormOfAddress
from nlu.engine import Parse


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything a decision rests on.

    ``parses`` has one entry a topic, the first being the main one; it is empty when there is no message. ``hits`` is
    None until a search was asked for; it then holds what was found. ``threshold`` is the settings', if they name one.
    """

    facts: Facts
    parses: tuple[Parse, ...]
    view: View
    calendar: Calendar
    now: datetime
    desk_name: str
    threshold: float | None = None
    hits: tuple[Hit, ...] | None = None
    form_of_address: FormOfAddress = FormOfAddress.FORMAL


@dataclass(frozen=True, slots=True)
class Search:
    """The turn needs the knowledge searched before it can be decided."""

    question: str
    language: str
