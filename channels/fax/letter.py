"""An outbound message as a letter in PDF, typeset for fax machines. The same message, the same bytes.

Set out as German business letters are (DIN 5008, form B): address on the left, reference block on the right, large
type and no greys, since fax knows black and white only (ITU-T T.4).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from channels.choices import numbered
from channels.fax.configuration import FaxConfiguration
from core.calls.numbers import spoken
from core.inboxes.kinds import InboxSettings
from core.values import ActorKind, OutboundMessage, language_of, ticket_number
from web.languages import Translate, translator

FONTS = (
    ("/usr/share/fonts/truetype/dejavu", "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("/usr/share/fonts/truetype/liberation", "LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    ("/usr/share/fonts/truetype/noto", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("/usr/share/fonts/dejavu-sans-fonts", "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("/usr/share/fonts/TTF", "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
)
"""Folder, regular, bold: fonts that have the letters of all European languages, where systems keep them."""
LEFT, RIGHT, TOP, BOTTOM = 25.0, 20.0, 18.0, 24.0
"""Margins in mm."""
WIDTH, HEIGHT = 210.0, 297.0
BLOCK = 121.0
"""Where the reference block begins, in mm from the left."""
LINE = 5.8
"""Height of a line of text in mm."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a letter, as its pages (PNG)."""

    name: str
    pages: Sequence[bytes] = field(default_factory=tuple)


def render(
    message: OutboundMessage, tag: str, line: InboxSettings[FaxConfiguration], enclosures: Sequence[Enclosure] = ()
) -> bytes:
    """The letter; ``tag`` is how its reader is spoken to (``core.values.spoken``)."""
    _ = translator(tag)
    letter = _Letter(message, line, _)
    letter.head(_facts(message, line, enclosures, _))
    letter.say(_subject(message, _), style="B", size=12, height=6.4, gap=7)
    letter.say(_words(message, _), gap=5)
    if enclosures:
        letter.say(f"{_('Enclosed')}:\n" + "\n".join(one.name for one in enclosures), gap=5)
    number = ticket_number(message.ticket_id)
    letter.say(_("When you answer, please quote our reference {number}.").replace("{number}", number), style="B")
    for enclosure in enclosures:
        letter.enclose(enclosure)
    return letter.bytes()


def render_test(line: InboxSettings[FaxConfiguration], recipient: str, text: str, message: OutboundMessage) -> bytes:
    """A letter that belongs to no ticket, to see whether faxes arrive."""
    _ = translator(line.language)
    letter = _Letter(message, line, _)
    letter.head([(_("Date"), _date(message)), (_("Fax"), spoken(line.configuration.number))])
    letter.say(text)
    return letter.bytes()


class _Letter:
    def __init__(self, message: OutboundMessage, line: InboxSettings[FaxConfiguration], translate: Translate) -> None:
        self._translate = translate
        self._message = message
        self._line = line
        self._pdf = _Paper(self._foot())
        pdf = self._pdf
        pdf.set_creation_date(message.created_at)
        pdf.set_title(_subject(message, translate))
        pdf.set_lang(language_of(message.language))
        pdf.set_margins(LEFT, TOP, RIGHT)
        pdf.set_auto_page_break(True, BOTTOM)
        pdf.add_page()

    def head(self, facts: Sequence[tuple[str, str]]) -> None:
        """Who writes, to whom, and the reference block."""
        pdf, _ = self._pdf, self._translate
        lines = self._line.configuration.sender_lines.splitlines() or [self._line.sender_name]
        pdf.write_at(LEFT, TOP, lines[0], 14, "B")
        for place, text in enumerate(lines[1:6]):
            pdf.write_at(LEFT, TOP + 7 + place * 4.6, text, 9.5)
        recipient = self._message.recipient
        address = [_("By fax"), recipient.name if recipient.name != spoken(recipient.value) else ""]
        address.append(spoken(recipient.value))
        for place, text in enumerate(one for one in address if one):
            pdf.write_at(LEFT, 56 + place * 5.6, text, 11, "B" if place else "")
        for place, (label, value) in enumerate(facts):
            pdf.write_at(BLOCK, 56 + place * 5.6, label, 9.5)
            pdf.write_at(BLOCK + 28, 56 + place * 5.6, value, 9.5, "B")
        pdf.set_xy(LEFT, max(98.0, 64 + len(facts) * 5.6))

    def say(self, text: str, style: str = "", size: float = 11, height: float = LINE, gap: float = 0) -> None:
        """A text in paragraphs, and some mm below it."""
        pdf = self._pdf
        pdf.use(style, size)
        pdf.multi_cell(0, height, pdf.legible(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.ln(gap)

    def enclose(self, enclosure: Enclosure) -> None:
        """Each page of a file on one of its own, as large as it goes."""
        for number, page in enumerate(enclosure.pages, 1):
            self._pdf.add_page()
            many = f" ({number}/{len(enclosure.pages)})" if len(enclosure.pages) > 1 else ""
            self._pdf.write_at(LEFT, 8, f"{enclosure.name}{many}", 8.5)
            self._pdf.image(
                io.BytesIO(page), x=LEFT - 10, y=14, w=WIDTH - 30, h=HEIGHT - BOTTOM - 16, keep_aspect_ratio=True
            )

    def bytes(self) -> bytes:
        return bytes(self._pdf.output())

    def _foot(self) -> tuple[str, str]:
        number = ticket_number(self._message.ticket_id) if self._message.ticket_id else ""
        page = self._translate("Page {number} of {total}").replace("{number}", "%d").replace("{total}", "{nb}")
        sender = f"{self._line.sender_name} · {self._translate('Fax')} {spoken(self._line.configuration.number)}"
        return sender, " · ".join(one for one in (number, page) if one)


class _Paper(FPDF):
    """A4 in black, with a foot on every page; fpdf2 calls ``footer``."""

    def __init__(self, foot: tuple[str, str]) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self._characters: frozenset[int] | None = None
        fonts = fonts_here()
        self._family = "letter" if fonts is not None else "helvetica"
        if fonts is not None:
            self.add_font("letter", "", fonts[0])
            self.add_font("letter", "B", fonts[1])
            self._characters = frozenset(self.fonts["letter"].cmap)  # type: ignore[union-attr]

    def use(self, style: str, size: float) -> None:
        self.set_font(self._family, style, size)

    def write_at(self, x: float, y: float, text: str, size: float, style: str = "") -> None:
        """One line, cut where the paper ends."""
        self.use(style, size)
        text, room = self.legible(text), WIDTH - RIGHT - x + 8
        while len(text) > 1 and self.get_string_width(text) > room:
            text = text.removesuffix("…")[:-1].rstrip() + "…"
        self.set_xy(x, y)
        self.cell(text=text)

    def legible(self, text: str) -> str:
        """A text as the font can print it, without emoji."""
        return "".join(self._printed(one) for one in text.replace("\r\n", "\n").replace("\t", "    "))

    def _printed(self, character: str) -> str:
        if character == "\n" or self._has(character):
            return character
        if unicodedata.category(character) == "So" or unicodedata.category(character)[0] in "CM":
            return ""
        plain = unicodedata.normalize("NFKD", character)
        if plain != character and all(self._has(one) for one in plain):
            return plain
        return "?"

    def _has(self, character: str) -> bool:
        if self._characters is not None:
            return ord(character) in self._characters
        try:
            return character.encode("latin-1") != b""
        except UnicodeEncodeError:
            return False

    def footer(self) -> None:
        left, right = self._foot
        self.set_line_width(0.3)
        self.line(LEFT, HEIGHT - 17, WIDTH - RIGHT, HEIGHT - 17)
        self.use("", 8.5)
        self.set_xy(LEFT, HEIGHT - 15.5)
        self.cell(text=self.legible(left))
        self.set_xy(LEFT, HEIGHT - 15.5)
        # The number of all pages is put in at the end, and is narrower than what stands for it until then.
        room = WIDTH - LEFT - RIGHT + self.get_string_width("{nb}") - self.get_string_width("0")
        self.cell(room, text=self.legible(right).replace("%d", str(self.page_no())), align="R")


@lru_cache(1)
def fonts_here() -> tuple[Path, Path] | None:
    """A font of this machine that has all European letters, regular and bold; None leaves the PDF's own Helvetica."""
    for folder, regular, bold in FONTS:
        found = Path(folder) / regular, Path(folder) / bold
        if all(path.is_file() for path in found):
            return found
    program = shutil.which("fc-match")
    if program is None:
        return None
    asked = [
        subprocess.run(  # noqa: S603
            [program, "-f", "%{file}", f"sans:fontformat=TrueType:lang=pl:weight={weight}"],
            capture_output=True,
            timeout=10,
            check=False,
        ).stdout.decode()
        for weight in ("80", "200")
    ]
    paths = Path(asked[0]), Path(asked[1])
    return paths if all(path.suffix == ".ttf" and path.is_file() for path in paths) else None


def _facts(
    message: OutboundMessage,
    line: InboxSettings[FaxConfiguration],
    enclosures: Sequence[Enclosure],
    _: Translate,
) -> list[tuple[str, str]]:
    facts = [
        (_("Our reference"), ticket_number(message.ticket_id)),
        (_("Date"), _date(message)),
        (_("Our fax"), spoken(line.configuration.number)),
        (_("Pages"), "{nb}"),
    ]
    if message.author_kind is ActorKind.AGENT and message.author_name:
        facts.insert(1, (_("Written by"), message.author_name))
    return facts


def _date(message: OutboundMessage) -> str:
    return format_date(message.created_at, "long", locale=language_of(message.language))


def _subject(message: OutboundMessage, _: Translate) -> str:
    return " ".join(message.subject.split()) or _("Your request")


def _words(message: OutboundMessage, _: Translate) -> str:
    if not message.choices:
        return message.text
    return f"{message.text}\n\n{_('Please answer with the number that fits:')}\n\n{numbered(message.choices)}"
