"""What can go wrong at the desk, in words that can be shown to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DeskError(Exception):
    """A rule of the desk was not met. The message says what happened and what to do next.

    ``template`` is the message with ``{names}`` where ``values`` stand, so that it can be said in another language.
    """

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


class NotFound(DeskError):
    """The thing named does not exist, or not for the one who asks."""


class Conflict(DeskError):
    """Somebody else was faster; look again before acting."""


class NotAllowed(DeskError):
    """The actor may not do this."""


class InvalidInput(DeskError):
    """A value cannot be used. ``field`` names it where the caller can point at it."""

    def __init__(self, template: str, field: str | None = None, **values: object) -> None:
        super().__init__(template, **values)
        self.field = field


class Mistakes(InvalidInput):
    """Several values of a form cannot be used; ``fields`` says of each what is wrong with it."""

    def __init__(self, fields: Mapping[str, InvalidInput]) -> None:
        super().__init__("Please look at the marked fields once more.")
        self.fields = dict(fields)


class InboxProblem(DeskError):
    """An inbox cannot do its work until somebody mends something; ``mend`` says what, with the same values.

    It is kept as values (``dump``), so that every process and every language can say it.
    """

    def __init__(self, template: str, mend: str, **values: object) -> None:
        super().__init__(template, **values)
        self.mend = mend

    def dump(self) -> dict[str, Any]:
        return {"text": self.template, "mend": self.mend, "values": {k: str(v) for k, v in self.values.items()}}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> InboxProblem:
        return cls(dumped["text"], dumped["mend"], **dumped["values"])
