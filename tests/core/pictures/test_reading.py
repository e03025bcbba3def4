"""Text in pictures, read by the real Tesseract where it is installed; and files that nobody should open."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from core.models import Finding
from core.pictures import reading, tesseract
from core.pictures.reading import Unreadable, open_document, read_picture
from tests.fakes import paper

needs_tesseract = pytest.mark.skipif(
    tesseract.installed() is None or not paper.FONT.exists(), reason="Tesseract or the DejaVu fonts are not installed"
)
BLUE_SCREEN = (
    "Auf Ihrem PC ist ein Problem aufgetreten, und er muss neu gestartet",
    "werden. Es werden einige Fehlerinformationen gesammelt, und dann",
    "wird ein Neustart ausgeführt.",
    "",
    "Stillstandcode: CRITICAL_PROCESS_DIED",
)


def blue_screen(photographed: bool = False) -> bytes:
    """What Windows shows when it gives up; as a photo it is askew, blurred, and in a dark room."""
    screen = Image.new("RGB", (1600, 900), (0, 120, 215))
    font = ImageFont.truetype(str(paper.FONT), 34)
    ImageDraw.Draw(screen).multiline_text((140, 260), "\n".join(BLUE_SCREEN), font=font, fill="white", spacing=18)
    if photographed:
        screen = screen.rotate(1.5, expand=True, fillcolor=(20, 20, 20)).filter(ImageFilter.GaussianBlur(0.9))
    out = io.BytesIO()
    screen.save(out, "JPEG", quality=75)
    return out.getvalue()


@needs_tesseract
@pytest.mark.parametrize("photographed", [False, True])
async def test_white_text_on_a_blue_screen_is_read(photographed: bool) -> None:
    seen = await read_picture(blue_screen(photographed))
    assert seen.finding is Finding.READ
    assert "ein Problem aufgetreten" in seen.text and "CRITICAL" in seen.text


@needs_tesseract
async def test_umlauts_on_a_fax_are_read_in_both_resolutions() -> None:
    text = "Sehr geehrte Damen und Herren,\nder Drucker im Büro für Öffentlichkeit streikt.\nViele Grüße"
    for resolution in (paper.FINE, paper.STANDARD):
        document = await open_document(paper.tiff(text, resolution=resolution), read=True)
        assert "Büro für Öffentlichkeit" in (document.pages[0].text or "")
        assert "Grüße" in (document.pages[0].text or "")


@needs_tesseract
async def test_a_picture_without_text_says_so() -> None:
    out = io.BytesIO()
    Image.new("RGB", (800, 600), "white").save(out, "PNG")
    assert await read_picture(out.getvalue()) == reading.Seen("", Finding.EMPTY)


async def test_every_page_becomes_a_picture_with_square_pixels() -> None:
    document = await open_document(paper.tiff("Eins", "Zwei", "Drei", resolution=paper.STANDARD), read=False)
    sizes = [Image.open(io.BytesIO(page.png)).size for page in document.pages]
    assert document.total == 3 and len(sizes) == 3
    assert all(1.2 < height / width < 1.4 for width, height in sizes)
    assert [page.text for page in document.pages] == [None, None, None]


async def test_a_pdf_says_itself_what_stands_in_it() -> None:
    document = await open_document(paper.pdf("Größe & Maße", "Zweite Seite"), read=False)
    assert [page.text for page in document.pages] == ["Größe & Maße", "Zweite Seite"]


async def test_what_hylafax_notes_in_a_tiff_is_told() -> None:
    document = await open_document(paper.tiff("x", about="MUSTERBAU\n030 1234567"), read=False)
    assert document.about == "MUSTERBAU\n030 1234567"


@pytest.mark.parametrize(
    "content", [b"", b"nothing of the kind", b"II*\0" + b"\xff" * 500, b"%PDF-1.7 and no more", b"\x89PNG\r\n\x1a\n"]
)
async def test_what_is_broken_is_unreadable_and_nothing_worse(content: bytes) -> None:
    assert (await read_picture(content)).finding in (Finding.UNREADABLE, Finding.MISSING)
    with pytest.raises(Unreadable):
        await open_document(content, read=False)


async def test_a_fax_that_was_cut_off_is_unreadable() -> None:
    whole = paper.tiff("Eins", "Zwei")
    with pytest.raises(Unreadable):
        await open_document(whole[: len(whole) // 3], read=False)


async def test_a_decompression_bomb_is_not_unpacked() -> None:
    """A few kilobytes that would be 10 billion pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    seen = await read_picture(bomb)
    assert (seen.text, seen.finding) == ("", Finding.TOO_LARGE)
    with pytest.raises(Unreadable):
        await open_document(bomb, read=False)


async def test_files_beyond_every_measure_are_not_even_opened() -> None:
    assert (await read_picture(bytes(reading.MOST_BYTES + 1))).finding is Finding.TOO_LARGE


async def test_who_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PICTURE_SECONDS", 0.0)
    monkeypatch.setattr(reading, "OPEN_SECONDS", 0.0)
    assert (await read_picture(paper.tiff("x"))).finding is Finding.TIMED_OUT


async def test_of_a_book_only_the_first_pages_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_PAGES", 2)
    document = await open_document(paper.tiff("1", "2", "3"), read=False)
    assert (len(document.pages), document.total) == (2, 3)
