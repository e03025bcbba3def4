"""A program of its own that opens a picture or document and reads it: ``python -m core.pictures.pages``.

Whatever opens other people's files (libtiff, libjpeg, PDFium, Tesseract) runs in here and not in the desk: a file that
makes one of them crash, eat memory or never end takes this process with it and nothing else. It has limits of memory
and processor time, is ended by whoever started it, and answers with one JSON object: see ``core.pictures.reading``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import (
    Image,
    ImageChops,
    ImageFilter,
    ImageOps,
    ImageSequence,
    ImageStat,
    TiffImagePlugin,
    UnidentifiedImageError,
)

from core.pictures import tesseract
from core.pictures.tesseract import Tesseract

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
"""What is opened at all; never what would start another program (EPS)."""
MOST_PIXELS = 60_000_000
"""Pixels of one picture: six A4 pages at 300 dpi side by side, or the largest camera of a telephone."""
MEMORY = 2 * 1024**3
CPU_SECONDS = 600
FAX_DPI = 204
"""What a page of a PDF is drawn at: the fine resolution of fax (ITU-T T.30)."""
LEGIBLE, LARGEST = 1000, 3500
"""Pixels of the longer side: smaller pictures are enlarged before they are read, larger ones reduced."""
DARK = 110
"""A mean brightness (0 to 255) below which light text stands on a dark ground."""
PAGE_SECONDS = 40.0
"""No page of a document is read for longer: what takes so long is no text."""
LEAST_TEXT = 200
"""Characters of its own text from which on a scanned page of a PDF need not be read by machine; fewer may be a line
that a gateway printed on it."""


class TooLarge(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Opened:
    """A page as a picture, and the text that the document itself says stands on it."""

    picture: Image.Image
    text: str = ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the pages as PNG")
    parser.add_argument("--most", type=int, default=1, help="pages")
    parser.add_argument("--seconds", type=float, default=0.0, help="for reading; 0: no reading")
    options = parser.parse_args()
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    sys.stdout.write(json.dumps(_answer(options)))
    return 0


def _answer(options: argparse.Namespace) -> dict[str, Any]:
    reader = tesseract.installed() if options.seconds > 0 else None
    answer: dict[str, Any] = {"pages": [], "total": 0, "about": "", "finding": ""}
    if options.seconds > 0 and reader is None:
        answer["finding"] = "missing"
    until = time.monotonic() + options.seconds
    try:
        for number, opened in enumerate(_open(options.file, options.most, answer)):
            text = opened.text
            if options.keep is not None:
                opened.picture.save(options.keep / f"{number}.png", optimize=True)
            if reader is not None and not text:
                left = until - time.monotonic()
                text, answer["finding"] = _read(reader, opened.picture, left, options, answer["finding"])
            answer["pages"].append(text)
    except (TooLarge, Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        answer["finding"] = "too_large"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, KeyError, TypeError, EOFError) as error:
        # Pillow's plugins raise whatever their format's reader stumbles over.
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        answer["finding"] = "unreadable"
    return answer


def _read(
    reader: Tesseract, picture: Image.Image, seconds: float, options: argparse.Namespace, finding: str
) -> tuple[str, str]:
    """The text of a page, and what came of it."""
    if seconds < 1:
        return "", "timed_out"
    prepared, dpi = _legible(picture)
    path, until = options.file.with_name("page.png"), time.monotonic() + min(seconds, PAGE_SECONDS)
    is_page = options.keep is not None
    try:
        prepared.save(path, compress_level=1)
        text = reader.read(path, dpi, until - time.monotonic(), is_page)
        if not text and not is_page:
            # A photo: uneven light, and a dark room around the screen.
            _flat(prepared).save(path, compress_level=1)
            text = reader.read(path, dpi, max(1.0, until - time.monotonic()), is_page)
        return text, finding
    except subprocess.TimeoutExpired:
        return "", "timed_out"
    except OSError as error:
        sys.stderr.write(f"tesseract: {error}\n")
        return "", "unreadable"
    finally:
        path.unlink(missing_ok=True)


# -- opening ----------------------------------------------------------------------------------------------------------


def _open(path: Path, most: int, answer: dict[str, Any]) -> Iterator[Opened]:
    with path.open("rb") as file:
        is_pdf = b"%PDF-" in file.read(1024)
    yield from _pdf(path, most, answer) if is_pdf else _picture(path, most, answer)


def _picture(path: Path, most: int, answer: dict[str, Any]) -> Iterator[Opened]:
    with Image.open(path, formats=FORMATS) as image:
        is_fax = False
        answer["total"] = 1
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            is_fax, answer["total"] = True, image.n_frames
            # Where HylaFAX notes who sent a fax.
            answer["about"] = str(image.tag_v2.get(TiffImagePlugin.IMAGEDESCRIPTION, ""))[:1000]
        for frame in ImageSequence.Iterator(image) if is_fax else (image,):
            if len(answer["pages"]) >= most:
                return
            if frame.width * frame.height > MOST_PIXELS:
                raise TooLarge
            yield Opened(_square(frame, image.info.get("dpi")) if is_fax else ImageOps.exif_transpose(frame))


def _square(page: Image.Image, dpi: Any) -> Image.Image:
    """A page with square pixels: in standard resolution fax has half as many lines as it should (204 by 98 dpi)."""
    across, down = (float(one) for one in dpi) if isinstance(dpi, tuple) and len(dpi) == 2 else (0.0, 0.0)
    page = page.copy() if page.mode in ("1", "L") else page.convert("L")
    if not (across and down) or not 1.3 < across / down < 4.5:
        return page
    return page.resize((page.width, round(page.height * across / down)), Image.Resampling.NEAREST)


def _pdf(path: Path, most: int, answer: dict[str, Any]) -> Iterator[Opened]:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise ValueError(str(error)) from None
    answer["total"] = len(document)
    for number in range(min(len(document), most)):
        page = document[number]
        width, height = page.get_size()
        scale = FAX_DPI / 72
        if width * scale * height * scale > MOST_PIXELS:
            raise TooLarge
        text = tesseract.clean(page.get_textpage().get_text_bounded().replace("\r\n", "\n"))
        picture = page.render(scale=scale, grayscale=True).to_pil()
        yield Opened(picture, text if len(text) >= LEAST_TEXT or not _is_scan(page, width * height) else "")


def _is_scan(page: Any, area: float) -> bool:
    """Whether a picture covers most of a PDF's page."""
    import pypdfium2.raw as pdfium

    for shown in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        left, bottom, right, top = shown.get_bounds()
        if (right - left) * (top - bottom) > area / 2:
            return True
    return False


def _legible(picture: Image.Image) -> tuple[Image.Image, int]:
    """A picture as it is read best, and its resolution in dpi: dark on light, letters neither tiny nor huge."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture.convert("RGBA"))
        picture = ground
    grey = picture.convert("L")
    longest = max(grey.size)
    if longest < LEGIBLE or longest > LARGEST:
        factor = min(LEGIBLE * 2, longest * 3) / longest if longest < LEGIBLE else LARGEST / longest
        size = max(1, round(grey.width * factor)), max(1, round(grey.height * factor))
        grey = grey.resize(size, Image.Resampling.LANCZOS)
    if ImageStat.Stat(grey).mean[0] < DARK:
        grey = ImageOps.invert(grey)
    return grey, max(70, min(400, round(max(grey.size) / 11)))


def _flat(grey: Image.Image) -> Image.Image:
    """The picture as what is darker than its surroundings, on white."""
    ground = grey.filter(ImageFilter.BoxBlur(max(grey.size) // 32))
    return ImageOps.invert(ImageOps.autocontrast(ImageChops.subtract(ground, grey), cutoff=1))


if __name__ == "__main__":
    sys.exit(main())
