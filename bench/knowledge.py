"""When is an article close enough to be offered? The pack's examples, searched in the pack's articles.

    uv run python -m bench.knowledge

An article is right if it names the example's intent. What is out of scope should be offered nothing.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bot.answers import OVERLAP, SIMILAR, KnowledgeIndex
from nlu import training_data
from nlu.training_data import Example
from tests.desk.model import MODELS

SAMPLE = 400


def best(index: KnowledgeIndex, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Similarity, overlap and rightness of the best article for each example (n, 3)."""
    rows = []
    for example in examples:
        hit = index.search(example.text, example.language, 1)[0]
        rows.append((hit.similarity, hit.overlap, example.intent in hit.article.intents))
    return np.array(rows, np.float64)


def main() -> int:
    articles = [replace(article, id=number) for number, article in enumerate(MODELS.content.articles, 1)]
    index = KnowledgeIndex(articles, MODELS.model.embed)
    answered = {intent for article in articles for intent in article.intents}
    examples = training_data.load(MODELS.content.nlu_folder).examples
    inside = best(index, random.Random(1).sample([one for one in examples if one.intent in answered], SAMPLE))
    outside = best(index, [one for one in examples if one.intent == "out_of_scope"])
    print(f"{len(articles)} articles; the best article is right for {inside[:, 2].mean():.0%} of {SAMPLE} examples\n")
    print(f"{'similar':>8} {'overlap':>8} {'offered':>8} {'of it right':>12} {'out of scope offered':>21}")
    for similar in (0.30, 0.35, 0.40, 0.45):
        for overlap in (0.08, 0.12, 0.16, 0.20):
            mine = (inside[:, 0] >= similar) & (inside[:, 1] >= overlap)
            theirs = (outside[:, 0] >= similar) & (outside[:, 1] >= overlap)
            chosen = "  <- in use" if (similar, overlap) == (SIMILAR, OVERLAP) else ""
            right = inside[mine][:, 2].mean() if mine.any() else 0.0
            print(f"{similar:>8} {overlap:>8} {mine.mean():>8.0%} {right:>12.0%} {theirs.mean():>21.1%}{chosen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
