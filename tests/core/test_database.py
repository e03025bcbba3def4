"""The database's promises: each use case on its own, all or nothing, signals only after the commit."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import Database, DatabaseClosed
from core.models import Team
from core.signals import Signal, Topic, emit


def _add(session: Session, key: str, fail: bool = False) -> str:
    session.add(Team(key=key, name=key, level=1))
    session.flush()
    emit(session, Signal(Topic.WORK, 1))
    if fail:
        raise ValueError(key)
    return key


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Team)) or 0


async def test_a_failing_use_case_undoes_itself_alone(database: Database) -> None:
    results = await asyncio.gather(
        *(database.write(_add, str(number), number % 3 == 0) for number in range(30)), return_exceptions=True
    )
    assert [isinstance(result, ValueError) for result in results] == [number % 3 == 0 for number in range(30)]
    assert await database.read(_count) == 20


async def test_alone_too(database: Database) -> None:
    with pytest.raises(ValueError, match="x"):
        await database.write(_add, "x", True)
    assert await database.read(_count) == 0
    assert await database.write(_add, "x") == "x"


async def test_signals_follow_the_commit_and_only_it(database: Database) -> None:
    with database.signals.subscribe(Topic.WORK) as signals:
        with pytest.raises(ValueError, match="x"):
            await database.write(_add, "x", True)
        assert await signals.wait(0.2) == []
        await database.write(_add, "y")
        assert await signals.wait(5) == [Signal(Topic.WORK, 1)]


async def test_what_was_queued_before_closing_is_finished_and_what_comes_after_is_refused(database: Database) -> None:
    writes = [asyncio.ensure_future(database.write(_add, str(number))) for number in range(20)]
    await asyncio.sleep(0)
    await asyncio.to_thread(database.close)
    assert len(await asyncio.gather(*writes)) == 20
    with pytest.raises(DatabaseClosed):
        await database.write(_add, "late")
