"""Labelled messages to measure with: Rasa YAML, tab-separated ``text<TAB>intent``, or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from nlu.language import LANGUAGES, detect
from nlu.training_data import MAX_BYTES, Example, TrainingData, TrainingDataError, load_file


def load(path: Path) -> tuple[Example, ...]:
    """All messages of a file, by its ending (.yml, .tsv, .jsonl). Raises ``TrainingDataError`` naming the line.

    A JSON line has ``text`` and ``intent``, and may have ``language`` (or ``lang``); else the language is detected.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TrainingDataError(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MB; split it.")
        if path.suffix in (".yml", ".yaml"):
            found = load_file(path).examples
        else:
            read = _tabs if path.suffix in (".tsv", ".txt") else _json
            found = tuple(read(path, path.read_text("utf-8-sig")))
    except OSError as error:
        raise TrainingDataError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise TrainingDataError(f"{path} is not UTF-8 (byte {error.start}).") from None
    if not found:
        raise TrainingDataError(f"{path} holds no labelled messages.")
    return found


def as_training_data(examples: tuple[Example, ...]) -> TrainingData:
    """Only examples, no entities."""
    return TrainingData(tuple(dict.fromkeys(examples)), {}, (), ())


def _tabs(path: Path, content: str) -> Iterator[Example]:
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        text, separator, intent = line.rpartition("\t")
        if not separator or not text.strip() or not intent.strip():
            raise TrainingDataError(f"{path}:{number}: expected a message, a tab and an intent.")
        yield Example(text.strip(), intent.strip(), detect(text))


def _json(path: Path, content: str) -> Iterator[Example]:
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            text, intent = value["text"], value["intent"]
        except (ValueError, TypeError, KeyError):
            raise TrainingDataError(f'{path}:{number}: expected {{"text": …, "intent": …}} on one line.') from None
        if not isinstance(text, str) or not isinstance(intent, str) or not intent:
            raise TrainingDataError(f"{path}:{number}: text and intent have to be text.")
        language = value.get("language", value.get("lang"))
        yield Example(text, intent, language if language in LANGUAGES else detect(text))
