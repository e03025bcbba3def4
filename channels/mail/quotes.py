"""Which part of a mail is new. Nothing is ever removed from what is kept: this only says what to show first. Pure.

When in doubt a line counts as new: an old line too much is a nuisance, a new one that nobody sees is a lost mail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail import phrases
from channels.mail.lines import WORD, Kind, field, is_announced, mark, with_separators
from channels.mail.signatures import mark_banner, mark_signature

MAX_LOOKS = 500
"""So many lines that might stand above a quote are looked at."""
MAX_LINE = 1000
"""Characters of a line that are looked at."""

_NEAR = 9
"""The block above an answered mail has at most so many lines."""


def new_text(text: str, subject: str = "") -> str:
    """What is new; the whole text if nothing would be left. ``subject`` tells a forwarded mail from an answered one."""
    lines = text.split("\n")
    kinds = divide(lines, subject)
    for wanted in ((Kind.NEW,), (Kind.NEW, Kind.SIGNATURE, Kind.FOOTER)):
        if found := _joined(lines, kinds, wanted):
            return found
    return text.strip()


def divide(lines: Sequence[str], subject: str = "") -> list[Kind]:
    """What each line is."""
    lines = [line[:MAX_LINE] for line in lines]
    kinds = [Kind.QUOTE if _is_quoted(line) else Kind.NEW for line in lines]
    end = _mark_history(lines, kinds, phrases.FORWARDED_SUBJECT.match(subject) is not None)
    _mark_stray(lines, kinds)
    for begin, stop in _regions(kinds, end):
        mark_banner(lines, kinds, begin, stop)
        mark_signature(lines, kinds, begin, stop)
    return kinds


def _joined(lines: Sequence[str], kinds: Sequence[Kind], wanted: tuple[Kind, ...]) -> str:
    """The lines of some kinds, with one blank line where something stood between them."""
    kept: list[str] = []
    is_gap = False
    for line, kind in zip(lines, kinds, strict=True):
        if kind not in wanted:
            is_gap = True
            continue
        if is_gap and kept and kept[-1].strip() and line.strip():
            kept.append("")
        kept.append(line.rstrip())
        is_gap = False
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept).strip())


def _is_quoted(line: str) -> bool:
    return line.lstrip(" \t\ufeff").startswith((">", "＞", "|>"))


def _mark_history(lines: Sequence[str], kinds: list[Kind], is_forward: bool) -> int:
    """Mark attributions, and everything below where an answered mail begins; where the writer's own lines end."""
    looks = floor = 0
    last_new = -1
    for place, line in enumerate(lines):
        if kinds[place] is not Kind.NEW or not line.strip():
            continue
        stripped = line.strip()
        if phrases.FORWARD.fullmatch(stripped) or (is_forward and _is_block(lines, place)):
            return place
        begin = None
        if _is_original(lines, place) or _is_block(lines, place):
            if is_announced(lines, floor, place):
                return place
            begin = place
        elif stripped.endswith((":", "：")) and looks < MAX_LOOKS:
            looks += 1
            begin, is_sure = _attribution(lines, kinds, place)
            if begin is not None and not is_sure:
                mark(kinds, begin, place + 1, Kind.QUOTE)
                continue
        if begin is None:
            last_new = place
            continue
        if not any(kinds[above] is Kind.NEW and _has_words(lines[above]) for above in range(floor, begin)):
            # Nothing stands above it: what is below is all there is, up to what that one answers.
            floor = place + 1
            continue
        if phrases.INLINE.search("\n".join(lines[:begin])[-2000:]) and not stripped.endswith((":", "：")):
            return len(lines)
        begin = with_separators(lines, begin)
        mark(kinds, begin, len(lines), Kind.QUOTE)
        return begin
    return last_new + 1


def _has_words(line: str) -> bool:
    is_head = field(line) or phrases.ORIGINAL.fullmatch(line)
    return WORD.search(line) is not None and not is_head


def _is_original(lines: Sequence[str], place: int) -> bool:
    line = lines[place].strip()
    if phrases.ORIGINAL.fullmatch(line) is None:
        return False
    is_ruled = not line[0].isalnum() or "processed by" in line.lower()
    return is_ruled or any(field(below) for below in lines[place + 1 : place + 3])


def _is_block(lines: Sequence[str], place: int) -> bool:
    """Whether the head of an answered mail begins here, as Outlook writes it: from, sent, to, subject."""
    first = field(lines[place])
    if first is None or first.lastgroup not in ("from", "sent"):
        return False
    found: set[str | None] = {first.lastgroup}
    block = [lines[place]]
    blanks = 0
    for line in lines[place + 1 : place + _NEAR]:
        known = field(line)
        if known is not None:
            found.add(known.lastgroup)
        elif not line.strip():
            blanks += 1
            if blanks > 1 and len(found) < 3:
                break
            if len(found) >= 3:
                break
            continue
        block.append(line)
    if not {"from", "sent"} <= found or len(found) < 3:
        return False
    ruled = place > 0 and with_separators(lines, place) != place
    text = "\n".join(block)
    return ruled or "@" in text or ("subject" in found and phrases.TIME.search(text) is not None)


def _attribution(lines: Sequence[str], kinds: Sequence[Kind], place: int) -> tuple[int | None, bool]:
    """Where the attribution begins that ends here, if one does, and whether it needs no quoted line below it."""
    is_above_quote = _next_is_quoted(lines, place)
    joined = ""
    for begin in range(place, max(-1, place - 4), -1):
        if kinds[begin] is not Kind.NEW or not lines[begin].strip():
            break
        line = lines[begin].strip()
        joined = line[:-1] + joined if line.endswith("=") and joined else f"{line} {joined}".strip()
        if len(joined) > 400:
            break
        if phrases.VERBS.search(joined) is None or not any(one.fullmatch(joined) for one in phrases.ATTRIBUTIONS):
            continue
        is_dated = phrases.DATED.search(joined) is not None
        is_sure = is_dated and phrases.ADDRESSED.search(joined) is not None and phrases.TOLD.search(joined) is None
        if is_above_quote and (is_dated or any(mark.isdigit() or mark == "@" for mark in joined)):
            return begin, False
        if is_sure:
            return begin, True
    if is_above_quote and phrases.NAMED.fullmatch(lines[place].strip()):
        return place, False
    return None, False


def _next_is_quoted(lines: Sequence[str], place: int) -> bool:
    following = (line for line in lines[place + 1 : place + 8] if line.strip())
    return _is_quoted(next(following, ""))


def _mark_stray(lines: Sequence[str], kinds: list[Kind]) -> None:
    """Blank lines between quotes, and the rest of a quoted line that quoted-printable broke, belong to the quote."""
    for place in range(1, len(lines)):
        if kinds[place] is Kind.NEW and kinds[place - 1] is Kind.QUOTE and lines[place - 1].endswith("="):
            kinds[place] = Kind.QUOTE


def _regions(kinds: Sequence[Kind], end: int) -> list[tuple[int, int]]:
    """The writer's own lines that may end in a signature: those above the first quote, and the last ones."""
    regions: list[tuple[int, int]] = []
    begin = None
    for place in range(end):
        if kinds[place] is Kind.NEW and begin is None:
            begin = place
        elif kinds[place] is not Kind.NEW and begin is not None:
            regions.append((begin, place))
            begin = None
    if begin is not None:
        regions.append((begin, end))
    return regions if len(regions) <= 2 else [regions[0], regions[-1]]
