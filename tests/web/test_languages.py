"""Every text of the pages exists in German."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import web
from channels.mail import bounces, calendars
from console import mails, words
from web.languages import catalogue, preferred

ROOT = Path(web.__file__).parent.parent


def _texts() -> set[str]:
    method = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    found: set[str] = set()
    for room in ("web", "console", "channels", "desk"):
        for _, _, message, _, _ in extract_from_dir(str(ROOT / room), method_map=method):
            found.add(message if isinstance(message, str) else message[0])
    for titles in (words.STATUS, words.KIND, words.SCALE, words.CODE, words.CHANNEL, words.VIEW, words.EMPTY):
        found |= set(titles.values())
    for titles in (words.REASON, words.DELIVERY, words.HISTORY, words.ROLE, words.ADMIN):
        found |= set(titles.values())
    for titles in (
        mails.AUTOMATION,
        mails.NOTICE,
        mails.WARNING,
        calendars.METHODS,
        calendars.ANSWERS,
        bounces.REASONS,
    ):
        found |= set(titles.values())
    return found | {"checked by {server}"}


def test_every_text_has_a_german_one() -> None:
    assert _texts() - set(catalogue("de")) == set()


def test_placeholders_survive_translation() -> None:
    for english, german in catalogue("de").items():
        assert sorted(part for part in english.split() if "{" in part) or "{" not in german, (english, german)


@pytest.mark.parametrize(
    ("header", "expected"), [("en-GB,de;q=0.5", "en"), ("fr,de", "de"), ("fr", "de"), ("", "de"), ("DE-at", "de")]
)
def test_the_browser_s_language_is_taken(header: str, expected: str) -> None:
    assert preferred(header, "de") == expected


def test_every_error_staff_can_meet_has_a_german_text() -> None:
    """The words of the desk's errors, wherever they are raised."""
    kinds = {"InvalidInput", "Conflict", "NotFound", "NotAllowed"}
    found: set[str] = set()
    for room in ("core", "console"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                    first = node.args[0]
                    assert isinstance(first, ast.Constant), f"{path}:{node.lineno}: name values, do not format them in"
                    found.add(str(first.value))
    assert found - set(catalogue("de")) == set()
