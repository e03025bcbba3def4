"""Files on a message: looked at in their place where that is safe, kept under their own name everywhere else."""

from __future__ import annotations

import codecs

import pytest
from sqlalchemy import select

from console.files import SHOWN, decoded
from core import intake
from core.database import Database
from core.models import Attachment
from core.values import StoredFile
from tests.console.conftest import Signed
from tests.core.desk import letter
from tests.fakes.clock import SetClock


async def _attach(database: Database, anna: Signed, clock: SetClock, name: str, media_type: str, content: bytes) -> str:
    file = StoredFile(anna.blobs.put(content), name, media_type, len(content))
    await database.write(intake.receive, letter(anna.desk, clock, attachments=(file,)), clock.now())
    found = await database.read(lambda session: session.scalars(select(Attachment.id)).one())
    return f"/console/tickets/1/files/{found}"


async def test_a_pdf_is_shown_in_a_sandbox_only_if_it_is_one(database: Database, anna: Signed, clock: SetClock) -> None:
    address = await _attach(database, anna, clock, "Bericht.pdf", "application/octet-stream", b"%PDF-1.4 ...")
    answer = await anna.get(f"{address}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert f'data-frame="{address}/pdf"' in (await anna.get("/console/tickets/1")).text


async def test_a_page_that_calls_itself_pdf_is_never_shown(database: Database, anna: Signed, clock: SetClock) -> None:
    page = b"<script>alert(1)</script>"
    address = await _attach(database, anna, clock, "Bericht.pdf", "application/pdf", page)
    assert (await anna.get(f"{address}/pdf")).status_code == 422
    answer = await anna.get(address)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_text_is_shown_as_text_and_only_its_beginning(database: Database, anna: Signed, clock: SetClock) -> None:
    content = "<b>größer</b>\n".encode("cp1252") * 40_000
    address = await _attach(database, anna, clock, "server.log", "application/octet-stream", content)
    answer = await anna.get(f"{address}/text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("<b>größer</b>\n") and "Hier steht nur der Anfang" in answer.text
    assert len(answer.text) < SHOWN + 200
    assert "560 kB" in (await anna.get("/console/tickets/1")).text


async def test_a_drawing_with_scripts_is_kept_not_shown(database: Database, anna: Signed, clock: SetClock) -> None:
    address = await _attach(database, anna, clock, 'größe "1".svg', "image/svg+xml", b"<svg onload='alert(1)'/>")
    disposition = (await anna.get(address)).headers["content-disposition"]
    assert disposition == "attachment; filename=\"gr__e _1_.svg\"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.svg"
    assert (await anna.get(f"{address}/text")).status_code == 422


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("größer".encode(), "größer"),
        ("größer".encode("cp1252"), "größer"),
        (codecs.BOM_UTF16_LE + "größer".encode("utf-16-le"), "größer"),
        (codecs.BOM_UTF8 + "größer".encode(), "größer"),
        ("größer".encode()[:3], "gr"),
        (b"", ""),
    ],
)
def test_text_in_any_charset_can_be_read(content: bytes, text: str) -> None:
    assert decoded(content) == text


async def test_a_mail_can_be_kept_exactly_as_it_came(database: Database, anna: Signed, clock: SetClock) -> None:
    small = letter(anna.desk, clock, raw=b"From: carla\r\n\r\n\xff")
    large = letter(anna.desk, clock, raw_sha256=anna.blobs.put(b"a large one"))
    for mail in (small, large, letter(anna.desk, clock)):
        await database.write(intake.receive, mail, clock.now())
    for ticket, content in ((1, b"From: carla\r\n\r\n\xff"), (2, b"a large one")):
        address = f"/console/tickets/{ticket}/original/{ticket}"
        assert f'href="{address}"' in (await anna.get(f"/console/tickets/{ticket}")).text
        answer = await anna.get(address)
        assert answer.content == content
        assert answer.headers["content-disposition"].startswith("attachment")
    assert "/original/" not in (await anna.get("/console/tickets/3")).text
    assert (await anna.get("/console/tickets/3/original/3")).status_code == 404


async def test_pictures_from_elsewhere_are_loaded_only_if_one_asks(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    mail = letter(anna.desk, clock, html='<p>Hallo<img src="https://tracker.example/x.png"></p>')
    await database.write(intake.receive, mail, clock.now())
    for address, allowed in (("html/1", False), ("html/1?pictures=yes", True)):
        answer = await anna.get(f"/console/tickets/1/{address}")
        assert ("https:" in answer.headers["content-security-policy"]) == allowed
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        assert answer.headers["referrer-policy"] == "no-referrer"
