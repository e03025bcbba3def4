"""Knowledge articles as the desk keeps them, one row a language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base


class Article(Base):
    """An article. ``organization_id`` None means everybody's; otherwise nobody else ever sees it.

    ``content_sha256`` is of the file it came from, so that a changed pack updates it; None once it was changed by hand.
    """

    __tablename__ = "article"
    __table_args__ = (Index("uq_article_identity", "key", "language", "organization_id", unique=True),)

    key: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str] = mapped_column(default="")
    body: Mapped[str]
    intents: Mapped[list[Any]] = mapped_column(default=list)
    keywords: Mapped[list[Any]] = mapped_column(default=list)
    content_sha256: Mapped[str | None] = mapped_column(String(64))
    is_published: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime]


class ArticleVersion(Base):
    """What an article was, or shall become: one without ``published_at`` is a draft."""

    __tablename__ = "article_version"
    __table_args__ = (UniqueConstraint("article_id", "number"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(300))
    summary: Mapped[str]
    body: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    at: Mapped[datetime]
    published_at: Mapped[datetime | None]
