"""What must hold of every mail that is read, whatever it is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from channels.mail import authentication
from channels.mail.parse import ParsedMail, UnreadableMail, glimpse, parse
from channels.mail.quotes import new_text
from console.mails import harmless

OWN = frozenset({"desk@desk.example"})


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts(key)
            yield from texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)


def is_storable(mail: ParsedMail) -> bool:
    """Whether every database takes it: no NUL, no half of a character, remarks that are JSON, and what has a column
    fits in it."""
    json.dumps([mail.remarks, mail.authentication])
    fits = len(mail.message_id or "") <= 500 and all(len(one.value) <= 320 for one in (mail.sender, *mail.recipients))
    fits &= all(
        len(file.filename) <= 255 and len(file.media_type) <= 127 and len(file.content_id or "") <= 255
        for file in mail.files
    )
    return fits and all("\0" not in text and text.encode() is not None for text in texts(mail))


class Nowhere:
    """A world in which no domain publishes anything."""

    def txt(self, name: str) -> str | None:
        return None


def check(raw: bytes) -> ParsedMail | None:
    """Do with a mail all that is done with one that arrives; None if it is from nobody."""
    assert all("\0" not in text and text.encode() is not None for text in glimpse(raw))
    try:
        mail = parse(raw, None, OWN, frozenset({"mx.desk.example"}))
    except UnreadableMail:
        return None
    assert is_storable(mail)
    new = new_text(mail.text, mail.subject)
    assert bool(new) == bool(mail.text.strip())
    assert set(new.split()) <= set(mail.text.split())
    if mail.is_signed:
        json.dumps(authentication.checked(raw, mail.sender.value, Nowhere()))
    if mail.html is not None:
        assert "<script" not in harmless(mail.html, [], lambda sha256: b"")
    return mail
