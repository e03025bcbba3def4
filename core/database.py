"""The database: synchronous use cases, called from the asynchronous edges.

``await database.write(use_case, …)`` runs ``use_case(session, …)`` in a transaction and returns after the commit; a
failure of the use case undoes that use case alone. On SQLite one writer thread drains a queue: each use case in a
SAVEPOINT, one COMMIT for all that waited. On PostgreSQL a small pool of threads runs a transaction each.
Use cases return plain values: what they hand out is used after their session is gone.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from core.signals import Signal, Signals, Topic

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

P = ParamSpec("P")
T = TypeVar("T")

CHANNEL = "firstline"
BATCH = 100
"""Use cases that share one commit at most, so that the first of a flood does not wait for the last."""

ATTEMPTS = 4
"""How often a transaction that collided with another one is tried on PostgreSQL."""

log = structlog.get_logger(__name__)


class DatabaseClosed(RuntimeError):
    """The database was closed before the use case ran; nothing was written."""


@dataclass(slots=True)
class _Job:
    """A use case that waits for the writer. With ``loop`` its future belongs to that loop, else to a thread."""

    use_case: Callable[[Session], Any]
    future: asyncio.Future[Any] | Future[Any]
    loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> bool:
        """False if nobody waits for it any more."""
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()


_Outcome = tuple[_Job, Any, BaseException | None]


def _keep(session: Session, instance: object) -> None:
    # A session forgets what nobody refers to and would read it again; a use case is short, so it keeps all.
    session.info.setdefault("kept", []).append(instance)


for _moment in ("loaded_as_persistent", "pending_to_persistent"):
    event.listen(Session, _moment, _keep)


def _session(bind: Engine | Connection, **options: Any) -> Session:
    """Without autoflush: a use case flushes where it needs an id, and everything it changed is written once.

    A connection is remembered for ``core.rows``: asking a session for its own costs as much as a statement.
    """
    info = {"connection": bind} if isinstance(bind, Connection) else {}
    return Session(bind, autoflush=False, expire_on_commit=False, info=info, **options)


@contextmanager
def transaction(connection: Connection, writes: bool = False) -> Iterator[None]:
    """A transaction, committed at the end unless the block fails.

    SQLite's driver is told to begin none by itself (or SAVEPOINT does not work), and a writer takes the lock at once: a
    read transaction that turns into a write can fail without waiting.
    """
    with connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield


class Database:
    """One URL, SQLite or PostgreSQL. Close it to let what was queued finish."""

    def __init__(self, url: str, signals: Signals | None = None, threads: int = 8) -> None:
        self.url = make_url(url)
        self.signals = signals or Signals()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_size=threads + 2)
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="database-read")
        self._writer: _GroupCommitWriter | _PooledWriter = (
            _GroupCommitWriter(self.engine, self.signals) if self.is_sqlite else _PooledWriter(self.engine, threads)
        )
        self._listener = None if self.is_sqlite else _Listener(self.engine, self.signals)

    async def write(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case in a transaction; its result arrives after the commit, its exception after its undoing."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.submit(_Job(lambda session: use_case(session, *args, **kwargs), future, loop))
        return await future

    async def read(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case that only reads, on a connection of its own; it sees everything committed so far."""
        future = self._readers.submit(lambda: self.read_now(use_case, *args, **kwargs))
        return await asyncio.wrap_future(future)

    def read_now(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``read`` for callers without a loop (the command line)."""
        with self.engine.connect() as connection, transaction(connection), _session(connection) as session:
            return use_case(session, *args, **kwargs)

    def write_now(self, use_case: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``write`` for callers without a loop (the command line)."""
        future: Future[T] = Future()
        self._writer.submit(_Job(lambda session: use_case(session, *args, **kwargs), future))
        return future.result()

    def close(self) -> None:
        """Finish what was queued, then let go of threads and connections."""
        self._writer.close()
        self._readers.shutdown(wait=True)
        if self._listener is not None:
            self._listener.close()
        self.engine.dispose()


class _GroupCommitWriter:
    """The one writer of an SQLite file. If its commit fails, everything in the batch fails with it."""

    def __init__(self, engine: Engine, signals: Signals) -> None:
        self._engine = engine
        self._signals = signals
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="database-write", daemon=True)
        self._thread.start()

    def submit(self, job: _Job) -> None:
        if self._closed:
            raise DatabaseClosed("the database is closed")
        self._queue.put(job)

    def close(self) -> None:
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        closed = DatabaseClosed("the database was closed")
        _settle([(job, None, closed) for job in self._drain()])

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            batch = [job, *self._drain()]
            try:
                outcomes, signals = self._commit(batch)
            except BaseException as error:  # a future left open would wait for ever
                _settle([(waiting, None, error) for waiting in batch])
                log.exception("commit_failed", jobs=len(batch))
            else:
                self._signals.publish(signals)
                _settle(outcomes)

    def _drain(self) -> list[_Job]:
        jobs: list[_Job] = []
        while len(jobs) < BATCH - 1:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            jobs.append(job)
        return jobs

    def _commit(self, batch: list[_Job]) -> tuple[list[_Outcome], list[Signal]]:
        outcomes: list[_Outcome] = []
        signals: list[Signal] = []
        with self._engine.connect() as connection, transaction(connection, writes=True):
            # Straight to the driver: SQLAlchemy's nested transactions cost as much as five statements.
            driver = connection.connection.driver_connection
            assert driver is not None
            for job in batch:
                if not job.begin():
                    continue
                driver.execute("SAVEPOINT use_case")
                with _session(connection, join_transaction_mode="rollback_only") as session:
                    try:
                        value = job.use_case(session)
                        session.flush()
                    except Exception as error:
                        driver.execute("ROLLBACK TO use_case")
                        outcomes.append((job, None, error))
                    else:
                        outcomes.append((job, value, None))
                        signals += session.info.pop("signals", [])
                driver.execute("RELEASE use_case")
        return outcomes, signals


class _PooledWriter:
    """PostgreSQL groups commits of concurrent connections by itself; each use case is a transaction of its own."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database-write")

    def submit(self, job: _Job) -> None:
        try:
            self._pool.submit(self._run, job)
        except RuntimeError as error:
            raise DatabaseClosed("the database is closed") from error

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _run(self, job: _Job) -> None:
        if not job.begin():
            return
        try:
            value = self._commit(job)
        except BaseException as error:  # a future left open would wait for ever
            _settle([(job, None, error)])
        else:
            _settle([(job, value, None)])

    def _commit(self, job: _Job) -> Any:
        """A use case that collided with a concurrent one is simply run again: it is a function of its session."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _session(self._engine) as session, session.begin():
                    value = job.use_case(session)
                    session.flush()
                    _notify(session, session.info.pop("signals", []))
                return value
            except (IntegrityError, OperationalError):
                if attempt == ATTEMPTS:
                    raise
        return None


def _settle(outcomes: Iterable[_Outcome]) -> None:
    """Tell who waits. A loop is woken once for all that are its own: each wake-up costs as much as a statement."""
    by_loop: dict[asyncio.AbstractEventLoop | None, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome[0].loop, []).append(outcome)
    for loop, mine in by_loop.items():
        if loop is None:
            _tell(mine)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(_tell, mine)


def _tell(outcomes: Iterable[_Outcome]) -> None:
    for job, value, error in outcomes:
        if job.future.done():
            continue
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(value)


def _notify(session: Session, signals: Iterable[Signal]) -> None:
    for signal in dict.fromkeys(signals):
        payload = json.dumps([signal.topic, signal.id, signal.cursor])
        session.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload})


class _Listener:
    """Hears ``NOTIFY`` of every process, this one included, and publishes it here; reconnects after a pause."""

    def __init__(self, engine: Engine, signals: Signals) -> None:
        self._dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._signals = signals
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        import psycopg  # a desk on SQLite does without

        while not self._stop.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._listen(connection)
            except psycopg.Error as error:
                log.warning("listener_lost", error=str(error))
                self._stop.wait(1)

    def _listen(self, connection: psycopg.Connection) -> None:
        while not self._stop.is_set():
            for notification in connection.notifies(timeout=0.5, stop_after=1):
                topic, id_, cursor = json.loads(notification.payload)
                self._signals.publish([Signal(Topic(topic), id_, cursor)])


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=16, max_overflow=16, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # pysqlite's own transaction handling knows no SAVEPOINT; BEGIN is ours, see ``transaction``.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
