"""The web application of one process: the channels' routes, the console, health and metrics."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from channels.doors import Doors
from channels.webchat.channel import widget
from console.app import Console
from console.inboxes import InboxTools
from desk.metrics import DeskCollector, may_read_metrics
from desk.wiring import Desk
from web import pages
from web.outside import CleanAddresses
from web.responses import SecurityHeaders, problem


def application(desk: Desk, more: Sequence[BaseRoute] = ()) -> Starlette:
    """Everything this desk serves over HTTP; ``more`` comes first (the demo's pages)."""
    console = Console(
        database=desk.database,
        blobs=desk.blobs,
        clock=desk.clock,
        content=desk.content,
        secret=desk.settings.secret.get_secret_value(),
        secure_cookies=desk.settings.effective_public_url.startswith("https://"),
        inboxes=InboxTools(desk.kinds, desk.seal, desk.trials, desk.settings.effective_public_url),
        understanding=desk.worker.understanding,
    )
    registry = CollectorRegistry()
    registry.register(DeskCollector(desk.database))

    async def ready(_: Request) -> Response:
        """Ready means: the inboxes are at work. Understanding is reported apart, since nothing waits for it."""
        await desk.database.read(lambda session: session.execute(text("SELECT 1")).scalar())
        is_ready = desk.inboxes.has_looked
        status = {"status": "ready" if is_ready else "starting", "understanding": desk.worker.understands}
        return JSONResponse(status, 200 if is_ready else 503)

    async def metrics(request: Request) -> Response:
        if not may_read_metrics(request, desk.settings.http.metrics_token.get_secret_value()):
            return problem(403, "Metrics are for this machine alone, or for whoever sends http.metrics_token.")
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def root(_: Request) -> Response:
        return RedirectResponse("/console", 303)

    routes: list[BaseRoute] = [
        *more,
        Route("/healthz", lambda _: PlainTextResponse("ok")),
        Route("/readyz", ready),
        Route("/metrics", metrics),
        Route("/widget.js", widget),
        pages.assets(),
        Doors(desk.inboxes),
        *console.routes,
        Route("/", root),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders), Middleware(CleanAddresses)],
        exception_handlers=console.exception_handlers,
    )
