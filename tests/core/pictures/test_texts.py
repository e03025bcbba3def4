"""Pictures are read once, beside everything else; understanding waits for them, and not for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import desk_settings, intake
from core.blobs import FolderBlobStore
from core.database import Database
from core.models import Finding, PictureRow, PromiseState, WorkRow
from core.pictures import tesseract, texts
from core.pictures.reader import PictureReader
from core.search.find import find
from core.search.index import index_more
from core.search.query import read as query
from core.tickets import facts, views
from core.values import FormOfAddress, InboundMessage, StoredFile
from tests.core.desk import Desk, chat_message, seed
from tests.core.pictures.test_reading import blue_screen, needs_tesseract
from tests.fakes.clock import SetClock


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs")


def _photo(blobs: FolderBlobStore, content: bytes = b"x" * 5000, media_type: str = "image/jpeg") -> StoredFile:
    return StoredFile(blobs.put(content), "foto.jpg", media_type, len(content))


async def _rows(database: Database) -> list[PictureRow]:
    return await database.read(lambda session: list(session.scalars(select(PictureRow).order_by(PictureRow.id))))


async def _work(database: Database) -> WorkRow:
    return await database.read(lambda session: session.scalars(select(WorkRow).order_by(WorkRow.id).limit(1)).one())


def _message(desk: Desk, clock: SetClock, *files: StoredFile, text: str = "") -> InboundMessage:
    return chat_message(desk, clock, text, attachments=files, placeholder="" if text else "[Foto]")


@asynccontextmanager
async def _reading(database: Database, blobs: FolderBlobStore, clock: SetClock) -> AsyncIterator[None]:
    task = asyncio.create_task(PictureReader(database, blobs, clock).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until_read(database: Database) -> list[PictureRow]:
    async with asyncio.timeout(60):
        while True:
            rows = await _rows(database)
            if rows and all(row.state is PromiseState.DONE for row in rows):
                return rows
            await asyncio.sleep(0.05)


async def test_a_picture_makes_understanding_wait_and_a_word_alone_does_not(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock
) -> None:
    await database.write(intake.receive, _message(desk, clock, _photo(blobs)), clock.now())
    assert (await _work(database)).due_at == clock.now() + texts.PATIENCE
    held = await database.write(texts.claim, clock.now())
    clock.advance(seconds=1)
    await database.write(texts.read, held[0], Finding.READ, "Fehler 42", clock.now())
    work = await _work(database)
    assert work.due_at == clock.now()
    known = await database.read(facts.read, work.id, clock.now())
    assert (known.text, known.shown, known.only_shows) == ("", "Fehler 42", True)


async def test_the_same_picture_is_read_once(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock
) -> None:
    photo = _photo(blobs)
    for _ in range(3):
        await database.write(intake.receive, _message(desk, clock, photo, photo, text="Siehe Bild"), clock.now())
    assert len(await _rows(database)) == 1


async def test_dots_documents_and_giants_are_no_pictures_to_be_read(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock
) -> None:
    files = (
        _photo(blobs, b"x" * 60),
        _photo(blobs, b"y" * 9000, "application/pdf"),
        StoredFile("0" * 64, "riese.png", "image/png", 10**9),
    )
    await database.write(intake.receive, _message(desk, clock, *files, text="Hallo"), clock.now())
    assert await _rows(database) == []
    assert (await _work(database)).due_at == clock.now()


async def test_where_it_is_switched_off_nothing_waits(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock
) -> None:
    save = desk_settings.save
    await database.write(save, "Desk", "de", FormOfAddress.FORMAL, None, clock.now(), reads_pictures=False)
    await database.write(intake.receive, _message(desk, clock, _photo(blobs)), clock.now())
    assert await _rows(database) == []
    assert (await _work(database)).due_at == clock.now()


async def test_without_tesseract_the_bot_goes_on_at_once_and_the_picture_is_read_later(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database.is_sqlite:
        pytest.skip("several processes give each other a moment")
    with monkeypatch.context() as without:
        without.setattr(tesseract, "PROGRAM", "no-such-program")
        async with _reading(database, blobs, clock):
            await database.write(intake.receive, _message(desk, clock, _photo(blobs)), clock.now())
            [row] = await _until_read(database)
    assert row.finding is Finding.MISSING
    assert (await _work(database)).due_at == clock.now()
    await database.write(texts.look_again, clock.now())
    [row] = await _rows(database)
    assert (row.state, row.finding) == (PromiseState.PENDING, None)


@needs_tesseract
async def test_a_photographed_blue_screen_is_shown_and_found(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock
) -> None:
    content = blue_screen(photographed=True)
    async with _reading(database, blobs, clock):
        receipt = await database.write(intake.receive, _message(desk, clock, _photo(blobs, content)), clock.now())
        await database.write(index_more)
        [row] = await _until_read(database)
    assert "ein Problem aufgetreten" in row.text
    assert receipt.ticket_id is not None
    detail = await database.read(views.detail, receipt.ticket_id)
    assert detail.pictures[row.sha256].text == row.text
    hits = await database.read(find, query("Fehlerinformationen"), desk.anna, clock.now())
    assert [hit.row.id for hit in hits] == [receipt.ticket_id]


async def test_a_lease_that_was_lost_changes_nothing(
    database: Database, desk: Desk, blobs: FolderBlobStore, clock: SetClock
) -> None:
    await database.write(intake.receive, _message(desk, clock, _photo(blobs)), clock.now())
    [first] = await database.write(texts.claim, clock.now())
    clock.advance(seconds=timedelta(minutes=5).total_seconds())
    [second] = await database.write(texts.claim, clock.now())
    await database.write(texts.read, first, Finding.READ, "zu spät", clock.now())
    await database.write(texts.read, second, Finding.READ, "rechtzeitig", clock.now())
    assert [row.text for row in await _rows(database)] == ["rechtzeitig"]
