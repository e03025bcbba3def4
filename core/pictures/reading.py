"""Opening and reading a picture or document in a process of its own (``core.pictures.pages``), within limits.

Off the loop, and outside of any transaction. Whoever calls it takes one file at a time.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from core.models import Finding

log = structlog.get_logger(__name__)

MOST_BYTES = 25 * 1024 * 1024
"""Larger files are not opened."""
PICTURE_SECONDS = 20.0
"""How long one picture may take to be read."""
DOCUMENT_SECONDS = 300.0
"""How long all pages of a document may take; what is not read then stays a picture."""
MOST_PAGES = 100
OPEN_SECONDS = 30.0
"""What opening and drawing may take besides."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a picture shows. ``finding`` says why there is no text, or that there is."""

    text: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a document as a PNG, with its text; ``text`` None means that it was not read."""

    png: bytes
    text: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """``total`` is how many pages it has, also where there are more than ``pages``; ``about`` is what a TIFF says of
    itself (ImageDescription). ``finding`` is why not all was read, if so."""

    pages: tuple[Page, ...]
    total: int
    about: str
    finding: Finding | None


class Unreadable(Exception):
    """Nothing can be made of the file; the text says why, in plain English words that the catalogue knows."""


async def read_picture(content: bytes) -> Seen:
    """The text in a picture. Never raises for what is wrong with the picture: the finding says it."""
    if len(content) > MOST_BYTES:
        return Seen("", Finding.TOO_LARGE)
    answer = await _run(content, None, 1, PICTURE_SECONDS)
    text, finding = "\n\n".join(one for one in answer["pages"] if one), answer["finding"]
    if text:
        return Seen(text, Finding.READ)
    return Seen("", Finding(finding) if finding else Finding.EMPTY)


async def open_document(content: bytes, read: bool) -> Document:
    """A TIFF, a PDF or a picture, page by page. Raises ``Unreadable``."""
    if len(content) > MOST_BYTES:
        raise Unreadable("The file is too large to be opened.")
    with tempfile.TemporaryDirectory(prefix="firstline-pages-") as folder:
        keep = Path(folder)
        answer = await _run(content, keep, MOST_PAGES, DOCUMENT_SECONDS if read else 0.0)
        finding = Finding(answer["finding"]) if answer["finding"] else None
        texts: list[str] = answer["pages"]
        pngs = await asyncio.to_thread(lambda: [(keep / f"{number}.png").read_bytes() for number in range(len(texts))])
    if not pngs or (finding in (Finding.UNREADABLE, Finding.TOO_LARGE) and len(pngs) < answer["total"]):
        raise Unreadable(_REASONS.get(finding or Finding.UNREADABLE, _REASONS[Finding.UNREADABLE]))
    was_read = read and finding is not Finding.MISSING
    pages = tuple(Page(png, text if was_read or text else None) for png, text in zip(pngs, texts, strict=True))
    return Document(pages, answer["total"], answer["about"], finding)


_REASONS = {
    Finding.UNREADABLE: "The file is broken, or is neither a TIFF nor a PDF nor a picture.",
    Finding.TOO_LARGE: "The file is too large to be opened.",
    Finding.TIMED_OUT: "The file takes too long to be opened.",
}


async def _run(content: bytes, keep: Path | None, most: int, seconds: float) -> dict[str, Any]:
    """The answer of ``core.pictures.pages``; a process that crashed or was ended counts as an unreadable file."""
    with tempfile.TemporaryDirectory(prefix="firstline-picture-") as folder:
        path = Path(folder) / "file"
        await asyncio.to_thread(path.write_bytes, content)
        arguments = ["-m", "core.pictures.pages", str(path), "--most", str(most), "--seconds", str(seconds)]
        if keep is not None:
            arguments += ["--keep", str(keep)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        return await _answer_of(process, seconds + OPEN_SECONDS)


async def _answer_of(process: asyncio.subprocess.Process, seconds: float) -> dict[str, Any]:
    nothing: dict[str, Any] = {"pages": [], "total": 0, "about": ""}
    try:
        async with asyncio.timeout(seconds):
            out, said = await process.communicate()
    except TimeoutError:
        return {**nothing, "finding": Finding.TIMED_OUT}
    finally:
        await _end(process)
    try:
        answer: dict[str, Any] = json.loads(out)
        return answer
    except ValueError:
        log.warning("picture_not_opened", code=process.returncode, error=said.decode("utf-8", "replace")[-300:])
        return {**nothing, "finding": Finding.UNREADABLE}


async def _end(process: asyncio.subprocess.Process) -> None:
    """The process and whatever it started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
