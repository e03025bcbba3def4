"""The lines of a mail, and what each of them is. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from channels.mail import phrases

WORD = re.compile(r"\w")


class Kind(StrEnum):
    NEW = "new"
    SIGNATURE = "signature"
    FOOTER = "footer"
    """What a company or a mailing list adds: disclaimers, banners."""
    QUOTE = "quote"


_RULED = tuple("-_=*~#")


def is_rule(line: str) -> bool:
    """Whether it is a line that separates, drawn with characters."""
    return line.lstrip(" \t").startswith(_RULED) and phrases.SEPARATOR.fullmatch(line) is not None


def field(line: str) -> re.Match[str] | None:
    """The line as a field of the block above an answered mail; its last group is which."""
    return phrases.FIELD.fullmatch(line) if ":" in line or "：" in line else None


def mark(kinds: list[Kind], begin: int, stop: int, kind: Kind) -> None:
    kinds[begin:stop] = [kind] * (stop - begin)


def has_new(lines: Sequence[str], kinds: Sequence[Kind], stop: int) -> bool:
    return any(kinds[place] is Kind.NEW and WORD.search(lines[place]) for place in range(stop))


def with_separators(lines: Sequence[str], place: int) -> int:
    """The place above blank lines and a ruled line, where there is one."""
    above = place
    while above > 0 and not lines[above - 1].strip():
        above -= 1
    return above - 1 if above > 0 and is_rule(lines[above - 1]) else place


def is_announced(lines: Sequence[str], floor: int, place: int) -> bool:
    """Whether the words above say that here comes what they are about: then it is not history."""
    said = [line.strip() for line in lines[floor:place] if line.strip() and not is_rule(line)]
    return bool(said) and said[-1].endswith((":", "："))
