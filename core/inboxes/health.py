"""How inboxes are doing, as rows: every process writes down what it sees, and every page reads all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.errors import InboxProblem
from core.models import Inbox, InboxRun, InboxState, OutboxRow, PromiseState, RunState

GONE = timedelta(seconds=60)
"""A process that has not said anything for this long has ended."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What one process knows of an inbox; of ``received_at`` and ``sent_at`` the latest counts, whoever says it.

    ``problem`` is why it is retrying, ``trouble`` (with its moment) the last thing that went wrong.
    """

    state: RunState
    problem: InboxProblem | None = None
    retry_at: datetime | None = None
    received_at: datetime | None = None
    sent_at: datetime | None = None
    trouble: InboxProblem | None = None
    trouble_at: datetime | None = None


def record(session: Session, process: str, pulses: Mapping[int, Pulse], now: datetime) -> None:
    """Write down how this process's inboxes are doing, and forget processes that ended."""
    session.execute(delete(InboxRun).where(InboxRun.seen_at < now - GONE))
    known = set(session.scalars(select(Inbox.id).where(Inbox.id.in_(pulses))))
    session.execute(delete(InboxRun).where(InboxRun.process == process, InboxRun.inbox_id.not_in(known)))
    mine = {run.inbox_id: run for run in session.scalars(select(InboxRun).where(InboxRun.process == process))}
    for inbox_id in known:
        pulse = pulses[inbox_id]
        run = mine.get(inbox_id)
        if run is None:
            run = InboxRun(inbox_id=inbox_id, process=process)
            session.add(run)
        run.state, run.retry_at, run.seen_at = pulse.state, pulse.retry_at, now
        run.problem = pulse.problem.dump() if pulse.problem is not None else None
        _remember(session, inbox_id, pulse)


def _remember(session: Session, inbox_id: int, pulse: Pulse) -> None:
    """Keep the latest of each, where it is later than what another process said."""
    for column, at, more in (
        (Inbox.received_at, pulse.received_at, {}),
        (Inbox.sent_at, pulse.sent_at, {}),
        (Inbox.problem_at, pulse.trouble_at, {"problem": pulse.trouble.dump() if pulse.trouble is not None else None}),
    ):
        if at is not None:
            earlier = column.is_(None) | (column <= at)
            session.execute(update(Inbox).where(Inbox.id == inbox_id, earlier).values({column.key: at, **more}))


def forget(session: Session, process: str) -> None:
    """The process ends in order: it runs nothing any more."""
    session.execute(delete(InboxRun).where(InboxRun.process == process))


@dataclass(frozen=True, slots=True)
class Run:
    """An inbox in one living process."""

    process: str
    state: RunState
    problem: InboxProblem | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """An inbox as a whole. ``problem`` is the last thing that went wrong, which may be long over.

    ``oldest_due`` is the moment the oldest message that still waits was or is to be sent.
    """

    state: InboxState
    runs: tuple[Run, ...]
    received_at: datetime | None
    sent_at: datetime | None
    backlog: int
    oldest_due: datetime | None
    problem: InboxProblem | None
    problem_at: datetime | None

    @property
    def is_running(self) -> bool:
        return any(run.state is RunState.RUNNING for run in self.runs)

    @property
    def current_problem(self) -> InboxProblem | None:
        """What keeps it from working right now: why it cannot run, or a failure that nothing succeeded after."""
        stuck = next((run.problem for run in self.runs if run.problem is not None), None)
        if stuck is not None or self.state is not InboxState.ACTIVE:
            return stuck
        if self.problem_at is None or (self.sent_at is not None and self.sent_at > self.problem_at):
            return None
        return self.problem if self.backlog else None

    @property
    def verdict(self) -> str:
        """In a word: ``archived``, ``paused``, ``stopped`` (in no process), ``problem``, ``starting``, ``good``."""
        if self.state is not InboxState.ACTIVE:
            return str(self.state)
        if self.current_problem is not None:
            return "problem"
        if not self.runs:
            return "stopped"
        return "good" if self.is_running else "starting"


def read(session: Session, now: datetime) -> dict[int, Health]:
    """The health of every inbox, by its id."""
    runs: dict[int, list[Run]] = {}
    fresh = select(InboxRun).where(InboxRun.seen_at >= now - GONE).order_by(InboxRun.process)
    for run in session.scalars(fresh):
        runs.setdefault(run.inbox_id, []).append(Run(run.process, run.state, _load(run.problem), run.retry_at))
    waiting = _waiting(session)
    return {inbox.id: _health(inbox, runs.get(inbox.id, ()), waiting) for inbox in session.scalars(select(Inbox))}


def _waiting(session: Session) -> dict[int, tuple[int, datetime]]:
    owed = (
        select(OutboxRow.inbox_id, func.count(), func.min(OutboxRow.due_at))
        .where(OutboxRow.state == PromiseState.PENDING)
        .group_by(OutboxRow.inbox_id)
    )
    return {inbox_id: (count, oldest) for inbox_id, count, oldest in session.execute(owed)}


def _health(inbox: Inbox, runs: Sequence[Run], waiting: Mapping[int, tuple[int, datetime]]) -> Health:
    backlog, oldest = waiting.get(inbox.id, (0, None))
    return Health(
        state=inbox.state,
        runs=tuple(runs),
        received_at=inbox.received_at,
        sent_at=inbox.sent_at,
        backlog=backlog,
        oldest_due=oldest,
        problem=_load(inbox.problem),
        problem_at=inbox.problem_at,
    )


def _load(dumped: dict[str, object] | None) -> InboxProblem | None:
    return InboxProblem.load(dumped) if dumped is not None else None
