"""How good an understanding is, on messages whose intent is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from nlu.calibration import expected_calibration_error
from nlu.engine import OUT_OF_SCOPE, Model, Parse
from nlu.training_data import Example

BATCH = 64
WORST = 20
"""So many of the most frequent confusions are named."""


@dataclass(frozen=True, slots=True)
class IntentFigures:
    """Of one intent: how many messages, and how well found. Precision counts what was taken for it wrongly."""

    messages: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Confusion:
    right: str
    taken_for: str
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """Shares are from 0 to 1; what cannot be measured (no message out of scope) is None.

    ``accuracy`` and ``top_3`` are of the messages in scope, by the best real intents, whatever the bot would do.
    ``acted_on`` is the share of all that the bot would act on without asking, ``wrong`` the share of all on which it
    would act wrongly, ``asked`` and ``fell_back`` the rest. ``auroc`` is how well what is out of scope can be told from
    the rest. ``calibration_error`` is the expected calibration error over what is in scope.
    """

    messages: int
    accuracy: float
    top_3: float
    macro_f1: float
    accuracy_by_language: dict[str, float]
    intents: dict[str, IntentFigures]
    out_of_scope_messages: int
    out_of_scope_recall: float | None
    auroc: float | None
    calibration_error: float
    acted_on: float
    asked: float
    fell_back: float
    wrong: float
    confusions: tuple[Confusion, ...]


def evaluate(model: Model, examples: Sequence[Example]) -> Report:
    """Parse every message and count. Raises ``ValueError`` if none is in scope."""
    texts = [example.text for example in examples]
    parses = [parse for at in range(0, len(texts), BATCH) for parse in model.parse(texts[at : at + BATCH])]
    return count(parses, examples)


def count(parses: Sequence[Parse], examples: Sequence[Example]) -> Report:
    """The figures of parses whose right intents are known."""
    pairs = list(zip(parses, examples, strict=True))
    inside = [(parse, example) for parse, example in pairs if example.intent not in OUT_OF_SCOPE]
    outside = [parse for parse, example in pairs if example.intent in OUT_OF_SCOPE]
    if not inside:
        raise ValueError("None of the messages is in scope.")
    right = [parse.intent == example.intent for parse, example in inside]
    languages = sorted({example.language for _, example in inside})
    intents = _by_intent(pairs)
    acting = [(parse, example) for parse, example in pairs if _acts(parse)]
    return Report(
        messages=len(pairs),
        accuracy=_share(right),
        top_3=_share([example.intent in [intent for intent, _ in parse.ranking[:3]] for parse, example in inside]),
        macro_f1=float(np.mean([figures.f1 for figures in intents.values() if figures.messages])),
        accuracy_by_language={
            language: _share(
                [parse.intent == example.intent for parse, example in inside if example.language == language]
            )
            for language in languages
        },
        intents=intents,
        out_of_scope_messages=len(outside),
        out_of_scope_recall=_share([parse.fallback for parse in outside]) if outside else None,
        auroc=_auroc([parse for parse, _ in inside], outside),
        calibration_error=expected_calibration_error(
            np.array([parse.confidence for parse, _ in inside]), np.array(right, bool)
        ),
        acted_on=len(acting) / len(pairs),
        asked=_share([parse.ambiguous and not parse.fallback for parse in parses]),
        fell_back=_share([parse.fallback for parse in parses]),
        wrong=sum(parse.intent != example.intent for parse, example in acting) / len(pairs),
        confusions=_confusions(inside),
    )


def _acts(parse: Parse) -> bool:
    return not parse.fallback and not parse.ambiguous


def _share(marks: Sequence[bool]) -> float:
    return sum(marks) / len(marks) if marks else 0.0


def _auroc(inside: Sequence[Parse], outside: Sequence[Parse]) -> float | None:
    if not outside:
        return None
    marks = [True] * len(inside) + [False] * len(outside)
    return float(roc_auc_score(marks, [parse.scope for parse in (*inside, *outside)]))


def _by_intent(pairs: Sequence[tuple[Parse, Example]]) -> dict[str, IntentFigures]:
    wanted = Counter(example.intent for _, example in pairs if example.intent not in OUT_OF_SCOPE)
    # Something out of scope is taken for an intent only where the bot would act on it.
    guessed = Counter(p.intent for p, e in pairs if p.intent and (e.intent not in OUT_OF_SCOPE or _acts(p)))
    hit = Counter(example.intent for parse, example in pairs if parse.intent == example.intent)
    figures = {}
    for intent in sorted(wanted | guessed):
        precision = hit[intent] / guessed[intent] if guessed[intent] else 0.0
        recall = hit[intent] / wanted[intent] if wanted[intent] else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        figures[intent] = IntentFigures(wanted[intent], precision, recall, f1)
    return figures


def _confusions(inside: Sequence[tuple[Parse, Example]]) -> tuple[Confusion, ...]:
    mistaken = Counter((e.intent, p.intent or "") for p, e in inside if p.intent != e.intent)
    return tuple(Confusion(*names, times) for names, times in mistaken.most_common(WORST))
