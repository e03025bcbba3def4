"""From what somebody typed to a checked configuration, and from there to what is stored: plain values and sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from core.errors import InboxProblem, InvalidInput, Mistakes
from core.inboxes.kinds import Configuration, Entry, Kind, entries
from core.models import Inbox
from core.sealing import CannotOpen, Seal


def parse(kind: Kind[Any], typed: Mapping[str, str], kept: Mapping[str, str] | None = None) -> Configuration:
    """A configuration of what was typed, one text a field; what is missing takes its default, and so does
    what is empty and no list.

    ``kept`` are the secrets so far: an empty secret leaves them as they are. Raises ``Mistakes``.
    """
    values: dict[str, Any] = {}
    for entry in entries(kind.configuration):
        text = typed.get(entry.name, "").strip()
        if not text and entry.control == "secret":
            text = (kept or {}).get(entry.name, "")
        if entry.control == "lines" and entry.name in typed:
            # An emptied list is empty. Its default may allow more than whoever emptied it wanted.
            values[entry.name] = _lines(text)
        elif text:
            values[entry.name] = text
    unknown = typed.keys() - {entry.name for entry in entries(kind.configuration)}
    if unknown:
        raise Mistakes({name: InvalidInput("There is no such setting.", name) for name in unknown})
    try:
        configuration: Configuration = kind.configuration.model_validate(values)
    except ValidationError as error:
        raise Mistakes(_mistakes(kind, error)) from None
    return configuration


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.replace(",", "\n").splitlines() if line.strip())


def _mistakes(kind: Kind[Any], error: ValidationError) -> dict[str, InvalidInput]:
    found: dict[str, InvalidInput] = {}
    for problem in error.errors():
        # What a whole configuration gets wrong is said at its first field.
        name = str(problem["loc"][0]) if problem["loc"] else entries(kind.configuration)[0].name
        found.setdefault(name, _plain(problem, name))
    return found


def _plain(problem: ErrorDetails, name: str) -> InvalidInput:
    """Pydantic's finding in our own words."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "refused":
            template, values = context["template"], {k: v for k, v in context.items() if k != "template"}
            return InvalidInput(str(template), name, **values)
        case "missing" | "too_short":
            return InvalidInput("Please fill this in.", name)
        case "int_parsing" | "int_type" | "int_from_float":
            return InvalidInput("Please enter a whole number.", name)
        case "greater_than_equal":
            return InvalidInput("The number must be at least {least}.", name, least=context["ge"])
        case "less_than_equal":
            return InvalidInput("The number must be at most {most}.", name, most=context["le"])
        case "literal_error" | "bool_parsing":
            return InvalidInput("Please choose one of the values offered.", name)
        case "string_too_short":
            return InvalidInput("Please write at least {least} characters.", name, least=context["min_length"])
        case "string_too_long":
            return InvalidInput("Please write at most {most} characters.", name, most=context["max_length"])
        case _:
            return InvalidInput("This value cannot be used.", name)


def store(inbox: Inbox, configuration: Configuration, seal: Seal) -> None:
    """Put a configuration into its row; a secret is sealed anew only if it changed."""
    plain, sealed = {}, {}
    for name, value in configuration:
        if not isinstance(value, SecretStr):
            plain[name] = list(value) if isinstance(value, tuple) else value
        elif secret := value.get_secret_value():
            before = inbox.sealed.get(name) if inbox.sealed else None
            sealed[name] = before if before is not None and _opens(seal, before, secret) else seal.close(secret)
    inbox.configuration, inbox.sealed = plain, sealed


def _opens(seal: Seal, sealed: str, secret: str) -> bool:
    try:
        return seal.is_newest(sealed) and seal.open(sealed) == secret
    except CannotOpen:
        return False


def load(kind: Kind[Any], inbox: Inbox, seal: Seal) -> Configuration:
    """The configuration of a row. Raises ``InboxProblem`` if it cannot be read any more."""
    try:
        stored = {**inbox.configuration, **secrets_of(inbox, seal)}
        configuration: Configuration = kind.configuration.model_validate(stored)
    except CannotOpen:
        raise InboxProblem(
            "The passwords and keys of this inbox cannot be read: the desk's secret is another one than when they were "
            "entered.",
            "Enter them again, or name the old secret in the setting previous_secrets.",
        ) from None
    except ValidationError as error:
        fields = ", ".join(_mistakes(kind, error))
        raise InboxProblem(
            "The settings of this inbox are not complete any more: {fields}.",
            "Open its settings, fill in what is marked and save.",
            fields=fields,
        ) from None
    return configuration


def secrets_of(inbox: Inbox, seal: Seal) -> dict[str, str]:
    """The secrets of a row, opened. Raises ``CannotOpen``."""
    return {name: seal.open(sealed) for name, sealed in inbox.sealed.items()}


def readable_secrets(inbox: Inbox, seal: Seal) -> dict[str, str]:
    """Those secrets of a row that can still be opened."""
    found = {}
    for name, sealed in inbox.sealed.items():
        try:
            found[name] = seal.open(sealed)
        except CannotOpen:
            continue
    return found


def typed(kind: Kind[Any], inbox: Inbox | None) -> dict[str, str]:
    """What stands in the form of an inbox, or of a new one; secrets are never shown."""
    stored = inbox.configuration if inbox is not None else {}
    return {entry.name: _shown(entry, stored) for entry in entries(kind.configuration)}


def _shown(entry: Entry, stored: Mapping[str, Any]) -> str:
    if entry.name not in stored:
        return entry.default
    value = stored[entry.name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "\n".join(value) if isinstance(value, list) else str(value)
