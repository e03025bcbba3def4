"""The staff's pages, put together. Every page works without the script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from starlette.routing import BaseRoute, Route

from bot.content import Content
from bot.understanding import Understanding
from console import mails, words
from console.admin import Admin
from console.administration import Administration
from console.api.app import Api
from console.auth import Auth
from console.calls import Calls
from console.conversation import Conversation
from console.desk import DeskPage
from console.errors import ErrorPages
from console.files import Files, preview
from console.guide import Guide
from console.hours import HoursPages
from console.inboxes import Inboxes, InboxTools
from console.knowledge import Knowledge
from console.lists import Lists
from console.live import Live
from console.merging import Merging
from console.panes import Panes
from console.quarantine import Quarantine
from console.settings import Settings
from console.uploads import Uploads
from core.blobs import BlobStore
from core.calls.numbers import spoken
from core.clock import Clock
from core.database import Database
from core.values import ticket_number
from web.pages import Pages

HERE = Path(__file__).parent
TITLES = {
    "status": words.STATUS,
    "kind": words.KIND,
    "scale": words.SCALE,
    "code": words.CODE,
    "form": words.FORM,
    "view": words.VIEW,
    "empty": words.EMPTY,
    "reason": words.REASON,
    "delivery": words.DELIVERY,
    "answer": words.ANSWER,
    "role": words.ROLE,
    "admin": words.ADMIN,
    "verdict": words.VERDICT,
    "run": words.RUN,
    "call": words.CALL,
    "finding": words.FINDING,
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
        secret: str,
        secure_cookies: bool,
        inboxes: InboxTools,
        understanding: Understanding,
    ) -> None:
        titles = {**TITLES, "channel": {key: kind.title for key, kind in inboxes.kinds.items()}}
        said = {
            "history": words.history,
            "call_state": words.call_state,
            "lasting": words.lasting,
            "spoken": spoken,
            "ticket_number": ticket_number,
            "sender": mails.sender,
        }
        pages = Pages(HERE / "templates", titles=titles, preview=preview, **said)
        auth = Auth(database, clock, pages, secret, secure_cookies)
        administration = Administration(database, clock, pages, auth)
        guide = Guide(content, database)
        panes = Panes(database, clock, content, pages, guide)
        self.exception_handlers = ErrorPages(pages).handlers
        self.routes: Sequence[BaseRoute] = [
            Route("/console/login", auth.login, methods=["GET", "POST"]),
            Route("/console/logout", auth.required(auth.logout), methods=["POST"]),
            *Knowledge(database, blobs, clock, pages, auth).routes,
            *Settings(database, clock, pages, auth).routes,
            *Lists(database, clock, panes, auth).routes,
            *Files(database, blobs, auth).routes,
            *Merging(database, clock, panes, pages, auth).routes,
            *Conversation(database, clock, panes, auth, guide, Uploads(blobs, secret)).routes,
            *Calls(database, clock, content, understanding, pages, auth).routes,
            *Quarantine(database, blobs, clock, pages, auth).routes,
            *Admin(administration).routes,
            *Inboxes(administration, inboxes).routes,
            *HoursPages(administration).routes,
            *DeskPage(administration).routes,
            *Api(database, clock, content, blobs).routes,
            *Live(database, clock, auth).routes,
        ]
