"""The conditions of flows, such as ``slots.a and not slots.b == "x"``. Nothing is evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Slots = Mapping[str, Any]
Condition = Callable[[Slots], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<operator>==|!=|<|>|\(|\))"""
    r"""|(?P<word>[A-Za-z_][\w.]*))"""
)
_WORDS = {"true": True, "false": False, "null": None}


class ConditionError(ValueError):
    """The condition cannot be read; the message says where."""


def parse(text: str) -> Condition:
    """The condition as a function of the slots. Raises ``ConditionError``."""
    parser = _Parser(_tokens(text), text)
    condition = parser.disjunction()
    parser.expect_end()
    return condition


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConditionError(f"cannot read {text[position:].strip()!r} in the condition {text!r}")
        tokens.append(_Token(str(match.lastgroup), match.group(str(match.lastgroup))))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent: ``or`` binds weakest, then ``and``, ``not``, comparisons."""

    def __init__(self, tokens: list[_Token], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._position = 0

    def disjunction(self) -> Condition:
        left = self._conjunction()
        while self._take("or"):
            left = _either(left, self._conjunction())
        return left

    def expect_end(self) -> None:
        if self._position < len(self._tokens):
            raise ConditionError(f"unexpected {self._tokens[self._position].text!r} in the condition {self._text!r}")

    def _conjunction(self) -> Condition:
        left = self._negation()
        while self._take("and"):
            left = _both(left, self._negation())
        return left

    def _negation(self) -> Condition:
        if self._take("not"):
            inner = self._negation()
            return lambda slots: not inner(slots)
        if self._take("("):
            inner = self.disjunction()
            if not self._take(")"):
                raise ConditionError(f"a parenthesis is not closed in the condition {self._text!r}")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        if self._take("is"):
            if self._take("not"):
                right = self._operand()
                return lambda slots: left(slots) != right(slots)
            right = self._operand()
            return lambda slots: left(slots) == right(slots)
        for operator, compare in _OPERATORS.items():
            if self._take(operator):
                return _comparing(compare, left, self._operand())
        return lambda slots: left(slots) not in (None, False, "")

    def _operand(self) -> Callable[[Slots], Any]:
        if self._position >= len(self._tokens):
            raise ConditionError(f"the condition {self._text!r} ends too early")
        token = self._tokens[self._position]
        self._position += 1
        if token.kind == "string":
            # Only a quote may be escaped: a backslash is a regular expression's business.
            text = token.text[1:-1].replace('\\"', '"')
            return lambda slots: text
        if token.kind == "number":
            number = float(token.text)
            return lambda slots: number
        if token.text in _WORDS:
            value = _WORDS[token.text]
            return lambda slots: value
        if token.text.startswith("slots."):
            name = token.text.removeprefix("slots.")
            return lambda slots: slots.get(name)
        raise ConditionError(f"unexpected {token.text!r} in the condition {self._text!r}; slots are written slots.name")

    def _take(self, text: str) -> bool:
        if self._position < len(self._tokens) and self._tokens[self._position].text == text:
            self._position += 1
            return True
        return False


def _either(left: Condition, right: Condition) -> Condition:
    return lambda slots: left(slots) or right(slots)


def _both(left: Condition, right: Condition) -> Condition:
    return lambda slots: left(slots) and right(slots)


def _comparing(
    compare: Callable[[Any, Any], bool], left: Callable[[Slots], Any], right: Callable[[Slots], Any]
) -> Condition:
    return lambda slots: compare(left(slots), right(slots))


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def safe(left: Any, right: Any) -> bool:
        try:
            return compare(float(left), float(right))
        except (TypeError, ValueError):
            return False

    return safe


def _matches(left: Any, right: Any) -> bool:
    return left is not None and re.search(str(right), str(left)) is not None


def _contains(left: Any, right: Any) -> bool:
    return left is not None and str(right).casefold() in str(left).casefold()


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": _ordered(lambda left, right: left < right),
    ">": _ordered(lambda left, right: left > right),
    "matches": _matches,
    "contains": _contains,
}
