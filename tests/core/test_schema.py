"""The migrations build exactly what the models say, from an empty database, on both kinds."""

from __future__ import annotations

from core import schema
from core.database import Database


def test_migrating_from_empty_leaves_no_drift(database: Database) -> None:
    assert schema.is_current(database.engine)
    assert schema.drift(database.engine) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    schema.upgrade(database.engine)
    assert schema.is_current(database.engine)
