"""Lists of addresses (RFC 5322, 3.4), also those that nobody should have written like this. Pure; never raises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from channels.mail.words import one_line, quoted, words

MAX_ADDRESSES = 1000

_ADDRESS = re.compile(
    r"(?:[^\s@<>\"(),:;\\]{1,64}|\"[^\"\\\r\n]{1,62}\")@(?:[^\s@<>\"(),:;\\\[\]]{1,255}|\[[0-9A-Fa-f:.IPv]{3,60}\])"
)
_NOT_LOCAL = frozenset(' \t\r\n\v\f\xa0@<>"(),:;\\')
_PLAIN_MAILBOX = re.compile(r"([^\"(),:;<>@\\]{0,200})<([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,250}[A-Za-z0-9])>")
"""What nearly every address looks like."""
_SPACED = re.compile(r"[ \t]*([@.])[ \t]*")


class Mailbox(NamedTuple):
    """An address of a header; ``address`` in lower case, ``name`` as it was written."""

    name: str
    address: str


def mailboxes(value: str) -> list[Mailbox]:
    """The mailboxes of a list, groups opened. Structure first, decoding last: an encoded word makes no address."""
    if (plain := _PLAIN_MAILBOX.fullmatch(value)) is not None:
        return [Mailbox(_name(plain.group(1)), plain.group(2).lower())]
    found: list[Mailbox] = []
    for phrase, bracketed, comments in _AddressList(value):
        mailbox = _mailbox(phrase, bracketed, comments)
        if mailbox is not None:
            found.append(mailbox)
            if len(found) >= MAX_ADDRESSES:
                break
    if not found and (anything := _any_address(value)) is not None:
        found.append(Mailbox("", anything.group().lower()))
    return found


def _mailbox(phrase: str, bracketed: str | None, comments: str) -> Mailbox | None:
    if bracketed is not None:
        address = valid_address(bracketed)
        return Mailbox(_name(phrase) or _name(comments), address) if address else None
    if (address := valid_address(phrase)) is not None:
        return Mailbox(_name(comments), address)
    match = _any_address(phrase)
    if match is None:
        return None
    name = phrase[: match.start()] + phrase[match.end() :]
    return Mailbox(_name(name).strip("'\" "), match.group().lower())


def _name(text: str) -> str:
    """A name as it is read; some programs encode the quotation marks around it along with it."""
    name = one_line(words(text))
    is_quoted = len(name) > 2 and name[0] == name[-1] and name[0] in "'\""
    return name[1:-1].strip() if is_quoted else name


def _any_address(text: str) -> re.Match[str] | None:
    """The first address in a text; looked for around each @ alone, which is what makes it quick."""
    place = text.find("@")
    while place >= 0:
        begin = place
        while begin > max(0, place - 64) and text[begin - 1] not in _NOT_LOCAL:
            begin -= 1
        if begin < place and (match := _ADDRESS.match(text, begin, place + 320)) is not None:
            return match
        place = text.find("@", place + 1)
    return None


def valid_address(text: str) -> str | None:
    """A bare address in lower case, without a route and without blanks around its dots; None if it is none."""
    if len(text) > 1000:
        return None
    text = _without_comments(text.strip()).strip("<>").strip()
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    text = text.removeprefix("mailto:").strip("'")
    text = _SPACED.sub(r"\1", text) if '"' not in text else text
    return text.lower().rstrip(".") if len(text) <= 320 and _ADDRESS.fullmatch(text.rstrip(".")) else None


def _without_comments(text: str) -> str:
    if "(" not in text:
        return text
    kept: list[str] = []
    depth = 0
    for mark in text[:2000]:
        depth += mark == "("
        if depth == 0:
            kept.append(mark)
        depth -= mark == ")" and depth > 0
    return "".join(kept)


class _AddressList:
    """Splits a list into (phrase, what stands in angle brackets, comments), one for each mailbox."""

    def __init__(self, value: str) -> None:
        self._text = value
        self._place = 0

    def __iter__(self) -> Iterator[tuple[str, str | None, str]]:
        phrase: list[str] = []
        comments: list[str] = []
        bracketed: str | None = None
        carried = ""
        for mark, content in self._tokens():
            if mark == "quoted":
                phrase.append(content)
            elif mark == "(":
                comments.append(content)
            elif mark == "<":
                bracketed = content if bracketed is None else bracketed
            elif mark == ":":
                phrase, comments, carried = (
                    ([], [], "") if "@" not in "".join(phrase) else ([*phrase, mark], comments, "")
                )
            elif mark in ",;":
                text = "".join(phrase).strip()
                if bracketed is None and "@" not in text:
                    # "Neumann, Carla <carla@…>" should have been quoted, and often is not.
                    carried = f"{carried}{text}, " if text and mark == "," else ""
                else:
                    yield carried + text, bracketed, " ".join(comments)
                    carried = ""
                phrase, comments, bracketed = [], [], None
            else:
                phrase.append(content)
        text = "".join(phrase).strip()
        if text or bracketed is not None:
            yield (carried + text if bracketed is not None else text), bracketed, " ".join(comments)

    def _tokens(self) -> Iterator[tuple[str, str]]:
        text = self._text
        while self._place < len(text):
            mark = text[self._place]
            if mark == '"':
                content, self._place = quoted(text, self._place + 1)
                following = text[self._place : self._place + 1]
                # A quoted local part stays one with its domain.
                yield ("text", f'"{content}"') if following == "@" else ("quoted", content)
            elif mark == "(":
                yield mark, self._comment()
            elif mark == "<":
                yield mark, self._angle()
            elif mark in ",;:":
                self._place += 1
                yield mark, ""
            else:
                end = self._place
                while end < len(text) and text[end] not in '"(<,;:':
                    end += 1
                yield "text", text[self._place : end]
                self._place = end

    def _comment(self) -> str:
        depth, start = 0, self._place
        text = self._text
        while self._place < len(text):
            mark = text[self._place]
            if mark == "\\":
                self._place += 1
            elif mark == "(":
                depth += 1
            elif mark == ")":
                depth -= 1
                if depth == 0:
                    self._place += 1
                    return text[start + 1 : self._place - 1]
            self._place += 1
        return text[start + 1 :]

    def _angle(self) -> str:
        text = self._text
        start = self._place + 1
        place = start
        if text[place : place + 1] == '"':
            _, place = quoted(text, place + 1)
        end = text.find(">", place)
        if end < 0:
            comma = text.find(",", place)
            end = comma if comma >= 0 else len(text)
            self._place = end
        else:
            self._place = end + 1
        return text[start:end]
