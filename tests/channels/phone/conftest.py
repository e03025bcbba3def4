"""A desk with a line, on either database."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database
from tests.contract.ground import Ground
from tests.fakes.clock import SetClock


@pytest.fixture
async def ground(database: Database, clock: SetClock, tmp_path: Path) -> Ground:
    return await Ground.lay(database, clock, tmp_path)
