"""Between the form of an inbox and its values. A secret that was typed and not saved yet travels sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.forms import chosen_id, chosen_language
from core.inboxes import configuring
from core.inboxes.editing import OWN, Form
from core.inboxes.kinds import Kind, entries
from core.models import Inbox
from core.sealing import CannotOpen, Seal
from web.languages import LANGUAGES

SEALED, FORGET = "sealed.", "forget."
_COMMON = ("name", "sender_name", "language", "team", "organization", "calendar")


def first_values(kind: Kind[Any], inbox: Inbox | None, language: str = "") -> dict[str, str]:
    """What stands in the form of an inbox, or of a new one, which begins with ``language``."""
    own = {f"{OWN}{name}": value for name, value in configuring.typed(kind, inbox).items()}
    if inbox is None:
        return {**dict.fromkeys(_COMMON, ""), "language": language, **own}
    return {
        "name": inbox.name,
        "sender_name": inbox.sender_name,
        "language": inbox.language,
        "team": str(inbox.team_id or ""),
        "organization": str(inbox.organization_id or ""),
        "calendar": str(inbox.calendar_id or ""),
        **own,
    }


def form_of(kind: Kind[Any], typed: Mapping[str, str], seal: Seal) -> Form:
    """What was typed, to be checked or saved. A switch that was not sent is off."""
    own = {entry.name: typed.get(f"{OWN}{entry.name}", "") for entry in entries(kind.configuration)}
    forget = set()
    for entry in entries(kind.configuration):
        if entry.control == "switch":
            own[entry.name] = "yes" if own[entry.name] else "no"
        if entry.control == "secret" and not own[entry.name]:
            own[entry.name] = _unsealed(kind, entry.name, typed, seal)
            if f"{FORGET}{entry.name}" in typed:
                forget.add(entry.name)
    return Form(
        name=typed.get("name", ""),
        typed=own,
        sender_name=typed.get("sender_name", ""),
        language=chosen_language(typed.get("language", "")) or LANGUAGES[0],
        organization_id=chosen_id(typed.get("organization", ""), "organization"),
        team_id=chosen_id(typed.get("team", ""), "team"),
        calendar_id=chosen_id(typed.get("calendar", ""), "calendar"),
        forget=frozenset(forget),
    )


def values_of(kind: Kind[Any], typed: Mapping[str, str], seal: Seal) -> dict[str, str]:
    """The same, to be shown again: secrets sealed."""
    form = form_of(kind, typed, seal)
    values = {name: typed.get(name, "") for name in (*_COMMON, "recipient")}
    for entry in entries(kind.configuration):
        text = form.typed[entry.name]
        if entry.control != "secret":
            values[f"{OWN}{entry.name}"] = text
        elif text:
            values[f"{SEALED}{entry.name}"] = seal.close(f"{_purpose(kind, entry.name)}{text}")
        if entry.name in form.forget:
            values[f"{FORGET}{entry.name}"] = "yes"
    return values


def passed_on(kind: Kind[Any], values: Mapping[str, str], inbox: Inbox | None) -> dict[str, str]:
    """Of each secret there is: ``typed`` but not saved yet, or ``saved``."""
    found = {}
    for entry in entries(kind.configuration):
        if entry.control == "secret":
            if f"{SEALED}{entry.name}" in values:
                found[entry.name] = "typed"
            elif inbox is not None and entry.name in inbox.sealed:
                found[entry.name] = "saved"
    return found


def _unsealed(kind: Kind[Any], name: str, typed: Mapping[str, str], seal: Seal) -> str:
    try:
        text = seal.open(typed.get(f"{SEALED}{name}", ""))
    except CannotOpen:
        return ""
    purpose = _purpose(kind, name)
    return text.removeprefix(purpose) if text.startswith(purpose) else ""


def _purpose(kind: Kind[Any], name: str) -> str:
    """What a secret on its way begins with, so that no other sealed value can take its place."""
    return f"typed:{kind.key}.{name}:"
