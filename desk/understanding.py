"""The desk's understanding: its model, and ``firstline nlu parse``."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import structlog

from bot import content as contents
from config.settings import Settings
from desk import logs
from nlu import registry, training_data
from nlu.embedded.engine import EmbeddedEngine
from nlu.engine import Model, Parse

log = structlog.get_logger(__name__)


def load_model(folder: Path, data: Path) -> Model:
    """The model of the content's training data, trained if it was never before. Blocks for seconds."""
    engine = EmbeddedEngine(data / "models" / "vectors.npz")
    examples = training_data.load(folder)
    model = registry.train_or_load(engine, examples, data / "models", _log_progress)
    model.parse(["Guten Tag, mein VPN geht nicht."])  # the encoder loads at its first use
    return model


async def obtain_model(folder: Path, data: Path) -> Model:
    """The same beside everything else, which goes on undisturbed: a training has a process of its own.

    Cancelled, that process ends at once. Raises ``TrainingDataError``.
    """
    if not await asyncio.to_thread(_is_trained, folder, data):
        log.info("training")
        await _train_apart(folder, data)
    return await asyncio.to_thread(load_model, folder, data)


def _is_trained(folder: Path, data: Path) -> bool:
    engine = EmbeddedEngine(data / "models" / "vectors.npz")
    return registry.is_kept(engine, training_data.load(folder), data / "models")


async def _train_apart(folder: Path, data: Path) -> None:
    """Whatever goes wrong there is seen when the model is loaded here."""
    process = get_context("spawn").Process(target=_train, args=(folder, data), daemon=True)
    process.start()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
        process.kill()
        process.join()


def _train(folder: Path, data: Path) -> None:
    # Ctrl+C reaches every process of a terminal; the desk says when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure("warning")
    load_model(folder, data)


def _log_progress(share: float, what: str) -> None:
    log.info("training", share=round(share, 2), what=what)


def parse(settings: Settings, options: argparse.Namespace) -> int:
    """One JSON line for each line read; a line that is a JSON object is read for its ``text``."""
    content = contents.load(settings.content.folder)
    model = load_model(content.nlu_folder, settings.data)
    stream = sys.stdin if options.file == "-" else open(options.file, encoding="utf-8")  # noqa: PTH123, SIM115
    with stream:
        for texts in _batches(stream):
            for found in model.parse(texts):
                print(json.dumps(_as_json(found), ensure_ascii=False))
            sys.stdout.flush()
    return 0


def _batches(stream: Iterator[str]) -> Iterator[list[str]]:
    """Lines in batches of up to 64; a terminal is answered line by line."""
    size = 1 if getattr(stream, "isatty", lambda: False)() else 64
    batch: list[str] = []
    for line in stream:
        batch.append(_text(line.rstrip("\r\n")))
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _text(line: str) -> str:
    if line.lstrip().startswith("{"):
        try:
            value = json.loads(line)
        except ValueError:
            return line
        if isinstance(value, dict) and isinstance(value.get("text"), str):
            return str(value["text"])
    return line


def _as_json(parse: Parse) -> dict[str, object]:
    return {
        "text": parse.text,
        "intent": parse.intent,
        "confidence": round(parse.confidence, 4),
        "fallback": parse.fallback,
        "ambiguous": parse.ambiguous,
        "ranking": [{"intent": intent, "confidence": round(confidence, 4)} for intent, confidence in parse.ranking],
        "entities": [asdict(entity) for entity in parse.entities],
        "language": parse.language,
    }
