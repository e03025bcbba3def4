"""A server, and a desk whose failed inboxes are tried again at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from channels import runner
from core.database import Database
from core.inboxes import editing
from core.models import InboxState
from tests.channels.imap.place import Place
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock
from tests.fakes.dovecot import Dovecot


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed inboxes are tried again at once."""
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(runner, "LONGEST_PAUSE", 0.2)


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.fixture
async def place(database: Database, clock: SetClock, tmp_path: Path, server: Dovecot) -> Place:
    desk: Desk = await database.write(seed, clock)
    for inbox_id in (desk.chat, desk.mail):
        await database.write(editing.set_state, inbox_id, InboxState.ARCHIVED)
    return Place(database, clock, tmp_path, server)
