"""Training data in Rasa's NLU YAML (version 3.1), one folder a language."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu.language import detect

MAX_BYTES = 20 * 1024 * 1024
MAX_EXAMPLE = 2000
_TOP_KEYS = frozenset({"version", "nlu"})
_KINDS = ("intent", "synonym", "regex", "lookup")
_ANNOTATION = re.compile(r"\[(?P<text>[^\]\[]+)\](?:\((?P<name>[\w.-]+)\)|(?P<json>\{[^}]+\}))")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class TrainingDataError(Exception):
    """Training data cannot be used; the message names file and line and what to mend."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A marked piece of an example."""

    start: int
    end: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    intent: str
    language: str
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingData:
    """``synonyms`` map what is written (lower case) to its value; ``regexes`` and ``lookups`` belong to an entity."""

    examples: tuple[Example, ...]
    synonyms: Mapping[str, str]
    regexes: tuple[tuple[str, str], ...]
    lookups: tuple[tuple[str, str], ...]

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(sorted({example.intent for example in self.examples}))

    def fingerprint(self) -> str:
        """Changes with anything that training depends on."""
        digest = hashlib.sha256()
        for example in self.examples:
            marks = [[mark.start, mark.end, mark.name, mark.value] for mark in example.annotations]
            line = [example.language, example.intent, example.text, marks]
            digest.update(json.dumps(line, ensure_ascii=False).encode())
        digest.update(json.dumps([dict(self.synonyms), self.regexes, self.lookups], sort_keys=True).encode())
        return digest.hexdigest()


def load(folder: Path) -> TrainingData:
    """All YAML files in the folder's language subfolders. Raises ``TrainingDataError``."""
    data = _read((path, path.parent.name) for path in sorted(folder.glob("*/*.yml")))
    if not data.examples:
        raise TrainingDataError(f"{folder} holds no examples; expected files such as de/network.yml.")
    return data


def load_file(path: Path) -> TrainingData:
    """One YAML file; the language of each example is detected. Raises ``TrainingDataError``."""
    return _read([(path, None)])


def _read(files: Iterable[tuple[Path, str | None]]) -> TrainingData:
    examples: list[Example] = []
    synonyms: dict[str, str] = {}
    regexes: list[tuple[str, str]] = []
    lookups: list[tuple[str, str]] = []
    for path, language in files:
        for kind, name, lines in _sections(path):
            for line, text in lines:
                if kind == "intent":
                    examples.append(_example(path, line, text, name, language))
                elif kind == "synonym":
                    synonyms[text.lower()] = name
                elif kind == "regex":
                    regexes.append((name, _regex(path, line, text)))
                else:
                    lookups.append((name, text))
    return TrainingData(tuple(dict.fromkeys(examples)), synonyms, tuple(regexes), tuple(lookups))


def _sections(path: Path) -> Iterator[tuple[str, str, list[tuple[int, str]]]]:
    """(kind, name, [(line, text)]) of each section of a file."""
    if path.stat().st_size > MAX_BYTES:
        raise TrainingDataError(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MB; split it.")
    try:
        text = path.read_text("utf-8")
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.CSafeLoader)):
            raise TrainingDataError(f"{path}: anchors and aliases (& and *) are not supported; write the text out.")
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path} is not UTF-8 (byte {error.start}).") from None
    except yaml.YAMLError as error:
        raise TrainingDataError(f"{path} is not valid YAML: {error}") from None
    if root is None:
        return
    top = _mapping(path, root)
    if unknown := set(top) - _TOP_KEYS:
        key = sorted(unknown)[0]
        raise TrainingDataError(f"{path}:{_line(top[key])}: unknown key {key!r}; known are nlu and version.")
    if "nlu" not in top or not isinstance(top["nlu"], yaml.SequenceNode):
        raise TrainingDataError(f"{path}: a list under nlu: is missing.")
    for node in top["nlu"].value:
        yield _section(path, node)


def _section(path: Path, node: yaml.Node) -> tuple[str, str, list[tuple[int, str]]]:
    entries = _mapping(path, node)
    kinds = [kind for kind in _KINDS if kind in entries]
    if len(kinds) != 1 or set(entries) - {kinds[0], "examples"}:
        raise TrainingDataError(
            f"{path}:{_line(node)}: a section has one of {', '.join(_KINDS)}, and examples; found {', '.join(entries)}."
        )
    name = _scalar(path, entries[kinds[0]])
    if "examples" not in entries:
        raise TrainingDataError(f"{path}:{_line(node)}: {kinds[0]} {name} has no examples.")
    return kinds[0], name, list(_examples(path, entries["examples"]))


def _examples(path: Path, node: yaml.Node) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            text = _mapping(path, item).get("text") if isinstance(item, yaml.MappingNode) else item
            if text is None:
                raise TrainingDataError(f"{path}:{_line(item)}: an example has no text.")
            yield _line(text), _scalar(path, text).strip().removeprefix("- ")
        return
    for offset, line in enumerate(_scalar(path, node).splitlines(), 1):
        if line.strip():
            if not line.lstrip().startswith("- "):
                raise TrainingDataError(f"{path}:{_line(node) + offset}: every example starts with a dash and a space.")
            yield _line(node) + offset, line.strip()[2:].strip()


def _example(path: Path, line: int, text: str, intent: str, language: str | None) -> Example:
    if not text or len(text) > MAX_EXAMPLE or _CONTROL.search(text):
        raise TrainingDataError(
            f"{path}:{line}: an example has 1 to {MAX_EXAMPLE} characters and no control characters."
        )
    plain, annotations, end = "", [], 0
    for match in _ANNOTATION.finditer(text):
        plain += text[end : match.start()]
        name, value = match["name"], match["text"]
        if match["json"]:
            try:
                details: dict[str, Any] = json.loads(match["json"])
                name, value = details["entity"], details.get("value", value)
            except (ValueError, KeyError):
                raise TrainingDataError(f"{path}:{line}: cannot read the annotation {match['json']}.") from None
        annotations.append(Annotation(len(plain), len(plain) + len(match["text"]), name, value))
        plain, end = plain + match["text"], match.end()
    plain += text[end:]
    return Example(plain, intent, language or detect(plain), tuple(annotations))


def _regex(path: Path, line: int, pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise TrainingDataError(f"{path}:{line}: {pattern!r} is no regular expression: {error}.") from None
    return pattern


def _mapping(path: Path, node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise TrainingDataError(f"{path}:{_line(node)}: expected keys and values here.")
    return {_scalar(path, key): value for key, value in node.value}


def _scalar(path: Path, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise TrainingDataError(f"{path}:{_line(node)}: expected text here.")
    return str(node.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def dump(data: TrainingData, language: str) -> str:
    """The examples of one language as Rasa YAML, with everything that belongs to no language in German's file."""
    out = ['version: "3.1"', "nlu:"]
    for intent in data.intents:
        lines = [_annotated(e) for e in data.examples if e.intent == intent and e.language == language]
        if lines:
            out += [f"  - intent: {intent}", "    examples: |", *(f"      - {line}" for line in lines)]
    if language == "de":
        for value in sorted(set(data.synonyms.values())):
            words = [word for word, target in data.synonyms.items() if target == value]
            out += [f"  - synonym: {json.dumps(value, ensure_ascii=False)}", "    examples: |"]
            out += [f"      - {word}" for word in words]
        for kind, pairs in (("regex", data.regexes), ("lookup", data.lookups)):
            for name in dict.fromkeys(name for name, _ in pairs):
                out += [f"  - {kind}: {name}", "    examples: |"]
                out += [f"      - {text}" for other, text in pairs if other == name]
    return "\n".join(out) + "\n"


def _annotated(example: Example) -> str:
    text, end = "", 0
    for mark in example.annotations:
        written = example.text[mark.start : mark.end]
        text += example.text[end : mark.start] + f"[{written}]"
        if mark.value == written:
            text += f"({mark.name})"
        else:
            text += json.dumps({"entity": mark.name, "value": mark.value}, ensure_ascii=False)
        end = mark.end
    return text + example.text[end:]
