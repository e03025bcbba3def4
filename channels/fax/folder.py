"""A folder that a fax server puts faxes into: what lies there whole, and tidying up. Blocking; called in a thread.

A file is whole when it has neither grown nor changed for a while, and nobody has it locked: HylaFAX locks what it is
still receiving (flock), others write a while and stop.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.errors import InboxProblem
from core.pictures.reading import MOST_BYTES

ENDINGS = frozenset({".tif", ".tiff", ".pdf"})
SIDECAR = ".json"
LARGEST_SIDECAR = 64 * 1024


class _State(NamedTuple):
    """What changes with a file's content, and which file it is."""

    inode: int
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A whole fax; ``content`` is None where it is larger than anything that is opened."""

    path: Path
    content: bytes | None
    size: int
    sidecar: bytes
    state: _State


class FaxFolder:
    """Remembers what it has seen, so that each file is handed out once in a process's life, and again if it changes."""

    def __init__(self, path: Path, settle: float, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._settle = settle
        self._now = now
        self._seen: dict[str, tuple[_State, float]] = {}
        self._done: dict[str, _State] = {}

    def look(self, since: datetime | None) -> list[Path]:
        """The faxes that are whole and were not done yet, oldest first. Raises ``InboxProblem``.

        ``since``: those that came into the folder before that are left.
        """
        found: dict[str, tuple[_State, float]] = {}
        try:
            entries = [one for one in os.scandir(self._path) if _is_fax(one)]
        except OSError as error:
            raise cannot_read(self._path, error) from None
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone in between
            state = _State(status.st_ino, status.st_size, status.st_mtime_ns)
            arrived = datetime.fromtimestamp(max(status.st_ctime, status.st_mtime), UTC)
            if self._done.get(entry.name) == state or (since is not None and arrived < since):
                continue
            known, first = self._seen.get(entry.name, (None, 0.0))
            found[entry.name] = (state, first if known == state else self._now())
        self._seen = found
        self._done = {name: state for name, state in self._done.items() if (self._path / name).exists()}
        whole = [
            (state, name) for name, (state, first) in found.items() if state.size and self._has_settled(name, first)
        ]
        return [self._path / name for _, name in sorted(whole, key=lambda one: (one[0].changed, one[1]))]

    def read(self, path: Path) -> Waiting | None:
        """A fax with what lies beside it; None if it is gone or has changed since."""
        state, _ = self._seen[path.name]
        try:
            content = path.read_bytes() if state.size <= MOST_BYTES else None
            status = path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot_read(path, error) from None
        if _State(status.st_ino, status.st_size, status.st_mtime_ns) != state:
            return None
        sidecar = b""
        with suppress(OSError):
            beside = sidecar_of(path)
            if beside.stat().st_size <= LARGEST_SIDECAR:
                sidecar = beside.read_bytes()
        return Waiting(path, content, state.size, sidecar, state)

    def done(self, fax: Waiting) -> None:
        """It is documented, or set aside; it is not handed out again unless it changes."""
        self._done[fax.path.name] = fax.state

    def _has_settled(self, name: str, first: float) -> bool:
        return self._now() - first >= self._settle and not _is_locked(self._path / name)


def tidy(fax: Waiting, into: Path | None) -> None:
    """Move a fax that is documented to another folder, or remove it. Raises ``InboxProblem``."""
    try:
        for path in (fax.path, sidecar_of(fax.path)):
            if not path.exists():
                continue
            if into is None:
                path.unlink()
            else:
                _move(path, into)
    except OSError as error:
        raise InboxProblem(
            "Faxes have become tickets, but cannot be taken away from {path}: {reason}",
            "Let the program write in both folders, or choose to leave faxes where they are.",
            path=fax.path.parent,
            reason=error.strerror or error,
        ) from None


def _move(path: Path, into: Path) -> None:
    """Below its own name; beside one that is there already."""
    into.mkdir(parents=True, exist_ok=True)
    target, number = into / path.name, 1
    while target.exists():
        target, number = into / f"{path.stem}-{number}{path.suffix}", number + 1
    try:
        path.rename(target)
    except OSError:  # another file system
        target.write_bytes(path.read_bytes())
        path.unlink()


def sidecar_of(path: Path) -> Path:
    """The file that says who a fax is from."""
    return path.with_name(path.name + SIDECAR)


def _is_fax(entry: os.DirEntry[str]) -> bool:
    is_named = Path(entry.name).suffix.lower() in ENDINGS and not entry.name.startswith(".")
    return is_named and entry.is_file(follow_symlinks=False)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False  # reading it will say what is wrong
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # this file system knows no locks
    finally:
        os.close(descriptor)
    return False


def cannot_read(path: Path, error: OSError) -> InboxProblem:
    if isinstance(error, FileNotFoundError):
        return InboxProblem("There is no folder {path}.", "Make it, or correct the path under “Folder”.", path=path)
    if isinstance(error, PermissionError):
        return InboxProblem(
            "The program may not read {path}.",
            "Let the user that runs Firstline read it, for example by adding it to the group of the fax server.",
            path=path,
        )
    return InboxProblem(
        "{path} cannot be read: {reason}", "Check the path under “Folder”.", path=path, reason=error.strerror or error
    )
