"""How the conversation is shown: colleagues marked, runs of history folded. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.tickets import mentions
from core.tickets.views import Detail, Entry

RUN = 4
"""From so many lines of history in a row on, all but the newest are folded."""


@dataclass(frozen=True, slots=True)
class Block:
    """A message (``said``), or the history between two messages (``folded``, then ``events``)."""

    said: Entry | None
    pieces: tuple[tuple[str, str], ...] = ()
    """Its text, with the name where a colleague is mentioned."""
    for_me: bool = False
    """It mentions the reader, who sees it for the first time."""
    folded: tuple[Entry, ...] = ()
    events: tuple[Entry, ...] = ()


def blocks(detail: Detail, agent_id: int) -> list[Block]:
    """The timeline as this agent sees it."""
    found: list[Block] = []
    run: list[Entry] = []
    for entry in detail.timeline:
        if entry.message is None:
            run.append(entry)
            continue
        found += _history(run)
        run = []
        found.append(_said(entry, detail, agent_id))
    return [*found, *_history(run)]


def _history(run: Sequence[Entry]) -> list[Block]:
    if not run:
        return []
    folded = len(run) - 1 if len(run) >= RUN else 0
    return [Block(None, folded=tuple(run[:folded]), events=tuple(run[folded:]))]


def _said(entry: Entry, detail: Detail, agent_id: int) -> Block:
    message = entry.message
    assert message is not None
    if message.is_note:
        named = detail.mentions.get(message.id, {})
        is_new = detail.readings.get(agent_id, 0) < message.id
        pieces = tuple(mentions.parts(message.text, named.values()))
        return Block(entry, pieces, for_me=agent_id in named and is_new)
    return Block(entry, ((message.text, ""),))
