"""Backup and restore: one archive with everything the desk holds, whichever database it lives in.

Rows are written table by table as JSON lines, so a backup from SQLite can be restored into PostgreSQL and back.
"""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from config.settings import Settings
from core import schema
from core.database import Database, transaction
from core.errors import Conflict, InvalidInput
from core.models import Base
from core.models.base import UtcDateTime
from desk.data import alone, open_database, private, require_desk

FORMAT = 1
BATCH = 1000


def backup(settings: Settings, path: Path) -> int:
    """Write the archive; it appears under its name only when it is whole. Returns its size in bytes."""
    require_desk(settings)
    if path.is_dir():
        raise InvalidInput("{path} is a folder; name the file to write.", path=path)
    database = open_database(settings)
    temporary = path.with_name(f".{path.name}.part")
    try:
        if not schema.is_current(database.engine):
            raise Conflict("The schema is behind. Run firstline db upgrade first.")
        # The archive holds the secret and every mail.
        with (
            private(temporary, os.O_TRUNC) as descriptor,
            os.fdopen(os.dup(descriptor), "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz") as archive,
        ):
            _add(archive, "about.json", json.dumps({"format": FORMAT}).encode())
            with _snapshot(database) as connection:
                for table in Base.metadata.sorted_tables:
                    _add(archive, f"tables/{table.name}.jsonl", _dump(connection, table))
            for name in ("secret",):
                if (settings.data / name).exists():
                    archive.add(settings.data / name, name)
            if (settings.data / "blobs").is_dir():
                archive.add(settings.data / "blobs", "blobs")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        database.close()
    return path.stat().st_size


def restore(settings: Settings, path: Path) -> None:
    """Bring an archive back. Raises ``Conflict`` unless the desk is empty, ``InvalidInput`` for what is no archive."""
    if not path.is_file():
        raise InvalidInput("{path} is no backup of Firstline.", path=path)
    try:
        with alone(settings), tarfile.open(path, "r:gz") as archive:
            _require_ours(archive, path)
            _bring_back(settings, archive)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InvalidInput("{path} is no whole backup of Firstline: {reason}.", path=path, reason=error) from None


def _bring_back(settings: Settings, archive: tarfile.TarFile) -> None:
    database = open_database(settings)
    try:
        schema.upgrade(database.engine)
        with database.engine.connect() as connection, transaction(connection, writes=True):
            if connection.scalar(select(func.count()).select_from(Base.metadata.tables["ticket"])):
                raise Conflict("This desk already holds tickets. Restore into an empty one.")
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
            for table in Base.metadata.sorted_tables:
                _load(connection, table, archive)
            members = [one for one in archive.getmembers() if one.name == "secret" or one.name.startswith("blobs")]
            archive.extractall(settings.data, members, filter="data")
    finally:
        database.close()


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one moment of the database for as long as it is open."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        with transaction(connection):
            yield connection


def _require_ours(archive: tarfile.TarFile, path: Path) -> None:
    try:
        about = archive.extractfile("about.json")
        good = about is not None and json.load(about).get("format") == FORMAT
    except (KeyError, ValueError):
        good = False
    if not good:
        raise InvalidInput("{path} is no backup of this version of Firstline.", path=path)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _dump(connection: Connection, table: Table) -> bytes:
    out = io.BytesIO()
    for row in connection.execution_options(yield_per=BATCH).execute(select(table).order_by(table.c.id)).mappings():
        out.write(json.dumps({key: _plain(value) for key, value in row.items()}, ensure_ascii=False).encode() + b"\n")
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return value


def _load(connection: Connection, table: Table, archive: tarfile.TarFile) -> None:
    file = archive.extractfile(f"tables/{table.name}.jsonl")
    assert file is not None
    batch: list[dict[str, Any]] = []
    for row in _rows(table, file):
        batch.append(row)
        if len(batch) >= BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    if connection.dialect.name == "postgresql":
        highest = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest)))


def _rows(table: Table, file: Any) -> Iterator[dict[str, Any]]:
    for line in file:
        row: dict[str, Any] = json.loads(line)
        for key, value in row.items():
            if value is not None and isinstance(table.c[key].type, UtcDateTime):
                row[key] = datetime.fromisoformat(value)
            elif isinstance(value, dict) and set(value) == {"base64"}:
                row[key] = base64.b64decode(value["base64"])
        yield row
