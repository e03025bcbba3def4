"""What can go wrong at the desk, in words that can be shown to a person."""

from __future__ import annotations


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
