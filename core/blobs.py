"""Where bytes lie that are too large for a row: attachments and large raw mails, under their SHA-256."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import Protocol

from core.errors import NotFound


class BlobStore(Protocol):
    """Content-addressed: the same bytes are stored once. What ``put`` returned from survives a crash."""

    def put(self, content: bytes) -> str:
        """Store the bytes durably and return their SHA-256 as lower-case hex."""
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes. Raises ``NotFound``."""
        ...


class FolderBlobStore:
    """Blobs as files, two levels deep. A file appears under its name only when it is whole and synced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{uuid.uuid4()}")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        return sha256

    def get(self, sha256: str) -> bytes:
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise NotFound("The file is no longer in the store.") from None

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise NotFound("That is no name of a stored file.")
        return self._folder / sha256[:2] / sha256[2:4] / sha256


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
