"""Faxes as machines send them: pages as TIFF in black and white (G4), or as a PDF whose text can be taken from it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from PIL import Image, ImageDraw, ImageFont

FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
FINE, STANDARD = (204, 196), (204, 98)
"""Dots an inch across and down (ITU-T T.30)."""


def page(text: str, size: int = 40) -> Image.Image:
    """A page with a text on it, in the fine resolution of fax."""
    picture = Image.new("L", (1728, 2200), 255)
    font = ImageFont.truetype(str(FONT), size) if FONT.exists() else ImageFont.load_default(size)
    ImageDraw.Draw(picture).multiline_text((150, 150), text, font=font, fill=0, spacing=size // 2)
    return picture.convert("1", dither=Image.Dither.NONE)


def tiff(*texts: str, resolution: tuple[int, int] = FINE, about: str = "") -> bytes:
    """A fax as HylaFAX stores it: one page a text, and in ImageDescription who sent it."""
    pages = [page(text) for text in texts]
    if resolution == STANDARD:
        pages = [one.resize((one.width, one.height // 2), Image.Resampling.NEAREST) for one in pages]
    out = io.BytesIO()
    more = {270: about} if about else {}
    pages[0].save(
        out, "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=resolution, tiffinfo=more
    )
    return out.getvalue()


def pdf(*texts: str) -> bytes:
    """A fax as PDF whose text can be taken from it, one page a text."""
    paper = FPDF(format="A4")
    if FONT.exists():
        paper.add_font("paper", "", FONT)
    for text in texts:
        paper.add_page()
        paper.set_font("paper" if FONT.exists() else "helvetica", size=11)
        paper.multi_cell(0, 6, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(paper.output())


def text_of(document: bytes, above: float = 60) -> str:
    """The text of a PDF without the foot of its pages; ``above`` is in points from the bottom."""
    pages: Sequence[pypdfium2.PdfPage] = list(pypdfium2.PdfDocument(document))
    return "\n".join(one.get_textpage().get_text_bounded(bottom=above).replace("\r\n", "\n") for one in pages)
