"""A connection to a mailbox in a thread of its own, so that the loop can wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from channels.mail.configuration import MailConfiguration
from channels.mail.imap.connection import Connection, Folder
from channels.mail.oauth import Tokens
from core.errors import InboxProblem

P = ParamSpec("P")
T = TypeVar("T")


class Line:
    """A connection whose calls run in a thread of its own."""

    def __init__(self, settings: MailConfiguration, name: str) -> None:
        self.connection = Connection(settings)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: method(*args, **kwargs))

    def end(self) -> None:
        """Whatever is under way fails; nobody waits for it."""
        self.connection.cut()
        self._thread.submit(self.connection.release)
        self._thread.shutdown(wait=False)


@asynccontextmanager
async def connection_to(settings: MailConfiguration, tokens: Tokens, name: str) -> AsyncIterator[tuple[Line, Folder]]:
    """A mailbox that is signed in to, and its folder. Raises ``InboxProblem``."""
    line = Line(settings, name)
    try:
        token = "" if settings.imap_password.get_secret_value() else await tokens.access()
        try:
            folder = await line.call(line.connection.open, token)
        except InboxProblem:
            tokens.forget()
            raise
        yield line, folder
    finally:
        line.end()


async def try_out(settings: MailConfiguration, tokens: Tokens) -> None:
    """Sign in, open the folder, and see whether what is to be done there can be done. Raises ``InboxProblem``."""
    async with connection_to(settings, tokens, "imap-test") as (line, _):
        if settings.imap_unreadable_folder or settings.imap_afterwards == "move":
            await line.call(line.connection.require_move)
        await line.call(line.connection.close)
