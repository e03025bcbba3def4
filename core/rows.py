"""Rows written and read without the unit of work, for what happens with every message.

Where a use case decides about something, it loads the object and changes it. What it merely adds, or looks up by the
way, goes straight to the table by a statement prepared once. (Measured on SQLite with SQLAlchemy 2.1: an object added
and flushed costs 114 µs, the same row inserted here 20 µs; a select built for each call 90 µs, a prepared one 16 µs.)
Changes to loaded objects are not seen here before a flush.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Insert, Row, Table
from sqlalchemy import insert as insert_into
from sqlalchemy.orm import Session

from core.models.base import Base


def insert(session: Session, model: type[Base], **values: Any) -> int:
    """Add a row at once, with the model's defaults for what is not named; its id. What it refers to must be there."""
    key = _connection(session).execute(_statement(model), values).inserted_primary_key
    assert key is not None
    return int(key[0])


def execute(session: Session, statement: Executable, **parameters: Any) -> CursorResult[*tuple[Any, ...]]:
    """Run a prepared statement of columns."""
    return _connection(session).execute(statement, parameters)


def first(session: Session, statement: Executable, **parameters: Any) -> Row[*tuple[Any, ...]] | None:
    """The first row of a prepared select of columns, if there is one."""
    return _connection(session).execute(statement, parameters).first()


def scalar(session: Session, statement: Executable, **parameters: Any) -> Any:
    """The first column of the first row, or None."""
    return _connection(session).scalar(statement, parameters)


def _connection(session: Session) -> Connection:
    # Asking a session for its connection costs as much as a statement does.
    found: Connection | None = session.info.get("connection")
    if found is None:
        found = session.info["connection"] = session.connection()
    return found


@cache
def _statement(model: type[Base]) -> Insert:
    assert isinstance(model.__table__, Table)
    return insert_into(model.__table__)
