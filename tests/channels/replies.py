"""Mails of which is known what is new in them: our own, line by line, and the corpus, by the numbers of its lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.channels.corpora import REPLIES

MORE_THAN_QUOTES = frozenset(
    {
        "caution",
        "caution2",
        "correct_sig",
        "email_1_1",
        "email_1_3",
        "email_1_6",
        "email_1_8",
        "email_bullets",
        "email_nl_1_1",
    }
    | {"email_sent_from_BlackBerry", "email_sent_from_iPhone", "email_sent_from_multi_word_mobile_device", "outlook"}
    | {"email_sv_anon_1"}
)
"""Those of the corpus that have a signature or a footer."""
OWN = Path(__file__).parents[1] / "payloads" / "replies"


@dataclass(frozen=True, slots=True)
class Reply:
    name: str
    text: str
    new: str
    """What is new, ``tidy``."""
    subject: str = ""
    has_only_quotes: bool = True
    """Neither a signature nor a footer."""


def own() -> Iterator[Reply]:
    """A case begins with ``=== name | subject``; before each line stands n(ew), s(ignature), f(ooter) or q(uote)."""
    for path in sorted(OWN.glob("*.txt")):
        for case in path.read_text("utf-8").split("=== ")[1:]:
            heading, *lines = case.rstrip("\n").split("\n")
            name, _, subject = heading.partition(" | ")
            text = "\n".join(line[2:] for line in lines)
            runs = re.findall(r"(?:^n.*\n?)+", "\n".join(lines), re.MULTILINE)
            new = "\n\n".join("\n".join(line[2:] for line in run.rstrip("\n").split("\n")) for run in runs)
            only_quotes = not any(line.startswith(("s ", "f ")) for line in lines)
            yield Reply(f"{path.stem}: {name}", text, tidy(new), subject, only_quotes)


def corpus() -> Iterator[Reply]:
    """The corpus; what is new there was judged by us."""
    judged: dict[str, str] = json.loads((OWN / "corpus.json").read_text("utf-8"))
    for name, spans in judged.items():
        text = (REPLIES / f"{name}.txt").read_text("utf-8").replace("\r\n", "\n")
        lines = text.split("\n")
        pieces = []
        for span in spans.split(","):
            first, _, last = span.partition("-")
            pieces.append("\n".join(lines[int(first) - 1 : int(last or first)]))
        yield Reply(name, text, tidy("\n\n".join(pieces)), has_only_quotes=name not in MORE_THAN_QUOTES)


def tidy(text: str) -> str:
    """Without blanks at the ends of lines, and with one blank line where there are several."""
    return re.sub(r"\n{2,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n")).strip())


def lost(reply: Reply, found: str) -> list[str]:
    """The new words that are not in what was found."""
    left = found.split()
    missing = []
    for word in reply.new.split():
        if word in left:
            left.remove(word)
        else:
            missing.append(word)
    return missing
