"""Saying things: a response of the content, in the person's language, with its values filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_time, format_timedelta

from bot.content import Response, View
from core.values import Choice, Draft, language_of

SET_SLOTS = re.compile(r"^/SetSlots\((\w+)=(.*)\)$", re.DOTALL)
"""The payload of a button that answers a question: the slot and its value."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Voice:
    """The content of one organization, said to one person; ``values`` fill placeholders besides the slots.

    ``tag`` is the language and form in which they are spoken to (``core.values.spoken``).
    """

    view: View
    tag: str
    zone: ZoneInfo
    slots: Mapping[str, Any]
    values: Mapping[str, str]

    @property
    def language(self) -> str:
        return language_of(self.tag)

    def has(self, name: str) -> bool:
        return name in self.view.responses

    def text(self, name: str, **values: str) -> str:
        """A response's text. Raises ``KeyError`` for one that the content lacks."""
        return self._fill(self._spoken(self._variant(name).text), values)

    def draft(self, name: str, **values: str) -> Draft:
        """A response with its buttons."""
        variant = self._variant(name)
        choices = tuple(
            Choice(self._fill(self._spoken(button.title), values), button.payload) for button in variant.buttons
        )
        return Draft(self._fill(self._spoken(variant.text), values), choices)

    def moment(self, at: datetime, now: datetime) -> str:
        """A moment as one says it: the time today, the day and time otherwise."""
        local = at.astimezone(self.zone)
        if local.date() == now.astimezone(self.zone).date():
            clock = format_time(local, "HH:mm", locale=self.language)
            return f"{clock} Uhr" if self.language == "de" else clock
        pattern = "EEEE, d. MMMM, HH:mm 'Uhr'" if self.language == "de" else "EEEE d MMMM, HH:mm"
        return format_datetime(local, pattern, locale=self.language)

    def span(self, length: timedelta) -> str:
        """A length of time as one says it, at least a minute."""
        return format_timedelta(max(length, timedelta(minutes=1)), granularity="minute", locale=self.language)

    def _spoken(self, texts: Mapping[str, str]) -> str:
        """The text of the person's form of address; a text that addresses nobody has only one for its language."""
        return texts.get(self.tag) or texts[self.language]

    def _variant(self, name: str) -> Response:
        variants = self.view.responses[name]
        for variant in variants:
            if variant.condition and all(self.slots.get(key) == value for key, value in variant.condition):
                return variant
        return next((variant for variant in variants if not variant.condition), variants[0])

    def _fill(self, text: str, values: Mapping[str, str]) -> str:
        known = {**{key: str(value) for key, value in self.slots.items()}, **self.values, **values}
        return _PLACEHOLDER.sub(lambda match: known.get(match.group(1), ""), text)
