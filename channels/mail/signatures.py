"""Signatures, and what companies and mailing lists add: found at the ends of what somebody wrote. Pure.

Somebody who speaks is never a signature: ``phrases.SPOKEN`` and the words of lawyers decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.mail import phrases
from channels.mail.lines import Kind, has_new, is_announced, is_rule, mark, with_separators

MAX_SIGNATURE = 24
LONGEST_SIGNATURE_LINE = 110


def mark_banner(lines: Sequence[str], kinds: list[Kind], begin: int, stop: int) -> None:
    """The warning that a mail server puts above everything."""
    if begin != 0:
        return
    while begin < stop and not lines[begin].strip():
        begin += 1
    end = begin
    while end < stop and lines[end].strip():
        end += 1
    if begin < end <= begin + 4 and end < stop and phrases.BANNER.match(" ".join(lines[begin:end])[:600]):
        mark(kinds, begin, end, Kind.FOOTER)


def mark_signature(lines: Sequence[str], kinds: list[Kind], begin: int, stop: int) -> None:
    stop = _mark_footers(lines, kinds, begin, stop)
    stop = _without_blank_end(lines, begin, stop)
    while stop > begin and phrases.MOBILE.fullmatch(lines[stop - 1]) and has_new(lines, kinds, stop - 1):
        kinds[stop - 1] = Kind.SIGNATURE
        stop = _without_blank_end(lines, begin, stop - 1)
    place = _signature(lines, kinds, begin, stop)
    if place is not None:
        mark(kinds, place, stop, Kind.SIGNATURE)


def _without_blank_end(lines: Sequence[str], begin: int, stop: int) -> int:
    while stop > begin and not (lines[stop - 1].strip() and not is_rule(lines[stop - 1])):
        stop -= 1
    return stop


def _mark_footers(lines: Sequence[str], kinds: list[Kind], begin: int, stop: int) -> int:
    """Mark the paragraphs at the end that nobody wrote; where what is left ends."""
    paragraphs = _paragraphs(lines, begin, stop)
    for number, (first, _) in enumerate(paragraphs):
        if not _is_footer(lines, first, stop) or not has_new(lines, kinds, first) or is_announced(lines, begin, first):
            continue
        rest = paragraphs[number:]
        by_people = [one for one in rest if not _is_footer(lines, *one) and not _may_be_footer(lines, *one)]
        if phrases.HEADING.fullmatch(lines[first]) or len(by_people) * 2 < len(rest):
            first = with_separators(lines, first)
            mark(kinds, first, stop, Kind.FOOTER)
            return first
    return stop


def _is_footer(lines: Sequence[str], first: int, stop: int) -> bool:
    """Whether a program or a lawyer wrote the paragraph that begins here."""
    place = first
    while place < stop and is_rule(lines[place]):
        place += 1
    end = place
    while end < min(stop, place + 12) and lines[end].strip() and not is_rule(lines[end]):
        end += 1
    text = " ".join(line.strip() for line in lines[place:end])[:1500]
    if place > first and "mailing list" in text[:200].lower():
        return True
    if phrases.FOOTER.match(text) or (place < stop and phrases.HEADING.fullmatch(lines[place])):
        return True
    # Where it begins is seen at once; every other word of it has to be looked at.
    return phrases.DISCLAIMER.match(text) is not None and _is_legal(text)


def _is_legal(text: str) -> bool:
    return len({word.lower() for word in phrases.LEGAL.findall(text)}) >= phrases.LAWYERS


def _may_be_footer(lines: Sequence[str], first: int, stop: int) -> bool:
    """What stands between footers: ruled lines, addresses of pages, and the long sentences of lawyers."""
    return all(is_rule(line) or "://" in line or len(line) > 200 for line in lines[first:stop])


def _paragraphs(lines: Sequence[str], begin: int, stop: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    first = None
    for place in range(begin, stop):
        if not lines[place].strip():
            if first is not None:
                found.append((first, place))
            first = None
        elif first is None or (is_rule(lines[place]) and first != place):
            if first is not None:
                found.append((first, place))
            first = place
    if first is not None:
        found.append((first, stop))
    return found[-60:]


def _signature(lines: Sequence[str], kinds: Sequence[Kind], begin: int, stop: int) -> int | None:
    """Where the signature begins, if there is one below at least some words."""
    for place in range(max(begin, stop - MAX_SIGNATURE), stop):
        if not has_new(lines, kinds, place):
            continue
        line = lines[place]
        if phrases.DELIMITER.fullmatch(line):
            if line == "-- " or _looks_like_one(lines, place + 1, stop, needs_contact=False):
                return place
        elif is_rule(line) and _looks_like_one(lines, place + 1, stop, needs_contact=True):
            return place
        elif phrases.CLOSING.fullmatch(line) or phrases.CLOSING.fullmatch(_before_comma(line)):
            below = _below_name(lines, place + 1, stop)
            if _looks_like_one(lines, below, stop, needs_contact=True):
                return below
    return None


def _before_comma(line: str) -> str:
    return line.partition(",")[0] if len(line) < 60 else line


def _below_name(lines: Sequence[str], place: int, stop: int) -> int:
    """Behind the name under a closing: it is the writer's own word, and what follows is not."""
    while place < stop and not lines[place].strip():
        place += 1
    if place < stop and _is_name(lines[place]):
        place += 1
    while place < stop and not lines[place].strip():
        place += 1
    return place


def _is_name(line: str) -> bool:
    words = line.replace("*", "").split()
    return 0 < len(words) <= 6 and len(line) <= 60 and phrases.CONTACT.search(line) is None and not is_rule(line)


def _looks_like_one(lines: Sequence[str], begin: int, stop: int, needs_contact: bool) -> bool:
    """Short lines, none of them a sentence, and, where nothing else marks it, a way to reach somebody."""
    said = [line.strip() for line in lines[begin:stop] if line.strip()]
    if not said or len(said) > MAX_SIGNATURE:
        return False
    if needs_contact and not any(phrases.CONTACT.search(line) for line in said):
        return False
    return not any(_is_sentence(line) for line in said)


def _is_sentence(line: str) -> bool:
    """Whether somebody says something there, instead of naming themselves."""
    if is_rule(line):
        return False
    if phrases.SPOKEN.search(line) or re.match(r"p\.? ?s\.?\b", line, re.IGNORECASE) or line.endswith("?"):
        return True
    if phrases.CONTACT.search(line):
        return len(line) > 2 * LONGEST_SIGNATURE_LINE
    return len(line) > LONGEST_SIGNATURE_LINE or (line.endswith((".", "!")) and line.count(" ") >= 4)
