"""``firstline demo``: a seeded desk on loopback, with the pages of its customers."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import content as contents
from config.settings import Http, Settings
from core import desk_settings, staff
from core.clock import SystemClock
from core.values import FormOfAddress, spoken
from desk import setup, wiring
from desk.data import open_database, seal_of, with_secret
from desk.demo import seed
from desk.demo.mailbox import Mailbox
from desk.ports import require_free
from desk.serve import Running, serve
from web.languages import preferred
from web.pages import Pages

ADDRESS = "desk@firstline.example"
NAME = "Firstline Service Desk"


def command(settings: Settings, options: argparse.Namespace) -> int:
    return asyncio.run(demo(settings, options))


async def demo(settings: Settings, options: argparse.Namespace) -> int:
    """Run until interrupted."""
    started = time.monotonic()
    data = options.data.absolute()
    if options.fresh:
        shutil.rmtree(data, ignore_errors=True)
    require_free("127.0.0.1", options.port, "--port")
    require_free("127.0.0.1", options.smtp_port, "--smtp-port")
    clock = SystemClock()
    settings = _settings(settings, data, options.port)
    database = open_database(settings)
    try:
        content = contents.load(settings.content.folder)
        setup.prepare(settings, database, content, clock.now(), setup.Beginning(NAME))
        password_hash = await asyncio.to_thread(staff.hash_password, seed.PASSWORD)
        await database.write(seed.seed, password_hash, clock.now())
        form = (await database.read(desk_settings.of_desk)).form_of_address
        pages = Pages(Path(__file__).parent / "templates")
        mailbox = Mailbox(data / "mailbox", ADDRESS, options.smtp_port, seed.CUSTOMER_NAMES, pages, form, clock)
        ports = (options.smtp_port, await mailbox.listen())
        await database.write(seed.set_up, seal_of(settings), ADDRESS, ports, clock.now())
        desk = wiring.build(settings, clock, database)
        # The organizations are new to the articles that belong to them.
        setup.prepare(settings, database, desk.content, clock.now())
        running = Running()
        routes = [*mailbox.routes, _chat_page(pages, form)]
        await serve(desk, routes, [lambda: _tell(running, options.port, options.smtp_port, started)], running)
    finally:
        database.close()
    return 0


def _settings(settings: Settings, data: Path, port: int) -> Settings:
    changes = {"data": data, "database_url": "", "http": Http(port=port)}
    return with_secret(settings.model_copy(update=changes))


def _chat_page(pages: Pages, form: FormOfAddress) -> BaseRoute:
    async def chat(request: Request) -> Response:
        language = request.query_params.get("lang") or preferred(request.headers.get("accept-language", ""), "de")
        return pages.page("chat.html", spoken(language, form), open="open" in request.query_params)

    return Route("/demo/chat", chat)


async def _tell(running: Running, port: int, smtp_port: int, started: float) -> None:
    """Say where everything is once it is there, and again when the bot understands."""
    await running.listening.wait()
    base = f"http://127.0.0.1:{port}"
    print(
        f"\nFirstline is running ({time.monotonic() - started:.1f} s).\n\n"
        f"  Chat page      {base}/demo/chat\n"
        f"  Console        {base}/console\n"
        f"  Demo mailbox   {base}/demo/mailbox\n"
        f"  SMTP           127.0.0.1:{smtp_port}, mail to {ADDRESS}\n\n"
        f"  Sign in with the password {seed.PASSWORD} as:",
        flush=True,
    )
    for email, name, role, teams in seed.STAFF:
        print(f"    {email:<20} {name} ({role}, {', '.join(teams)})")
    print("\n  Chat and mail are accepted; the bot is getting ready …", flush=True)
    await running.understanding.wait()
    print(f"  The bot is ready ({time.monotonic() - started:.1f} s). Stop with Ctrl+C.\n", flush=True)
    await asyncio.Event().wait()
