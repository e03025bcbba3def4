"""What the understanding makes of words while a person still types them: topics, what follows from each, articles.

The same parse and the same search as in the bot's turns; here nobody acts on them but the agent who reads along.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot import policy
from bot.answers import Hit
from bot.content import Intent, View
from bot.understanding import Understanding
from core.database import Database
from core.knowledge import articles
from core.knowledge.articles import ArticleText
from core.tickets.priority import priority
from nlu.engine import NluUnavailable, Parse
from nlu.language import detect

FEW_LETTERS = 6
"""Less than that is not about anything yet."""
TOPICS, ARTICLES = 3, 4
WORTH_SHOWING = 0.05
LONG, RARE = 5, 8
"""Words of so many letters are also found within longer ones, as German compounds have them; what more than one in so
many articles names tells nothing apart."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What it may be about. ``is_sure`` where the bot would act on it."""

    intent: Intent
    label: str
    confidence: float
    is_sure: bool

    @property
    def priority(self) -> int:
        return priority(self.intent.impact, self.intent.urgency)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """``is_ready`` False means that nothing can be understood yet (or, ``has_failed``, at all); articles are then found
    by their words alone."""

    topics: tuple[Topic, ...] = ()
    articles: tuple[ArticleText, ...] = ()
    language: str = ""
    is_ready: bool = True
    has_failed: bool = False


async def suggest(
    understanding: Understanding,
    database: Database,
    view: View,
    organization_id: int | None,
    text: str,
    language: str,
    threshold: float | None,
) -> Suggestions:
    """What to make of these words; ``language`` is the reader's."""
    text = text.strip()
    if sum(character.isalpha() for character in text) < FEW_LETTERS:
        return Suggestions(is_ready=understanding.is_ready, has_failed=understanding.has_failed)
    said_in = detect(text, language)
    try:
        parses = await understanding.parse(text, said_in)
        hits = await understanding.search(organization_id, text, said_in)
    except NluUnavailable:
        found = await database.read(articles.visible, organization_id)
        fitting = _by_words(found, text, said_in)
        return Suggestions((), fitting, said_in, is_ready=False, has_failed=understanding.has_failed)
    found_topics = _topics(view, parses, language, threshold)
    all_articles = await database.read(articles.visible, organization_id)
    return Suggestions(found_topics, _articles(found_topics, hits, all_articles, said_in), said_in)


def _topics(view: View, parses: Sequence[Parse], language: str, threshold: float | None) -> tuple[Topic, ...]:
    """What each parse found, then the main one's other guesses, as far as they are matters and not small talk."""
    ranked: dict[str, tuple[float, bool]] = {}
    for parse in parses:
        if parse.intent is not None:
            ranked.setdefault(parse.intent, (parse.confidence, policy.accepted(parse, threshold)))
    if parses:
        for name, confidence in parses[0].ranking[:TOPICS]:
            ranked.setdefault(name, (confidence, False))
    return tuple(
        Topic(view.intents[name], view.label(name, language), confidence, is_sure)
        for name, (confidence, is_sure) in ranked.items()
        if name in view.intents and view.intents[name].bot != "chat" and confidence >= WORTH_SHOWING
    )[:TOPICS]


def _articles(
    topics: Sequence[Topic], hits: Sequence[Hit], known: Sequence[ArticleText], language: str
) -> tuple[ArticleText, ...]:
    """Those of the main topic, as far as it is sure, and those that say the same in other words."""
    main = topics[0].intent.key if topics and topics[0].is_sure else None
    close = [hit.article for hit in hits if hit.is_close or (main is not None and main in hit.article.intents)]
    of_topic = [one for one in known if main is not None and main in one.intents and one.language == language]
    found = {article.id: article for article in (*close, *of_topic)}
    return tuple(found.values())[:ARTICLES]


def matching(known: Sequence[ArticleText], intent: str | None, text: str, language: str) -> tuple[ArticleText, ...]:
    """What may help with a ticket: articles of its topic, then those that name what it names."""
    of_topic = [one for one in known if intent in one.intents and one.language == language]
    found = {article.id: article for article in (*of_topic, *_by_words(known, text, language))}
    return tuple(found.values())[:ARTICLES]


def _by_words(known: Sequence[ArticleText], text: str, language: str) -> tuple[ArticleText, ...]:
    """Articles that name what the text names; those with most of its words first."""
    said = set(re.findall(r"\w{3,}", text.casefold()))
    named = {one.id: _named(one, said) for one in known if one.language == language}
    often = Counter(word for words in named.values() for word in words)
    telling = {word for word, count in often.items() if count * RARE <= len(named)}
    best = sorted(named, key=lambda id_: -len(named[id_] & telling))
    by_id = {one.id: one for one in known}
    return tuple(by_id[id_] for id_ in best if named[id_] & telling)[:ARTICLES]


def _named(article: ArticleText, said: set[str]) -> set[str]:
    about = " ".join([article.title, *article.keywords]).casefold()
    words = set(re.findall(r"\w{3,}", about))
    return {word for word in said if word in words or (len(word) >= LONG and word in about)}
