"""The schema's version: bring a database up to date, or say how far behind it is."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from core.database import transaction
from core.models import Base


def upgrade(engine: Engine) -> None:
    """Run all migrations that are missing. Safe to call at every start; concurrent starts wait for each other."""
    with engine.connect() as connection, transaction(connection, writes=True):
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7346311)")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(engine: Engine, message: str) -> None:
    """Write a migration that brings the database to the models (for developers)."""
    with engine.connect() as connection, transaction(connection, writes=True):
        config = _config()
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True)


def is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current == ScriptDirectory.from_config(_config()).get_current_head()


def drift(engine: Engine) -> list[object]:
    """What differs between the database and the models; empty when they agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_ours})
        return list(compare_metadata(context, Base.metadata))


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Whether the models know of it: the search index belongs to the database, with helper tables of its own."""
    return not (kind == "table" and name is not None and name.startswith("search_"))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
