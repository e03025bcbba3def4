"""Alembic's environment: the caller hands in an open connection."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import JSON

from core.models import Base
from core.models.base import UtcDateTime
from core.schema import is_ours


def render(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our own types in migrations by the names a reader knows."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen_context.imports.add("from core.models.base import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, JSON):
        autogen_context.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_as_batch=True,
    render_item=render,
    include_name=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
