"""The quarantine as staff sees it: what it looks like, safely, and what can be done with it."""

from __future__ import annotations

from core import intake
from core.database import Database
from tests.console.conftest import Signed
from tests.fakes.clock import SetClock

RAW = "Subject: Rechnung\r\n\r\n<script>alert('ü')</script> \0 \u202egnp.exe".encode()


async def _set_aside(database: Database, anna: Signed, clock: SetClock, raw: bytes = RAW) -> None:
    about = {"sender": "Max <max@alpha.example>", "subject": "Rechnung", "envelope_sender": None, "size": len(raw)}
    large = anna.blobs.put(raw) if len(raw) > 1000 else None
    kept = None if large else raw
    await database.write(
        intake.quarantine, anna.desk.mail, "key", "The mail has no sender that can be answered.", clock.now(),
        kept, large, about,
    )  # fmt: skip


async def test_what_lies_there_is_shown_as_text_that_hides_nothing(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    await _set_aside(database, anna, clock)
    page = (await anna.get("/console/quarantine")).text
    assert "Max &lt;max@alpha.example&gt;" in page and "Rechnung" in page and "Die Mail hat keinen Absender" in page
    page = (await anna.get("/console/quarantine/1")).text
    assert "&lt;script&gt;alert(&#39;ü&#39;)&lt;/script&gt; \ufffd \ufffdgnp.exe" in page
    answer = await anna.get("/console/quarantine/1/raw")
    assert answer.content == RAW
    assert answer.headers["content-disposition"].startswith('attachment; filename="mail-1.eml"')


async def test_a_huge_one_is_shown_in_part_and_kept_whole(database: Database, anna: Signed, clock: SetClock) -> None:
    raw = b"Subject: x\r\n\r\n" + b"y" * 3_000_000
    await _set_aside(database, anna, clock, raw)
    page = (await anna.get("/console/quarantine/1")).text
    assert len(page) < 250_000 and "Hier steht nur der Anfang" in page and "3 MB" in page
    assert (await anna.get("/console/quarantine/1/raw")).content == raw


async def test_discarding_needs_a_reason_and_can_be_taken_back(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    await _set_aside(database, anna, clock)
    answer = await anna.post("/console/quarantine/1/discard", reason=" ")
    assert answer.status_code == 422 and "Sagen Sie, warum niemand sie braucht" in answer.text
    assert (await anna.post("/console/quarantine/1/discard", reason="Werbung")).status_code == 303
    page = (await anna.get("/console/quarantine")).text
    assert "Alles, was ankam" in page and "Werbung" in page and "Anna" in page
    assert (await anna.post("/console/quarantine/1/discard", reason="Werbung")).status_code == 409
    assert (await anna.post("/console/quarantine/1/restore")).status_code == 303
    assert "Noch einmal versuchen" in (await anna.get("/console/quarantine/1")).text


async def test_another_reading_is_promised_and_said(database: Database, anna: Signed, clock: SetClock) -> None:
    await _set_aside(database, anna, clock)
    assert (await anna.post("/console/quarantine/1/again")).headers["location"] == "/console/quarantine/1"
    assert "Sie wird noch einmal gelesen." in (await anna.get("/console/quarantine/1")).text
    assert (await anna.post("/console/quarantine/again")).status_code == 303


async def test_what_is_not_there_is_said(anna: Signed) -> None:
    for path in ("/console/quarantine/4711", "/console/quarantine/4711/raw"):
        assert (await anna.get(path)).status_code == 404
    assert (await anna.post("/console/quarantine/4711/again")).status_code == 404
