"""The commands that need nothing but the database."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from config.settings import Settings
from core import schema, staff
from core.clock import SystemClock
from core.errors import InvalidInput
from core.models import Role
from desk import archive
from desk.data import open_database


def user(settings: Settings, options: argparse.Namespace) -> int:
    if options.password_file is not None:
        password = _read(options.password_file)
    else:
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise InvalidInput("The two passwords differ.")
    database = open_database(settings)
    try:
        schema.upgrade(database.engine)
        database.write_now(
            staff.add_agent,
            options.email,
            options.name,
            staff.hash_password(password),
            Role(options.role),
            tuple(options.team),
            SystemClock().now(),
            options.language,
        )
    finally:
        database.close()
    print(f"{options.email} can sign in.")
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("{path} cannot be read: {reason}.", path=path, reason=error) from None


def db(settings: Settings, options: argparse.Namespace) -> int:
    database = open_database(settings)
    try:
        if options.action == "upgrade":
            schema.upgrade(database.engine)
        current = schema.is_current(database.engine)
    finally:
        database.close()
    print("The schema is current." if current else "The schema is behind: run firstline db upgrade.")
    return 0 if current else 1


def backup(settings: Settings, options: argparse.Namespace) -> int:
    size = archive.backup(settings, options.archive)
    print(f"{options.archive}: {size / 1024 / 1024:.1f} MB")
    return 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    archive.restore(settings, options.archive)
    print(f"Restored into {settings.data}.")
    return 0
