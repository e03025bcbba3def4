"""What the desk says as Block Kit: messages with buttons, cards for the teams, the form behind ``/helpdesk``. Pure.

Source of the limits: https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from channels.slack.mrkdwn import escape, pieces
from channels.slack.parse import FORM, OPEN_CONSOLE, PICK, TAKE_OVER
from core.tickets.cards import Card
from core.values import ActorKind, Choice, OutboundMessage
from web.languages import Translate, translator

SECTION = 2_900
"""Characters in one block; Slack takes 3,000."""
MESSAGE = 11_500
"""Characters in one message; Slack refuses blocks of more than about 13,000 together (``msg_blocks_too_long``)."""
BUTTONS = 25
BUTTON_TITLE, BUTTON_VALUE = 75, 2_000
QUOTE = 2_000
FORM_TEXT = 3_000
FORM_FILES = 5

_ADDRESS = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'])")

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """One message in Slack. ``text`` is what notifications and screen readers say."""

    text: str
    blocks: list[Block]


def posts(message: OutboundMessage, _: Translate) -> list[Post]:
    """A message of the desk, in as many posts as Slack's limits ask for; the choices stand below the last."""
    author = message.author_name if message.author_kind is ActorKind.AGENT else ""
    groups: list[list[str]] = [[]]
    for piece in pieces(message.text, SECTION):
        if sum(map(len, groups[-1])) + len(piece) > MESSAGE:
            groups.append([])
        groups[-1].append(piece)
    found = [Post(escape("\n".join(group)), [_said(piece) for piece in group]) for group in groups if group]
    if found and author:
        found[0] = Post(f"{escape(author)}: {found[0].text}", [_context(f"*{escape(author)}*"), *found[0].blocks])
    if choices := _choices(message, _):
        last = found.pop() if found else Post(" · ".join(escape(one.title) for one in choices), [])
        found.append(Post(last.text, [*last.blocks, *_buttons(choices)]))
    return found


def _choices(message: OutboundMessage, _: Translate) -> Sequence[Choice]:
    if message.choices or not message.offers_help:
        return message.choices
    return Choice(_("Solved"), "/solved"), Choice(_("I still need help"), "/not_yet")


def _buttons(choices: Sequence[Choice]) -> list[Block]:
    elements = [_button(choice.title, f"{PICK}_{number}", choice.payload) for number, choice in enumerate(choices)]
    return [
        {"type": "actions", "elements": elements[start : start + BUTTONS]} for start in range(0, len(elements), BUTTONS)
    ]


def answered(blocks: Sequence[Block], title: str) -> list[Block]:
    """A message whose buttons were used: they are gone, and the answer stands there instead."""
    kept = [block for block in blocks if block.get("type") != "actions"]
    return [*kept, _context(f"✓ {escape(title)}")]


def plain(text: str) -> Post:
    return Post(escape(text), [_said(text)])


def quoted(intro: str, text: str) -> Post:
    """What somebody wrote elsewhere, as the beginning of a thread about it."""
    first, *more = pieces(text, QUOTE) or [""]
    quote = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_quote", "elements": _words(first + " …" * bool(more))}],
    }
    return Post(escape(intro), [_said(intro), *([quote] if first else [])])


def card(shown: Card, language: str, public_url: str) -> Post:
    """A ticket in a team's room: what it is about, who has it, and the two things to do with it."""
    _ = translator(language)
    who = " · ".join(escape(part) for part in (shown.requester or _("Visitor"), shown.organization) if part)
    head = [_bold(shown.number), *_words(f" · {shown.subject}")]
    meta = " · ".join(part for part in (f"P{shown.priority}", who, escape(shown.team)) if part)
    blocks = [_rich(head), _context(meta)]
    if summary := str(shown.summary.get(language, "")):
        blocks.append(_said(summary[:SECTION]))
    blocks.append(_context(_state(shown, language)))
    console = {**_button(_("Open in console"), OPEN_CONSOLE), "url": f"{public_url}/console/tickets/{shown.ticket_id}"}
    take = {**_button(_("Take over"), TAKE_OVER, str(shown.ticket_id)), "style": "primary"}
    free = shown.is_open and not shown.agent
    blocks.append({"type": "actions", "elements": [take, console] if free else [console]})
    return Post(f"{shown.number}: {escape(shown.subject)}", blocks)


def _state(shown: Card, language: str) -> str:
    _ = translator(language)
    if not shown.is_open:
        return f"✓ {_('Settled')}"
    if shown.agent:
        return _("{name} has this ticket.").format(name=f"*{escape(shown.agent)}*")
    return _("The bot has this ticket again.") if shown.with_bot else _("Nobody has this ticket yet.")


def form(_: Translate) -> dict[str, Any]:
    """The form behind ``/helpdesk`` (https://docs.slack.dev/reference/views/modal-views)."""
    text = {
        "type": "plain_text_input",
        "action_id": "text",
        "multiline": True,
        "min_length": 2,
        "max_length": FORM_TEXT,
        "focus_on_load": True,
    }
    files = {"type": "file_input", "action_id": "files", "max_files": FORM_FILES}
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(_("Service desk")),
        "submit": _plain(_("Send")),
        "close": _plain(_("Cancel")),
        "blocks": [
            _input("text", _("What can we do for you?"), text, optional=False),
            _input("files", _("Pictures or other files"), files, optional=True),
        ],
    }


def _input(block_id: str, label: str, element: Block, optional: bool) -> Block:
    return {"type": "input", "block_id": block_id, "label": _plain(label), "element": element, "optional": optional}


def _button(title: str, action_id: str, value: str = "") -> Block:
    shown = title if len(title) <= BUTTON_TITLE else title[: BUTTON_TITLE - 1].rstrip() + "…"
    button: Block = {"type": "button", "action_id": action_id, "text": _plain(shown)}
    return {**button, "value": value[:BUTTON_VALUE]} if value else button


def _said(text: str) -> Block:
    """A text exactly as it is: in mrkdwn a ``*`` or ``_`` would turn into formatting."""
    return _rich(_words(text))


def _rich(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _words(text: str) -> list[Block]:
    """A text with its addresses as links."""
    found: list[Block] = []
    for number, part in enumerate(_ADDRESS.split(text)):
        if number % 2:
            found.append({"type": "link", "url": part})
        elif part:
            found.append({"type": "text", "text": part})
    return found


def _bold(text: str) -> Block:
    return {"type": "text", "text": text, "style": {"bold": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
