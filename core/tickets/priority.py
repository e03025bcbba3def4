"""Impact × urgency → priority, as ITIL's matrix has it: 1 critical, 2 high, 3 medium, 4 low."""

from __future__ import annotations

from collections.abc import Mapping

from core.values import Scale

Matrix = Mapping[tuple[Scale, Scale], int]

MATRIX: Matrix = {
    (Scale.HIGH, Scale.HIGH): 1,
    (Scale.HIGH, Scale.MEDIUM): 2,
    (Scale.MEDIUM, Scale.HIGH): 2,
    (Scale.HIGH, Scale.LOW): 3,
    (Scale.MEDIUM, Scale.MEDIUM): 3,
    (Scale.LOW, Scale.HIGH): 3,
    (Scale.MEDIUM, Scale.LOW): 4,
    (Scale.LOW, Scale.MEDIUM): 4,
    (Scale.LOW, Scale.LOW): 4,
}
"""Keyed by (impact, urgency)."""


def priority(impact: Scale, urgency: Scale, matrix: Matrix = MATRIX) -> int:
    return matrix[impact, urgency]
