"""Everything that is logged, by structlog and by libraries, down to the last detail, as text."""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog


class Logs(logging.Handler):
    """``text`` is what a log file would hold, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def keep(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self._lines.append(str(dict(event)))
        raise structlog.DropEvent


@contextmanager
def everything() -> Iterator[Logs]:
    """All logs while the block lasts, whatever level they have."""
    logs, root = Logs(), logging.getLogger()
    level, processors = root.level, structlog.get_config()["processors"]
    kept = list(processors)
    # In place: loggers that were used before hold on to this very list.
    processors[:] = [structlog.processors.format_exc_info, logs.keep]
    root.addHandler(logs)
    root.setLevel(logging.DEBUG)
    try:
        yield logs
    finally:
        root.removeHandler(logs)
        root.setLevel(level)
        processors[:] = kept
