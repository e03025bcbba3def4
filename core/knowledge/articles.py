"""Knowledge articles: kept in step with the content folder, and read by whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.models import Article, Organization

_COLUMNS = (
    Article.id,
    Article.key,
    Article.language,
    Article.title,
    Article.summary,
    Article.body,
    Article.intents,
    Article.keywords,
    Article.content_sha256,
    Organization.key.label("organization"),
)


@dataclass(frozen=True, slots=True)
class ArticleText:
    """An article as a value. ``organization`` is the key of the only organization that may see it, or None."""

    key: str
    language: str
    title: str
    summary: str
    body: str
    intents: tuple[str, ...]
    keywords: tuple[str, ...]
    content_sha256: str | None
    organization: str | None = None
    id: int = 0


def visible(session: Session, organization_id: int | None, language: str | None = None) -> list[ArticleText]:
    """Everybody's articles and that organization's own, which replace common ones of the same key; of one language or
    of all."""
    mine = Article.organization_id == organization_id if organization_id is not None else Article.id.is_(None)
    query = (
        select(*_COLUMNS)
        .outerjoin(Organization, Organization.id == Article.organization_id)
        .where(or_(Article.organization_id.is_(None), mine), Article.is_published)
        .order_by(Article.key, Article.language)
    )
    found = session.execute(query if language is None else query.where(Article.language == language)).all()
    own = {(one.key, one.language) for one in found if one.organization is not None}
    return [
        ArticleText(
            key=one.key,
            language=one.language,
            title=one.title,
            summary=one.summary,
            body=one.body,
            intents=tuple(one.intents),
            keywords=tuple(one.keywords),
            content_sha256=one.content_sha256,
            organization=one.organization,
            id=one.id,
        )
        for one in found
        if one.organization is not None or (one.key, one.language) not in own
    ]


def stamp(session: Session) -> tuple[int, datetime | None]:
    """Changes whenever an article does: an index made of them is good as long as it stays."""
    count, newest = session.execute(select(func.count(), func.max(Article.updated_at)).select_from(Article)).one()
    return count, newest


def find(session: Session, article_id: int, organization_id: int | None) -> ArticleText | None:
    """An article if the organization's people may read it."""
    return next((article for article in visible(session, organization_id) if article.id == article_id), None)


def synchronize(session: Session, articles: Sequence[ArticleText], now: datetime) -> int:
    """Make the table what the folder says, but for what was changed by hand; returns how many rows changed."""
    organizations = {row.key: row.id for row in session.execute(select(Organization.key, Organization.id))}
    known = {(row.key, row.language, row.organization_id): row for row in session.scalars(select(Article))}
    changed = 0
    for article in articles:
        if article.organization is not None and article.organization not in organizations:
            continue
        organization_id = organizations.get(article.organization) if article.organization else None
        row = known.pop((article.key, article.language, organization_id), None)
        if row is not None and row.content_sha256 in (article.content_sha256, None):
            continue
        if row is None:
            row = Article(key=article.key, language=article.language, organization_id=organization_id)
            session.add(row)
        row.title, row.summary, row.body = article.title, article.summary, article.body
        row.intents, row.keywords = list(article.intents), list(article.keywords)
        row.content_sha256, row.updated_at = article.content_sha256, now
        changed += 1
    for gone in known.values():
        if gone.content_sha256 is not None:
            session.delete(gone)
            changed += 1
    return changed
