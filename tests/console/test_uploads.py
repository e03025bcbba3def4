"""Files that staff send with a reply or keep with a note."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from console import uploads
from core import intake
from core.composing import compose
from core.database import Database
from core.models import Attachment, Message
from tests.console.conftest import Signed
from tests.core.desk import letter
from tests.fakes.clock import SetClock

PICTURE = ("C:\\Bilder\\Anschluss größe.png", b"\x89PNG...")


@pytest.fixture
async def ticket(database: Database, anna: Signed, clock: SetClock) -> str:
    await database.write(intake.receive, letter(anna.desk, clock), clock.now())
    return "/console/tickets/1"


async def _files(database: Database) -> list[tuple[bool, str, str, int]]:
    query = select(Message.is_note, Attachment.filename, Attachment.media_type, Attachment.size).join(
        Attachment, Attachment.message_id == Message.id
    )
    return [(*row,) for row in await database.read(lambda session: session.execute(query).all())]


async def test_a_reply_takes_its_files_to_the_person(database: Database, anna: Signed, ticket: str) -> None:
    answer = await anna.upload(f"{ticket}/reply", [PICTURE], text="Bitte so anschließen:")
    assert answer.status_code == 303
    assert await _files(database) == [(False, "Anschluss größe.png", "image/png", 7)]
    said = await database.read(lambda session: session.scalars(select(Message).where(Message.outbound)).all())
    sent = await database.read(compose, said[-1].id)
    assert [file.filename for file in sent.attachments] == ["Anschluss größe.png"]
    assert anna.blobs.get(sent.attachments[0].sha256) == b"\x89PNG..."


async def test_a_file_alone_is_a_reply_and_a_note(database: Database, anna: Signed, ticket: str) -> None:
    assert (await anna.upload(f"{ticket}/reply", [PICTURE], text=" ")).status_code == 303
    assert (await anna.upload(f"{ticket}/note", [PICTURE], text="")).status_code == 303
    assert [is_note for is_note, *_ in await _files(database)] == [False, True]
    assert (await anna.upload(f"{ticket}/note", [("", b"")], text="")).status_code == 422


async def test_a_mistake_loses_no_file(database: Database, anna: Signed, ticket: str) -> None:
    await anna.post(f"{ticket}/resolve", code="solved")
    many = [PICTURE] * (uploads.MOST + 1)
    answer = await anna.upload(f"{ticket}/reply", many, text="Elf Bilder")
    assert answer.status_code == 422 and "höchstens 10" in answer.text and "Elf Bilder" in answer.text
    answer = await anna.upload(f"{ticket}/take-over", [PICTURE])
    assert answer.status_code == 409
    (token,) = re.findall(r'name="kept" value="([^"]+)"', answer.text)
    assert (await anna.post(f"{ticket}/reply", kept=token, text="Und doch:")).status_code == 303
    assert [name for _, name, *_ in await _files(database)] == ["Anschluss größe.png"]


async def test_a_forged_token_brings_nothing(database: Database, anna: Signed, ticket: str) -> None:
    answer = await anna.post(f"{ticket}/reply", kept="0" * 64, text="Hier")
    assert answer.status_code == 422 and "noch einmal an" in answer.text
    assert await _files(database) == []


async def test_a_reply_that_is_taken_back_brings_its_files_back(database: Database, anna: Signed, ticket: str) -> None:
    await anna.upload(f"{ticket}/reply", [PICTURE], text="Zu früh")
    newest = select(Message.id).order_by(Message.id.desc())
    message = await database.read(lambda session: session.scalars(newest).first())
    answer = await anna.post(f"{ticket}/undo/{message}")
    assert answer.status_code == 200 and "Zu früh" in answer.text
    assert 'name="kept"' in answer.text and "Anschluss größe.png" in answer.text
