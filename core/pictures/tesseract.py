"""Tesseract, the program that reads text in pictures: whether it is here, and what it makes of one picture."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROGRAM = "tesseract"
LANGUAGES = ("deu", "eng")
INSTALL = "apt install tesseract-ocr tesseract-ocr-deu"
LONGEST = 20_000
"""Characters of one picture that are kept."""

_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_SPACES = re.compile(r"[ \t\f\v\xa0]+")
_TEXT = re.compile(r"\w{3}|\w{2}.*\s.*\w{2}", re.DOTALL)
"""What is less than this in a photo is dirt and not text."""


@dataclass(frozen=True, slots=True)
class Tesseract:
    path: str
    languages: tuple[str, ...]
    """Those of ours that it can read."""

    def read(self, picture: Path, dpi: int, timeout: float, paragraphs: bool = False) -> str:
        """The text in a picture file, lines and paragraphs kept; empty if there is none.

        ``paragraphs`` takes the picture for one block of text (a typed page). Raises ``subprocess.TimeoutExpired``,
        and ``OSError`` if the program cannot be run or fails.
        """
        arguments = [self.path, str(picture), "stdout", "-l", "+".join(self.languages), "--dpi", str(dpi)]
        arguments += ["--psm", "4" if paragraphs else "3"]
        # Its threads gain nothing on one page, and would take the machine from those who wait for answers.
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        done = subprocess.run(arguments, capture_output=True, timeout=timeout, env=environment, check=False)  # noqa: S603
        if done.returncode != 0:
            raise OSError(done.stderr.decode("utf-8", "replace").strip()[-300:] or f"exit code {done.returncode}")
        text = clean(done.stdout.decode("utf-8", "replace"))
        return text if paragraphs or _TEXT.search(text) else ""


def installed() -> Tesseract | None:
    """The program on this machine, if it is there and reads German or English."""
    path = shutil.which(PROGRAM)
    languages = _languages(path, Path(path).stat().st_mtime_ns) if path is not None else ()
    return Tesseract(path, languages) if path is not None and languages else None


@lru_cache(4)
def _languages(path: str, changed: int) -> tuple[str, ...]:
    try:
        done = subprocess.run([path, "--list-langs"], capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ()
    known = (done.stdout + done.stderr).decode("utf-8", "replace").split()
    return tuple(one for one in LANGUAGES if one in known)


def clean(text: str) -> str:
    """A text without NUL bytes and runs of blanks; empty if there is neither a letter nor a digit in it."""
    lines = [_SPACES.sub(" ", line).strip() for line in text.replace("\0", "").splitlines()]
    found = _BLANK.sub("\n\n", "\n".join(lines)).strip()
    return found[:LONGEST].rstrip() if any(one.isalnum() for one in found) else ""
