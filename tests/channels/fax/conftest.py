"""The ground that a fax line stands on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import schema
from core.database import Database
from tests.contract.ground import Ground
from tests.fakes.clock import SetClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """SQLite only: what is special about faxes lies outside of the database."""
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    schema.upgrade(database.engine)
    yield database
    database.close()


@pytest.fixture
async def ground(database: Database, clock: SetClock, tmp_path: Path) -> Ground:
    return await Ground.lay(database, clock, tmp_path)
