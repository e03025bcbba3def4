"""The full-text index: SQLite's FTS5 (trigrams) or PostgreSQL's tsvector. It follows the messages, a moment behind.

Nothing waits for it: a loop indexes what is not in it yet, so a message that is not found today is found in a second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from core.search.words import fold, parts, variants

BATCH = 200
LOOK_BACK = 10_000
"""Ids become visible out of order on PostgreSQL: so many before the newest indexed are looked at again."""

_NEWEST = text("SELECT coalesce(max(rowid), 0) FROM search_message")
_WORDS = (
    "SELECT m.id, m.text, m.subject, m.author_name, r.name, o.name, a.value,"
    " CASE WHEN EXISTS (SELECT 1 FROM attachment f WHERE f.message_id = m.id) THEN 1 ELSE 0 END"
    " FROM message m JOIN ticket t ON t.id = m.ticket_id JOIN requester r ON r.id = t.requester_id"
    " LEFT JOIN organization o ON o.id = t.organization_id"
    " LEFT JOIN conversation c ON c.id = m.conversation_id"
    " LEFT JOIN requester_address a ON a.id = c.address_id AND a.kind = 'email'"
)
_NOT_YET = (
    " WHERE m.id > :after AND NOT EXISTS (SELECT 1 FROM search_message s WHERE s.rowid = m.id)"
    " ORDER BY m.id LIMIT :batch"
)
_MISSING = text(_WORDS + _NOT_YET)
_THIS = text(_WORDS + " WHERE m.id = :id")
_SHOWN = text(
    "SELECT p.text FROM picture p JOIN attachment f ON f.sha256 = p.sha256"
    " WHERE f.message_id = :id AND p.text <> '' ORDER BY f.id"
)
"""What was read in the pictures of a message."""
_FORGET = text("DELETE FROM search_message WHERE rowid = :id")
_ADD_SQLITE = text("INSERT INTO search_message (rowid, words) VALUES (:id, :words)")
_ADD_POSTGRESQL = text(
    "INSERT INTO search_message (rowid, words) VALUES (:id, to_tsvector('simple', :words)) ON CONFLICT DO NOTHING"
)


def index_more(session: Session) -> int:
    """Add the next messages that are not in the index yet. Returns how many."""
    newest = session.scalar(_NEWEST) or 0
    return _add(session, session.execute(_MISSING, {"after": newest - LOOK_BACK, "batch": BATCH}).all())


def index_anew(session: Session, message_id: int) -> None:
    """The words of a message changed."""
    session.execute(_FORGET, {"id": message_id})
    _add(session, session.execute(_THIS, {"id": message_id}).all())


def _add(session: Session, missing: Sequence[Row[*tuple[Any, ...]]]) -> int:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    rows = []
    for id_, *said, has_files in missing:
        shown = session.scalars(_SHOWN, {"id": id_}) if has_files else ()
        words = " ".join(str(one) for one in (*said, *shown) if one)[:100_000]
        rows.append({"id": id_, "words": (fold if on_sqlite else parts)(words)})
    if rows:
        session.execute(_ADD_SQLITE if on_sqlite else _ADD_POSTGRESQL, rows)
    return len(rows)


def expression(words: tuple[str, ...], on_sqlite: bool) -> str:
    """The database's own query for messages that contain every word, in any spelling of its umlauts."""
    each = [variants(word) for word in words]
    if on_sqlite:
        # A trigram index knows no word of fewer than three letters.
        long = [[one for one in spelled if len(one) >= 3] for spelled in each]
        return " AND ".join("(" + " OR ".join(_quoted(one) for one in spelled) + ")" for spelled in long if spelled)
    lexemes = [
        [" & ".join(f"{piece}:*" for piece in _pieces(one)) for one in spelled if _pieces(one)] for spelled in each
    ]
    return " & ".join("(" + " | ".join(f"({one})" for one in spelled) + ")" for spelled in lexemes if spelled)


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _pieces(word: str) -> list[str]:
    return re.findall(r"[^\W_]+", word)
