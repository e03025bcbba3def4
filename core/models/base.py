"""The declarative base, the one date type, and what every promise has in common."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, Index, MetaData, String, TypeDecorator, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on every database. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def choice(enum: type[StrEnum], name: str = "") -> Enum:
    """A column that holds one of an enumeration's values, guarded by a CHECK of that name within its table."""
    return Enum(
        enum,
        native_enum=False,
        length=24,
        create_constraint=True,
        values_callable=lambda members: [str(member.value) for member in members],
        name=name or enum.__name__.lower(),
    )


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - the name and shape are SQLAlchemy's
        datetime: UtcDateTime,
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
        list[Any]: JSON().with_variant(JSONB(), "postgresql"),
    }

    id: Mapped[int] = mapped_column(primary_key=True)


class PromiseState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PromiseMixin:
    """A row that says what the desk owes, and when. Claimed with a lease; finishing is conditional on its token.

    ``lane`` is what order is kept within (a conversation): a row is only claimed when no earlier one of its lane is
    still pending, so one that fails holds back nobody else.
    """

    state: Mapped[PromiseState] = mapped_column(choice(PromiseState), default=PromiseState.PENDING)
    lane: Mapped[int]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(String(36))
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    last_error: Mapped[str | None]

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - a class-level directive
        table: str = cls.__tablename__  # type: ignore[attr-defined]
        pending = text("state = 'pending'")
        return (
            Index(f"ix_{table}_due", "due_at", sqlite_where=pending, postgresql_where=pending),
            Index(f"ix_{table}_lane", "lane", "id", sqlite_where=pending, postgresql_where=pending),
        )
