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
from core.errors import Conflict
from core.values import FormOfAddress, spoken
from desk import setup, wiring
from desk.data import LOCK, alone, make_folder, open_database, seal_of, with_secret
from desk.demo import seed
from desk.demo.mailbox import Mailbox
from desk.ports import require_free
from desk.serve import Running, serve
from web.languages import preferred
from web.pages import Pages

ADDRESS = "desk@firstline.example"
NAME = "Firstline Service Desk"
LOOPBACK = "127.0.0.1"
DATA = Path("firstline-data/demo")
MARK = "demo.txt"


def command(settings: Settings, options: argparse.Namespace) -> int:
    return asyncio.run(demo(settings, options))


async def demo(settings: Settings, options: argparse.Namespace) -> int:
    """Run until interrupted."""
    settings = _settings(settings, options)
    _require_own(settings.data)
    with alone(settings):
        require_free(LOOPBACK, settings.http.port, "--port")
        require_free(LOOPBACK, options.smtp_port, "--smtp-port")
        if options.fresh:
            _forget(settings.data)
        return await _run(with_secret(settings), options)


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    started, clock = time.monotonic(), SystemClock()
    database = open_database(settings)
    try:
        content = contents.load(settings.content.folder)
        setup.prepare(settings, database, content, clock.now(), setup.Beginning(NAME))
        password_hash = await asyncio.to_thread(staff.hash_password, seed.PASSWORD)
        await database.write(seed.seed, password_hash, clock.now())
        form = (await database.read(desk_settings.of_desk)).form_of_address
        pages = Pages(Path(__file__).parent / "templates")
        mailbox = Mailbox(
            settings.data / "mailbox", ADDRESS, options.smtp_port, seed.CUSTOMER_NAMES, pages, form, clock
        )
        ports = (options.smtp_port, await mailbox.listen())
        await database.write(seed.set_up, seal_of(settings), ADDRESS, ports, clock.now())
        desk = wiring.build(settings, clock, database)
        # The organizations are new to the articles that belong to them.
        setup.prepare(settings, database, desk.content, clock.now())
        running = Running()
        routes = [*mailbox.routes, _chat_page(pages, form)]
        await serve(desk, routes, [lambda: _tell(running, settings.http.port, options.smtp_port, started)], running)
    finally:
        database.close()
    return 0


def _settings(settings: Settings, options: argparse.Namespace) -> Settings:
    """What the command line says, else what is set, else what suits a demo."""
    data = options.data or (settings.data if "data" in settings.model_fields_set else DATA)
    port = settings.http.port if options.port is None else options.port
    return settings.model_copy(update={"data": data.absolute(), "database_url": "", "http": Http(port=port)})


def _require_own(data: Path) -> None:
    """Mark the folder as a demo's, which may empty it. Raises ``Conflict`` if it holds something else."""
    if data.is_dir() and any(data.iterdir()) and not (data / MARK).exists():
        raise Conflict(
            "{folder} holds something that is not a demo's; it is left alone. Name another folder with --data.",
            folder=data,
        )
    make_folder(data)
    (data / MARK).write_text("firstline demo keeps its data in this folder, and firstline demo --fresh empties it.\n")


def _forget(data: Path) -> None:
    for one in data.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        elif one.name not in (MARK, LOCK):
            one.unlink()


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
