"""How well new words are told from old ones: ours beside quotequail, on our own cases and on the corpus of replies.

    uv run python -m bench.replies

A case counts as exact if nothing but the new words is left, and as lossy if a new word is gone. quotequail knows quotes
and no signatures or disclaimers, so the column *quotes* counts only the cases that have none of those.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import quotequail

from channels.mail.quotes import new_text
from tests.channels.corpora import REPLIES
from tests.channels.replies import Reply, corpus, lost, own, tidy

GOAL = 0.9


def ours(reply: Reply) -> str:
    return new_text(reply.text, reply.subject)


def theirs(reply: Reply) -> str:
    """What quotequail leaves unfolded; the line above a quote belongs to the quote."""
    shown = quotequail.quote(reply.text, quote_intro_line=True)
    return "\n".join(text for is_shown, text in shown if is_shown)


def row(title: str, replies: Sequence[Reply], split: Callable[[Reply], str]) -> float:
    """Print one line; the exact share."""
    started = time.perf_counter()
    found = [split(reply) for reply in replies]
    each = (time.perf_counter() - started) / len(replies)
    exact = [tidy(text) == reply.new for reply, text in zip(replies, found, strict=True)]
    plain = [good for good, reply in zip(exact, replies, strict=True) if reply.has_only_quotes]
    lossy = sum(bool(lost(reply, text)) for reply, text in zip(replies, found, strict=True))
    share, quotes = sum(exact) / len(exact), sum(plain) / len(plain)
    print(f"{title:<28} {len(replies):5} {share:8.1%} {quotes:8.1%} {lossy:6} {each * 1e6:8.0f} µs")
    return share


def main() -> int:
    sets = {"our own cases": list(own())}
    if REPLIES.is_dir():
        sets["corpus"] = list(corpus())
    else:
        print(f"The corpus of replies is not in {REPLIES} (FIRSTLINE_CORPORA); only our own cases are counted.\n")
    print(f"{'':<28} {'cases':>5} {'exact':>8} {'quotes':>8} {'lossy':>6} {'a mail':>11}")
    shares = []
    for name, replies in sets.items():
        shares.append(row(f"{name}, Firstline", replies, ours))
        row(f"{name}, quotequail", replies, theirs)
    good = all(share >= GOAL for share in shares)
    print(f"\ngoal {GOAL:.0%} exact in each set: {'reached' if good else 'NOT reached'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
