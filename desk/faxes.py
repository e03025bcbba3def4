"""``firstline fax drop``: a fax server hands a fax over to the folder of a fax line.

It needs neither the desk nor its settings: it may run as the fax server's user, on a machine where only the folder is
shared, and while the desk is away. The fax appears in the folder when it is whole, after what tells who sent it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path

from channels.fax.folder import ENDINGS, sidecar_of
from config.settings import Settings
from core.errors import InvalidInput

MODE = 0o664
"""The user that runs the desk must be able to read it, by its group."""


def command(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 0 when every fax is in the folder, on the disk."""
    folder: Path = options.into
    if not folder.is_dir():
        raise InvalidInput("There is no folder {path}.", path=folder)
    for file in options.files:
        drop(file, folder, options.number, options.station)
    return 0


def drop(file: Path, folder: Path, number: str, station: str) -> Path:
    """Put a fax into the folder; twice is once. Raises ``InvalidInput``."""
    if file.suffix.lower() not in ENDINGS:
        raise InvalidInput("{path} is neither TIFF nor PDF, by its ending.", path=file)
    try:
        content = file.read_bytes()
        target = folder / f"{file.stem}-{hashlib.sha256(content).hexdigest()[:12]}{file.suffix.lower()}"
        told = {"number": number.strip(), "station": station.strip()}
        _write(sidecar_of(target), json.dumps(told, ensure_ascii=False).encode())
        _write(target, content)
    except OSError as error:
        where = error.filename or folder
        raise InvalidInput("{path} cannot be used: {reason}.", path=where, reason=error.strerror) from None
    return target


def _write(path: Path, content: bytes) -> None:
    """A file that is there as a whole or not at all, and after a power cut too."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(MODE)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
