"""Slack's mrkdwn, both ways: what people wrote made readable, what the desk says escaped, and cut to size. Pure.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_BREAKS = ("\n\n", "\n", " ")
"""Where a text may be cut, the best place first."""


def mentioned(text: str) -> frozenset[str]:
    """The ids of the people a text names."""
    return frozenset(_PERSON.findall(text))


def readable(text: str, names: Mapping[str, str]) -> str:
    """The text as its author saw it. ``names`` are those of the people it names, by their ids."""
    parts, end = [], 0
    for token in _TOKEN.finditer(text):
        parts += [_unescape(text[end : token.start()]), _shown(token.group(1), token.group(2) or "", names)]
        end = token.end()
    return "".join([*parts, _unescape(text[end:])])


def without_mention(text: str, user_id: str) -> str:
    """The text without the name of somebody it calls (the bot's own is no part of what is meant)."""
    return re.sub(rf"[ \t]*<@{user_id}(?:\|[^<>]*)?>[ \t]*[:,]?[ \t]*", " ", text).strip()


def escape(text: str) -> str:
    """The three characters that mean something to Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pieces(text: str, most: int) -> list[str]:
    """The text in pieces of at most ``most`` characters, cut between paragraphs, lines or words if possible."""
    found = []
    rest = text.strip()
    while rest:
        end = _fitting(rest, most)
        if end < len(rest):
            end = next((cut for one in _BREAKS if (cut := rest.rfind(one, end // 2, end)) > 0), end)
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return found


def _fitting(text: str, most: int) -> int:
    """How many of the first characters fit, where one outside of Unicode's first plane counts twice."""
    if len(text) * 2 <= most:
        return len(text)
    size = 0
    for index, character in enumerate(text):
        size += 2 if character > "\uffff" else 1
        if size > most:
            return index
    return len(text)


def _shown(target: str, label: str, names: Mapping[str, str]) -> str:
    label = _unescape(label)
    if target.startswith("@"):
        return f"@{names.get(target[1:]) or label or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    address = _unescape(target).removeprefix("mailto:").removeprefix("tel:")
    if not label or _bare(label) == _bare(address):
        return label or address
    return f"{label} ({address})"


def _bare(address: str) -> str:
    """An address as people type it."""
    return address.removeprefix("https://").removeprefix("http://").rstrip("/")


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
