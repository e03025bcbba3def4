"""A desk with Slack that is not running yet; SQLite only, for the core is tested on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core import schema
from core.database import Database
from tests.channels.slack.desk import SlackDesk, desk_with
from tests.fakes.clock import SetClock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    schema.upgrade(database.engine)
    yield database
    database.close()


@pytest.fixture
async def desk(database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[SlackDesk]:
    async with desk_with(database, clock, tmp_path) as desk:
        yield desk
