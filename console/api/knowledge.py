"""Knowledge over the REST API: what is published, and writing it in drafts and versions as in the console."""

from __future__ import annotations

from sqlalchemy.orm import Session

from console.api.operation import Call, Operation, number, page
from console.api.values import ArticleIn, ArticleOut, ArticleState, ArticleText, VersionOut
from core.errors import InvalidInput
from core.knowledge import articles, editing


def _list_articles(session: Session, call: Call) -> list[ArticleOut]:
    after, limit = page(call)
    language = call.query.get("language")
    found = sorted(articles.visible(session, number(call, "organization_id")), key=lambda article: article.id)
    wanted = [one for one in found if one.id > after and language in (None, one.language)]
    return [ArticleOut.of(article) for article in wanted[:limit]]


def _get_article(session: Session, call: Call) -> ArticleState:
    return ArticleState.of(editing.open_article(session, call.ids["article"]))


def _create_article(session: Session, call: Call) -> ArticleState:
    value: ArticleIn = call.value
    article_id = editing.create(
        session, value.title, value.language, value.organization_id, value.key, call.agent_id, call.now
    )
    if value.body or value.summary:
        editing.save_draft(session, article_id, value.title, value.summary, value.body, call.agent_id, call.now)
    return ArticleState.of(editing.open_article(session, article_id))


def _write_article(session: Session, call: Call) -> ArticleState:
    value: ArticleText = call.value
    article_id = call.ids["article"]
    editing.save_draft(session, article_id, value.title, value.summary, value.body, call.agent_id, call.now)
    return ArticleState.of(editing.open_article(session, article_id))


def _publish(session: Session, call: Call) -> ArticleState:
    """The newest version, or with ``version`` an earlier one, to roll back."""
    opened = editing.open_article(session, call.ids["article"])
    wanted = number(call, "version")
    found = [version for version, _ in opened.versions if wanted in (None, version.number)]
    if not found:
        raise InvalidInput("There is no such version.", "version")
    editing.publish(session, found[0].id, call.agent_id, call.now)
    return ArticleState.of(editing.open_article(session, opened.article.id))


def _withdraw(session: Session, call: Call) -> ArticleState:
    editing.open_article(session, call.ids["article"])
    editing.withdraw(session, call.ids["article"], call.agent_id, call.now)
    return ArticleState.of(editing.open_article(session, call.ids["article"]))


def _list_versions(session: Session, call: Call) -> list[VersionOut]:
    opened = editing.open_article(session, call.ids["article"])
    return [VersionOut.of(version, author) for version, author in opened.versions]


_READ, _WRITE = "knowledge:read", "knowledge:write"
_ARTICLE = "/articles/{article:int}"
KNOWLEDGE = (
    Operation("GET", "/articles", _READ, "List published articles", _list_articles, ArticleOut, is_list=True,
              filters=("language", "organization_id")),
    Operation("POST", "/articles", _WRITE, "Begin an article, or its translation", _create_article, ArticleState,
              ArticleIn, status=201),
    Operation("GET", _ARTICLE, _READ, "One article, also one that is not published", _get_article, ArticleState),
    Operation("PUT", _ARTICLE, _WRITE, "Write a draft of an article", _write_article, ArticleState, ArticleText),
    Operation("POST", f"{_ARTICLE}/publish", _WRITE, "Publish the newest version, or an earlier one", _publish,
              ArticleState, filters=("version",)),
    Operation("POST", f"{_ARTICLE}/withdraw", _WRITE, "Withdraw an article; its versions stay", _withdraw,
              ArticleState),
    Operation("GET", f"{_ARTICLE}/versions", _READ, "List the versions of an article, the newest first",
              _list_versions, VersionOut, is_list=True, is_paged=False),
)  # fmt: skip
