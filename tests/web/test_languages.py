"""Every text of the pages exists in German."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.extract import extract, extract_from_dir

import web
from bot.formality import says_du, says_sie
from channels.mail import bounces, calendars
from channels.registry import adapters
from console import mails, words
from core.inboxes.kinds import entries
from web.languages import LOCALE, catalogue, preferred, translator

ROOT = Path(web.__file__).parent.parent


def _texts() -> set[str]:
    method = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    found: set[str] = set()
    for room in ("web", "console", "channels", "desk"):
        for _, _, message, _, _ in extract_from_dir(str(ROOT / room), method_map=method):
            found.add(message if isinstance(message, str) else message[0])
    for titles in (words.STATUS, words.KIND, words.SCALE, words.CODE, words.VIEW, words.EMPTY):
        found |= set(titles.values())
    for titles in (words.REASON, words.DELIVERY, words.HISTORY, words.ANSWER, words.ROLE, words.ADMIN, words.DONE):
        found |= set(titles.values())
    for titles in (words.VERDICT, words.RUN, words.MAY, words.CALL, words.FINDING):
        found |= set(titles.values())
    for titles in (mails.AUTOMATION, mails.NOTICE, mails.WARNING, mails.SENDER):
        found |= set(titles.values())
    for titles in (calendars.METHODS, calendars.ANSWERS, bounces.REASONS):
        found |= set(titles.values())
    return found | {"checked by {server}", *words.IGNORED} | _declared()


def _declared() -> set[str]:
    """What channels say of themselves and of their settings."""
    found: set[str] = set()
    for adapter in adapters().values():
        kind = adapter.kind
        shown = [entry.shown for entry in entries(kind.configuration)]
        if kind.test_recipient is not None:
            shown.append(kind.test_recipient)
        found |= {kind.title, kind.description}
        for one in shown:
            found |= {one.label, one.help, one.section, *one.options.values()}
    return found - {""}


def test_every_text_has_a_german_one() -> None:
    assert _texts() - set(catalogue("de")) == set()


@pytest.mark.parametrize("language", ["de", "de-x-du"])
def test_a_catalogue_has_every_text_once(language: str) -> None:
    """Two branches that add the same text would otherwise leave it to chance which German is read."""
    text = (LOCALE / language / "LC_MESSAGES" / "messages.po").read_text("utf-8")
    originals = re.findall(r'^msgid ((?:".*"\n)+)', text, re.MULTILINE)
    assert [original for original, times in Counter(originals).items() if times > 1] == []


def test_what_requesters_read_has_a_du() -> None:
    """The pages and mails they see; staff's pages say Sie."""
    method = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    read = {message for room in ("channels", "desk") for _, _, message, _, _ in extract_from_dir(ROOT / room, method)}
    for name in ("help.html", "help_article.html"):
        with (ROOT / "console" / "templates" / name).open("rb") as page:
            read |= {message for _, message, _, _ in extract("jinja2", page)}
    say = translator("de-x-du")
    assert [text for text in read if says_sie(say(str(text)))] == []
    assert not any(says_du(german) for german in catalogue("de").values())


def test_the_catalogue_of_du_has_only_what_differs() -> None:
    formal = catalogue("de")
    assert all(says_sie(formal[english]) for english in catalogue("de-x-du"))


def test_placeholders_survive_translation() -> None:
    for english, german in catalogue("de").items():
        assert sorted(part for part in english.split() if "{" in part) or "{" not in german, (english, german)


@pytest.mark.parametrize(
    ("header", "expected"), [("en-GB,de;q=0.5", "en"), ("fr,de", "de"), ("fr", "de"), ("", "de"), ("DE-at", "de")]
)
def test_the_browser_s_language_is_taken(header: str, expected: str) -> None:
    assert preferred(header, "de") == expected


def test_every_error_people_can_meet_has_a_german_text() -> None:
    """The words of the desk's errors, wherever they are raised."""
    inboxes = {"InboxProblem", "refuse", "Step"}
    kinds = {"InvalidInput", "Conflict", "NotFound", "NotAllowed"} | inboxes
    found = set[str]()
    for room in ("core", "bot", "console", "channels", "web"):
        for path in (ROOT / room).rglob("*.py"):
            if path.is_relative_to(ROOT / "console" / "api"):
                continue  # said to programs, in English
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and {ast.unparse(base) for base in node.bases} & kinds:
                    found |= _always_said(node)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                    if room == "channels" and node.func.id not in inboxes:
                        continue  # said to programs; the widget has words of its own
                    for text in node.args[: 2 if node.func.id == "InboxProblem" else 1]:
                        if isinstance(text, ast.Call):
                            continue  # passed on: it was said by ``refuse``
                        where = f"{path}:{node.lineno}"
                        assert isinstance(text, ast.Constant), f"{where}: name values, do not format them in"
                        found.add(str(text.value))
    assert found - set(catalogue("de")) == set()


def _always_said(error: ast.ClassDef) -> set[str]:
    """The words that a kind of error hands on itself, whoever raises it."""
    calls = (node for node in ast.walk(error) if isinstance(node, ast.Call) and node.args)
    said = (call.args[0] for call in calls if ast.unparse(call.func) == "super().__init__")
    return {str(text.value) for text in said if isinstance(text, ast.Constant)}
