"""Forms that lose nothing: what stands in them, and what is wrong with it in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import FormData

from core.errors import DeskError, InvalidInput, Mistakes
from web.languages import LANGUAGES, explain
from web.outside import number
from web.responses import status_of

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form to be shown. ``error`` stands above it, ``mistakes`` at their fields."""

    values: Mapping[str, str]
    error: str = ""
    mistakes: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    @classmethod
    def wrong(cls, values: Mapping[str, str], error: DeskError, language: str) -> Filled:
        """The form once more, with what was typed and what is wrong."""
        mistakes: dict[str, str] = {}
        if isinstance(error, Mistakes):
            mistakes = {name: explain(one, language) for name, one in error.fields.items()}
        elif isinstance(error, InvalidInput) and error.field is not None:
            mistakes = {error.field: explain(error, language)}
        return cls(values, explain(error, language), mistakes, status_of(error))


def texts(form: FormData) -> dict[str, str]:
    """The form's fields as texts; of several of one name the last counts."""
    return {key: value for key, value in form.multi_items() if isinstance(value, str)}


def chosen_id(text: str, field: str) -> int | None:
    """The id that was chosen, None for nothing. Raises ``InvalidInput`` for what no form offers."""
    found = number(text)
    if text and found is None:
        raise InvalidInput("Please choose one of the values offered.", field)
    return found


def chosen(enum: type[E], text: str, field: str) -> E | None:
    """The value that was chosen, None for nothing. Raises ``InvalidInput`` for what no form offers."""
    if text and text not in list(enum):
        raise InvalidInput("Please choose one of the values offered.", field)
    return enum(text) if text else None


def chosen_language(text: str, field: str = "language") -> str | None:
    """The same for one of the languages people read here."""
    if text and text not in LANGUAGES:
        raise InvalidInput("Please choose one of the values offered.", field)
    return text or None
