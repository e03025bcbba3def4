"""Running a desk: everything starts at once, and mail and chat are accepted before the model is there."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from core import schema
from core.inboxes import leases
from core.promises import ARRIVALS, CARDS, OUTBOX, WORK
from core.search.index import index_more
from core.signals import Topic
from desk.http import application
from desk.wiring import Desk
from nlu import registry, training_data
from nlu.embedded.engine import EmbeddedEngine
from nlu.engine import Model
from nlu.training_data import TrainingDataError
from web.sockets import LARGEST_FRAME

log = structlog.get_logger(__name__)

INDEX_PAUSE, INDEX_POLL = 0.5, 30.0
"""Seconds between two batches of the search index, and between looks when nothing was said."""
GRACE = 10.0
"""Seconds that what is under way may take after SIGTERM."""


class Running:
    """What a caller may wait for while the desk runs."""

    def __init__(self) -> None:
        self.listening = asyncio.Event()
        self.understanding = asyncio.Event()
        self.stop = asyncio.Event()


async def serve(
    desk: Desk,
    routes: Sequence[BaseRoute] = (),
    tasks: Sequence[Callable[[], Awaitable[None]]] = (),
    running: Running | None = None,
) -> None:
    """Run until SIGTERM, SIGINT or ``running.stop``; then finish what is claimed and let the rest lie in its rows."""
    running = running or Running()
    schema.upgrade(desk.database.engine)
    if desk.database.is_sqlite:
        await desk.database.write(_release)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.stop.set)
    server = _server(desk, routes)
    work = [
        desk.inboxes.run(desk.receive),
        desk.watch.run(),
        desk.delivery.run(),
        desk.worker.run(),
        _understand(desk, running),
        _index(desk),
        _announce(server, running),
        *(task() for task in tasks),
    ]
    await _until_stopped(work, server, running)
    log.info("stopped")


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
    for promises in (OUTBOX, WORK, ARRIVALS, CARDS):
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
        proxy_headers=False,
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
        model = await asyncio.to_thread(load_model, desk.content.nlu_folder, desk.settings.data)
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


def load_model(folder: Path, data: Path) -> Model:
    """The model of the content's training data, trained if it was never before. Blocks for seconds."""
    engine = EmbeddedEngine(data / "models" / "vectors.npz")
    examples = training_data.load(folder)
    model = registry.train_or_load(engine, examples, data / "models", _log_progress)
    model.parse(["Guten Tag, mein VPN geht nicht."])  # the encoder loads at its first use
    return model


def _log_progress(share: float, what: str) -> None:
    log.info("training", share=round(share, 2), what=what)
