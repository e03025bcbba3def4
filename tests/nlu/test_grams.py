"""The grams and weights are those of scikit-learn, whatever the text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.grams import Analyse, Vocabulary, characters, words

PAIRS = [
    (words, {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}),
    (characters(2, 5), {"analyzer": "char_wb", "ngram_range": (2, 5)}),
    (characters(3, 5), {"analyzer": "char_wb", "ngram_range": (3, 5)}),
]
TEXTS = st.text() | st.text(st.sampled_from("aÄßİıǅ ﬁ̈\u200b\u00a0\u3000\x1c\t\r\n_-.'’#1²अ漢🙂"), max_size=40)


@pytest.mark.parametrize(("analyse", "options"), PAIRS)
@given(text=TEXTS)
@example(text="")
@example(text="   \t ")
@example(text="Der  Drucker\n\ndruckt nicht!! Fehler-0x80 a_b")
@example(text="İSTANBUL ǅ STRASSE ſ")
def test_a_text_has_the_same_grams(analyse: Analyse, options: dict[str, object], text: str) -> None:
    assert sorted(analyse(text)) == sorted(TfidfVectorizer(**options).build_analyzer()(text))


@pytest.mark.parametrize(("analyse", "options"), PAIRS)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6), other=TEXTS)
def test_texts_weigh_the_same(analyse: Analyse, options: dict[str, object], texts: list[str], other: str) -> None:
    texts = [*texts, "at least one word"]
    theirs = TfidfVectorizer(**options, sublinear_tf=True).fit(texts)
    ours = Vocabulary.fit(analyse, texts)
    assert ours.places == theirs.vocabulary_
    for text in (*texts, other):
        row = np.zeros(len(ours.places))
        columns, weights = ours.weigh(text)
        row[columns] = weights
        assert np.allclose(row, theirs.transform([text]).toarray()[0], atol=1e-12)
        assert ours.knows(text) == bool(row.any())
