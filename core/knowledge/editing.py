"""Writing knowledge: drafts, publishing, versions and rollback; and what an article was good for.

An article that came with the content folder follows the folder until somebody changes it here; from then on it is the
desk's own. What requesters and the bot read is always the published version.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core import rights
from core.errors import Conflict, InvalidInput, NotFound
from core.models import Agent, Article, ArticleVersion, Message, Organization, Ticket
from core.rights import Right
from core.search.words import fold
from core.values import ActorKind, Delivery, ResolutionCode, ticket_number

SHOWN = 10
_SELF = ResolutionCode.SELF_RESOLUTION
_BY_AGENT = (ResolutionCode.SOLVED, ResolutionCode.WORKAROUND)


@dataclass(frozen=True, slots=True)
class Line:
    """An article in the list; ``is_behind`` when the other language was changed after this one."""

    id: int
    title: str
    language: str
    organization: str
    is_published: bool
    has_draft: bool
    is_behind: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """A ticket on which the bot or an agent sent the article, and whether that was what solved it."""

    ticket_id: int
    number: str
    subject: str
    helped: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """An article to work on. ``draft`` is its newest version, if that was not published yet; else the editor shows what
    is published, which after a rollback is an older one (``live_id``)."""

    article: Article
    draft: ArticleVersion | None
    live_id: int | None
    versions: tuple[tuple[ArticleVersion, str], ...]
    other_language_id: int | None
    is_behind: bool
    """The other language was published after this one."""
    used: int
    helped: int
    last_used: tuple[Use, ...]


def overview(session: Session) -> list[Line]:
    """All articles by title."""
    newest = (
        select(ArticleVersion.article_id, func.max(ArticleVersion.number).label("number"))
        .group_by(ArticleVersion.article_id)
        .subquery()
    )
    drafts = set(
        session.scalars(
            select(ArticleVersion.article_id)
            .join(
                newest, (newest.c.article_id == ArticleVersion.article_id) & (newest.c.number == ArticleVersion.number)
            )
            .where(ArticleVersion.published_at.is_(None))
        )
    )
    found = session.execute(
        select(Article, Organization.name).outerjoin(Organization, Organization.id == Article.organization_id)
    ).all()
    changed = {
        (article.key, article.organization_id, article.language): article.updated_at
        for article, _ in found
        if article.is_published
    }
    lines = [
        Line(
            id=article.id,
            title=article.title,
            language=article.language,
            organization=organization or "",
            is_published=article.is_published,
            has_draft=article.id in drafts,
            is_behind=changed.get((article.key, article.organization_id, _other(article.language)), article.updated_at)
            > article.updated_at,
            updated_at=article.updated_at,
        )
        for article, organization in found
    ]
    return sorted(lines, key=lambda line: (fold(line.title), line.language))


def open_article(session: Session, article_id: int) -> Opened:
    """Raises ``NotFound``."""
    article = session.get(Article, article_id)
    if article is None:
        raise NotFound("There is no such article.")
    versions = session.execute(
        select(ArticleVersion, Agent.name)
        .outerjoin(Agent, Agent.id == ArticleVersion.author_id)
        .where(ArticleVersion.article_id == article_id)
        .order_by(ArticleVersion.number.desc())
    ).all()
    published = [(version.published_at, version.id) for version, _ in versions if version.published_at is not None]
    same_reader = Article.organization_id.is_not_distinct_from(article.organization_id)
    other = session.scalar(
        select(Article)
        .where(Article.key == article.key, Article.language == _other(article.language), same_reader)
        .limit(1)
    )
    uses = _uses(session, article)
    return Opened(
        article=article,
        draft=versions[0][0] if versions and versions[0][0].published_at is None else None,
        live_id=max(published)[1] if published else None,
        versions=tuple((version, name or "") for version, name in versions),
        other_language_id=other.id if other is not None else None,
        is_behind=other is not None and other.is_published and other.updated_at > article.updated_at,
        used=len(uses),
        helped=sum(use.helped for use in uses),
        last_used=tuple(uses[:SHOWN]),
    )


def _uses(session: Session, article: Article) -> list[Use]:
    """The newest first. What the bot sent helped if the person said so, what an agent sent if the ticket was solved."""
    said = (
        select(
            Message.ticket_id, func.max(case((Message.author_kind == ActorKind.AGENT, 1), else_=0)).label("by_agent")
        )
        .where(Message.outbound, Message.meta["article"].as_string() == article.key)
        .where(Message.delivery != Delivery.CANCELLED)
        .group_by(Message.ticket_id)
        .subquery()
    )
    tickets = (
        select(Ticket.id, Ticket.subject, Ticket.resolution_code, said.c.by_agent)
        .join(said, said.c.ticket_id == Ticket.id)
        .where(Ticket.language == article.language)
        .order_by(Ticket.id.desc())
    )
    return [
        Use(id_, ticket_number(id_), subject, code is _SELF or bool(by_agent and code in _BY_AGENT))
        for id_, subject, code, by_agent in session.execute(tickets)
    ]


def stamp(version: ArticleVersion | None) -> str:
    """Another one after each saving."""
    return f"{version.id}-{version.at.timestamp()}" if version is not None else ""


def create(
    session: Session, title: str, language: str, organization_id: int | None, key: str, agent_id: int, now: datetime
) -> int:
    """A new article, still empty and unpublished; with ``key`` it is the translation of that one."""
    if not title.strip():
        raise InvalidInput("Give the article a title: what somebody would ask.", "title")
    key = key or _free_key(session, title)
    exists = select(Article.id).where(
        Article.key == key, Article.language == language, Article.organization_id == organization_id
    )
    if session.scalar(exists) is not None:
        raise InvalidInput("There is such an article in this language already.", "title")
    article = Article(
        key=key,
        language=language,
        organization_id=organization_id,
        title=title.strip()[:300],
        body="",
        is_published=False,
        updated_at=now,
    )
    session.add(article)
    session.flush()
    save_draft(session, article.id, title, "", "", agent_id, now)
    return article.id


def save_draft(
    session: Session,
    article_id: int,
    title: str,
    summary: str,
    body: str,
    agent_id: int,
    now: datetime,
    seen: str | None = None,
) -> int:
    """Keep what was written without showing it to anybody; a draft that was not published yet is written over.

    ``seen`` is the ``stamp`` of what the writer began with: raises ``Conflict`` if a colleague has saved since.
    """
    if not title.strip():
        raise InvalidInput("Give the article a title: what somebody would ask.", "title")
    article = session.scalar(select(Article).where(Article.id == article_id).with_for_update())
    if article is None:
        raise NotFound("There is no such article.")
    newest = session.scalar(
        select(ArticleVersion)
        .where(ArticleVersion.article_id == article_id)
        .order_by(ArticleVersion.number.desc())
        .limit(1)
    )
    if seen is not None and seen != stamp(newest) and newest is not None and newest.author_id != agent_id:
        author = session.get(Agent, newest.author_id) if newest.author_id is not None else None
        raise Conflict(
            "{name} saved this article while you were writing. Look at the newest version below; yours is still here, "
            "and saving it again replaces it.",
            name=author.name if author is not None else "Firstline",
        )
    if newest is None and article.is_published:
        newest = _version(session, article, 1, article.title, article.summary, article.body, None, article.updated_at)
        newest.published_at = article.updated_at
    if newest is None or newest.published_at is not None:
        number = newest.number + 1 if newest is not None else 1
        newest = _version(session, article, number, title, summary, body, agent_id, now)
    newest.title, newest.summary, newest.body = title.strip()[:300], summary.strip(), body.strip()
    newest.author_id, newest.at = agent_id, now
    article.content_sha256 = None
    session.flush()
    return newest.id


def publish(session: Session, version_id: int, agent_id: int, now: datetime) -> int:
    """Make a version what everybody reads, a new one or, to roll back, an old one. Returns the article's id.

    Not everybody may (``core.rights``).
    """
    rights.require_of(session, agent_id, Right.PUBLISH)
    version = session.get(ArticleVersion, version_id)
    if version is None:
        raise NotFound("There is no such version.")
    if not version.body.strip():
        raise InvalidInput("There is nothing to publish yet. Write the article first.", "body")
    article = session.get_one(Article, version.article_id)
    version.published_at = now
    article.title, article.summary, article.body = version.title, version.summary, version.body
    article.is_published, article.updated_at, article.content_sha256 = True, now, None
    return article.id


def withdraw(session: Session, article_id: int, agent_id: int, now: datetime) -> None:
    """Nobody reads it any more; its versions stay. Not everybody may."""
    rights.require_of(session, agent_id, Right.PUBLISH)
    article = session.get(Article, article_id)
    if article is not None:
        article.is_published, article.updated_at, article.content_sha256 = False, now, None


def difference(old: str, new: str) -> list[tuple[str, str]]:
    """Line by line: (``same`` | ``gone`` | ``new``, text); long unchanged stretches are left out."""
    kinds = {" ": "same", "-": "gone", "+": "new"}
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm="")
    return [(kinds[line[0]], line[1:]) for line in lines if line[0] in kinds and not line.startswith(("---", "+++"))]


def _version(
    session: Session,
    article: Article,
    number: int,
    title: str,
    summary: str,
    body: str,
    author_id: int | None,
    now: datetime,
) -> ArticleVersion:
    version = ArticleVersion(
        article_id=article.id, number=number, title=title, summary=summary, body=body, author_id=author_id, at=now
    )
    session.add(version)
    return version


def _other(language: str) -> str:
    return "en" if language == "de" else "de"


def _free_key(session: Session, title: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-")[:80] or "article"
    taken = set(session.scalars(select(Article.key).where(Article.key.startswith(base))))
    return next(
        key for number in range(1, len(taken) + 2) if (key := base if number == 1 else f"{base}-{number}") not in taken
    )
