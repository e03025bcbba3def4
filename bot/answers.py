"""Finding the article that answers: full text and embeddings, fused by rank.

Words are compared by character n-grams, which find *Etagendrucker* for *Drucker* and survive typos. The index of one
organization holds only what its people may see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.knowledge.articles import ArticleText
from nlu.grams import Vocabulary, characters

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

SIMILAR, OVERLAP = 0.35, 0.16
"""From these cosines of embeddings and n-grams on, both together, an article is about what was asked.

Measured with 400 examples of the pack on its own articles (``bench/knowledge.py``): the best article is offered for
37 % of what some article answers and is right in 91 % of those; of out-of-scope examples 1.5 % are offered one.
"""
_RANK = 20
"""The damping of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009 use 60 on long lists; ours are short)."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that fits; ``similarity`` and ``overlap`` are cosines of embedding and n-grams."""

    article: ArticleText
    similarity: float
    overlap: float

    @property
    def is_close(self) -> bool:
        return self.similarity >= SIMILAR and self.overlap >= OVERLAP


class KnowledgeIndex:
    """Immutable; built again when the articles change. Articles of the asked language come first."""

    def __init__(self, articles: Sequence[ArticleText], embed: Embed) -> None:
        self._articles = list(articles)
        self._embed = embed
        if not self._articles:
            return
        searched = [_searched(article) for article in self._articles]
        self._vocabulary = Vocabulary.fit(characters(3, 5), searched)
        self._grams = [self._vocabulary.weigh(text) for text in searched]
        self._vectors = embed([f"{article.title}. {article.summary}" for article in self._articles])

    def search(self, question: str, language: str, limit: int = 5) -> list[Hit]:
        """The best articles in that language, best first; empty when there are none at all."""
        if not self._articles or not question.strip():
            return []
        similarity = self._vectors @ self._embed([question])[0]
        overlap = self._overlap(question)
        mine = [index for index, article in enumerate(self._articles) if article.language == language]
        places = {
            id(score): {index: place for place, index in enumerate(sorted(mine, key=lambda i: -score[i]))}
            for score in (similarity, overlap)
        }
        fused = sorted(mine, key=lambda i: -sum(1 / (_RANK + ranks[i]) for ranks in places.values()))
        return [Hit(self._articles[i], float(similarity[i]), float(overlap[i])) for i in fused[:limit]]

    def _overlap(self, question: str) -> NDArray[np.float64]:
        """The cosine of the question's grams and each article's."""
        asked = np.zeros(len(self._vocabulary.places))
        columns, weights = self._vocabulary.weigh(question)
        asked[columns] = weights
        return np.array([weights @ asked[columns] for columns, weights in self._grams])


def steps(article: ArticleText) -> list[str]:
    """The numbered steps of an article, without their numbers and Markdown's emphasis."""
    lines = re.findall(r"^\s*\d+\.\s+(.+(?:\n(?!\s*\d+\.|\s*\n|#).+)*)", article.body, re.MULTILINE)
    return [plain(" ".join(line.split())) for line in lines]


def plain(markdown: str) -> str:
    """A line of Markdown as text."""
    return re.sub(r"(\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))", "", markdown)


def letter(article: ArticleText) -> str:
    """An article as plain text to send: no marks of Markdown, pictures left out, links with their address."""
    body = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", article.body)
    body = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", r"\1 (\2)", body)
    lines = (plain(re.sub(r"^\s{0,3}(#{1,6}|>)\s+", "", line)).rstrip() for line in body.splitlines())
    parts = (article.title, article.summary, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
    return "\n\n".join(part for part in parts if part)


def _searched(article: ArticleText) -> str:
    # The title counts twice: it is what people say.
    return " ".join([article.title, article.title, article.summary, *article.keywords, article.body])
