"""The staff's pages, put together. Every page works without the script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.routing import BaseRoute, Route

from bot.content import Content
from console import mails, words
from console.admin import Admin
from console.api.app import Api
from console.auth import Auth
from console.knowledge import Knowledge
from console.live import Live
from console.settings import Settings
from console.work import Work
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from web.pages import Pages

HERE = Path(__file__).parent
TITLES = {
    "status": words.STATUS,
    "kind": words.KIND,
    "scale": words.SCALE,
    "code": words.CODE,
    "channel": words.CHANNEL,
    "view": words.VIEW,
    "empty": words.EMPTY,
    "reason": words.REASON,
    "delivery": words.DELIVERY,
    "role": words.ROLE,
    "admin": words.ADMIN,
    "automation": mails.AUTOMATION,
    "notice": mails.NOTICE,
    "warning": mails.WARNING,
}


class Console:
    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        clock: Clock,
        content: Content,
        zone: ZoneInfo,
        secret: str,
        desk_name: str,
        default_language: str,
        secure_cookies: bool,
    ) -> None:
        pages = Pages(
            HERE / "templates", zone, desk_name=desk_name, titles=TITLES, history=words.history, sender=mails.sender
        )
        auth = Auth(database, clock, pages, secret, default_language, secure_cookies)
        self.routes: Sequence[BaseRoute] = [
            Route("/console/login", auth.login, methods=["GET", "POST"]),
            Route("/console/logout", auth.required(auth.logout), methods=["POST"]),
            *Knowledge(database, blobs, clock, pages, auth, default_language).routes,
            *Settings(database, clock, pages, auth).routes,
            *Work(database, blobs, clock, content, pages, auth).routes,
            *Admin(database, clock, pages, auth).routes,
            *Api(database, clock).routes,
            *Live(database, clock, auth).routes,
        ]
