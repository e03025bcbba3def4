"""What a command needs before there is a desk: the data folder with its secret, and the database."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from config.settings import Settings
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.sealing import Seal

OWNER_ONLY, OWNER_ENTERS = 0o600, 0o700
"""What lies in the data folder is for the desk alone: mails, password hashes, the secret."""
LOCK = "lock"


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret: their own, or the one kept in the data folder, made at the first start."""
    if settings.secret.get_secret_value():
        return settings
    make_folder(settings.data)
    path = settings.data / "secret"
    if not path.exists():
        with private(path, os.O_EXCL) as descriptor:
            os.write(descriptor, secrets.token_urlsafe(48).encode())
    return settings.model_copy(update={"secret": SecretStr(path.read_text("utf-8").strip())})


def open_database(settings: Settings) -> Database:
    """The database, made if need be. Raises ``InvalidInput`` for a folder that cannot be used."""
    make_folder(settings.data)
    file = settings.database_file
    if file is not None and file.parent.is_dir():
        # SQLite gives the files beside it the same rights.
        with private(file):
            pass
    return Database(settings.effective_database_url)


def require_desk(settings: Settings) -> None:
    """Raises ``Conflict`` if there is no database to open yet, which opening it would make."""
    if settings.database_file is not None and not settings.database_file.exists():
        raise Conflict("There is no desk in {folder} yet: run firstline init first.", folder=settings.data)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Be the one process that runs this desk for as long as the block lasts. Raises ``Conflict`` if there is another.

    Only an SQLite desk has one process: whoever starts it takes all leases for those of the dead. The lock is the
    system's, so it ends with the process, however that ends.
    """
    if settings.database_file is None:
        yield
        return
    make_folder(settings.data)
    with private(settings.data / LOCK) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise Conflict(
                "The desk in {folder} is running already. Stop that process first; several at once need PostgreSQL.",
                folder=settings.data,
            ) from None
        yield


@contextmanager
def private(path: Path, flags: int = 0) -> Iterator[int]:
    """A file that only its owner reads, made if need be and open for writing. Raises ``InvalidInput``."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | flags, OWNER_ONLY)
    except OSError as error:
        raise InvalidInput("{path} cannot be written: {reason}.", path=path, reason=error.strerror) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The data folder, made for its owner alone if need be. Raises ``InvalidInput`` for one that cannot be."""
    try:
        folder.mkdir(OWNER_ENTERS, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            "{folder} cannot be the data folder: {reason}. Name another one with data.",
            folder=folder,
            reason=error.strerror,
        ) from None


def seal_of(settings: Settings) -> Seal:
    previous = [secret.get_secret_value() for secret in settings.previous_secrets]
    return Seal(settings.secret.get_secret_value(), previous)
