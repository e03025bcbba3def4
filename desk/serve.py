"""Running a desk: everything starts at once, and mail and chat are accepted before the model is there."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
import uvicorn
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from bot import content as contents
from config.settings import Settings
from core import schema
from core.clock import SystemClock
from core.inboxes import leases
from core.promises import ARRIVALS, CARDS, OUTBOX, PICTURES, WORK
from core.search.index import index_more
from core.signals import Topic
from desk import setup, wiring
from desk.data import alone, open_database, with_secret
from desk.http import application
from desk.ports import require_free
from desk.understanding import obtain_model
from desk.wiring import Desk
from nlu.training_data import TrainingDataError
from web.sockets import LARGEST_FRAME

log = structlog.get_logger(__name__)

INDEX_PAUSE, INDEX_POLL = 0.5, 30.0
"""Seconds between two batches of the search index, and between looks when nothing was said."""
AGAIN = 5.0
"""Seconds until a part of the desk that failed begins again."""
GRACE = 10.0
"""Seconds that what is under way may take after SIGTERM."""


class Running:
    """What a caller may wait for while the desk runs."""

    def __init__(self) -> None:
        self.listening = asyncio.Event()
        self.understanding = asyncio.Event()
        self.stop = asyncio.Event()


def command(settings: Settings, options: argparse.Namespace) -> int:
    settings = with_secret(settings)
    clock = SystemClock()
    with alone(settings):
        require_free(settings.http.host, settings.http.port, "http.port")
        database = open_database(settings)
        try:
            setup.prepare(settings, database, contents.load(settings.content.folder), clock.now())
            asyncio.run(serve(wiring.build(settings, clock, database)))
        finally:
            database.close()
    return 0


async def serve(
    desk: Desk,
    routes: Sequence[BaseRoute] = (),
    tasks: Sequence[Callable[[], Awaitable[None]]] = (),
    running: Running | None = None,
) -> None:
    """Run until SIGTERM, SIGINT or ``running.stop``; then finish what is claimed and let the rest lie in its rows.

    The caller sees to it that an SQLite desk has no other process (``desk.data.alone``).
    """
    running = running or Running()
    schema.upgrade(desk.database.engine)
    if desk.database.is_sqlite:
        await desk.database.write(_release)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.stop.set)
    server = _server(desk, routes)
    work = [
        _persist("inboxes", lambda: desk.inboxes.run(desk.receive)),
        _persist("watch", desk.watch.run),
        _persist("delivery", desk.delivery.run),
        _persist("bot", desk.worker.run),
        _persist("pictures", desk.pictures.run),
        _persist("search", lambda: _index(desk)),
        _understand(desk, running),
        _announce(server, running),
        *(task() for task in tasks),
    ]
    try:
        await _until_stopped(work, server, running)
    finally:
        desk.worker.understanding.close()
    log.info("stopped")


async def _persist(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run one part of the desk and, if it fails (a full disc, a database that is away), begin again."""
    while True:
        try:
            await run()
            return
        except Exception:  # whatever it is, a desk that tries again is better than none
            log.exception("part_failed", part=name, again_in=AGAIN)
        await asyncio.sleep(AGAIN)


async def _index(desk: Desk) -> None:
    """Keep the search index a moment behind what is said."""
    with desk.database.signals.subscribe(Topic.TICKET) as news:
        while True:
            await desk.flood.let_pass()
            if await desk.database.write(index_more) == 0:
                await news.wait(INDEX_POLL)
            await asyncio.sleep(INDEX_PAUSE)


async def _until_stopped(work: Sequence[Awaitable[None]], server: uvicorn.Server, running: Running) -> None:
    serving = asyncio.create_task(server.serve())
    started = [asyncio.ensure_future(one) for one in work]
    stopping = asyncio.create_task(running.stop.wait())
    failed: BaseException | None = None
    pending: set[asyncio.Future[Any]] = {stopping, serving, *started}
    while not stopping.done() and failed is None:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        failed = next((one.exception() for one in done if one.exception() is not None), None)
    server.should_exit = True
    stopping.cancel()
    for one in started:
        one.cancel()
    await asyncio.wait([serving, *started], timeout=GRACE)
    if failed is not None:
        raise failed


def _release(session: Session) -> None:
    for promises in (OUTBOX, WORK, ARRIVALS, CARDS, PICTURES):
        promises.release_all(session)
    leases.release_all(session)


def _server(desk: Desk, routes: Sequence[BaseRoute]) -> uvicorn.Server:
    http = desk.settings.http
    config = uvicorn.Config(
        application(desk, routes),
        host=http.host,
        port=http.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=list(http.trusted_proxies),
        ws_max_size=LARGEST_FRAME,
        ws_max_queue=4,
    )
    server = uvicorn.Server(config)
    # The signals are ours: uvicorn would stop the server before what is claimed is finished.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return server


async def _announce(server: uvicorn.Server, running: Running) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    running.listening.set()
    await asyncio.Event().wait()


async def _understand(desk: Desk, running: Running) -> None:
    """Load or train the model beside everything else; if that is impossible, people take every message."""
    try:
        model = await obtain_model(desk.content.nlu_folder, desk.settings.data)
    except TrainingDataError as error:
        log.error("no_understanding", reason=str(error))
        desk.worker.unavailable()
    else:
        # What stays for good need not be looked through for garbage again and again.
        gc.collect()
        gc.freeze()
        desk.worker.ready(model)
        log.info("understanding", model=model.version, intents=len(model.intents))
    running.understanding.set()
    await asyncio.Event().wait()
