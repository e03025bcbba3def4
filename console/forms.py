"""Forms that lose nothing: what stands in them, and what is wrong with it in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from core.errors import DeskError, InvalidInput, Mistakes
from web.languages import explain
from web.responses import status_of


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


def number(text: str) -> int | None:
    """An id that was chosen in a form, or None."""
    return int(text) if text.isascii() and text.isdecimal() else None
