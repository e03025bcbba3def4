"""Telephone systems as they really call: sipgate.io's push API and our own webhook, over HTTP, against one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from channels.phone.adapter import PhoneAdapter
from channels.phone.channel import SIGNATURE, Phone
from channels.phone.configuration import PhoneConfiguration
from core.errors import DeskError
from core.inboxes.kinds import InboxSettings
from tests.contract.ground import Ground
from tests.fakes.http import serving
from web.responses import desk_problem

SECRET = "nobody guesses this secret"
HEADERS = {"user-agent": "sipgate.io", "accept": "application/xml, text/plain, text/html"}


@dataclass
class System:
    """One telephone system that is set up for one line of the desk."""

    ground: Ground
    channel: Phone
    settings: PhoneConfiguration
    client: httpx.AsyncClient
    inbox_id: int
    url: str

    async def push(self, event: str, call: str, **more: str | list[str]) -> httpx.Response:
        """An event as sipgate.io sends it: a form, with ``user[]`` for each of several."""
        fields: dict[str, Any] = {"event": event, "callId": call, "direction": "in", "to": "4930555000"}
        fields["from"] = "491701234567"
        for name, value in more.items():
            fields[{"from_": "from", "users": "user[]"}.get(name, name)] = value
        return await self.client.post(self.url, data=fields, headers=HEADERS)

    async def tell(self, event: str, call: str, **more: Any) -> httpx.Response:
        """An event of our own webhook, signed where the line wants it."""
        source = {"event": event, "call": call, "from": "0170 1234567", **more}
        source = {name.rstrip("_"): value for name, value in source.items()}
        body = json.dumps(source).encode()
        signature = {SIGNATURE: f"sha256={self.settings.sign(body)}"} if self.settings.is_signed else {}
        return await self.client.post(self.url, content=body, headers=signature)


@asynccontextmanager
async def telephone(ground: Ground, **settings: Any) -> AsyncIterator[System]:
    """A line of the desk, at work, and the telephone system that calls it."""
    configuration = PhoneConfiguration(**{"secret": SecretStr(SECRET), "provider": "sipgate", **settings})
    inbox_id = await ground.open_inbox("phone", configuration.key, can_send=False)
    inbox = InboxSettings(inbox_id, "phone", "Telefon", "Service Desk", "de", configuration)
    app = Starlette(exception_handlers={DeskError: desk_problem})
    async with serving(app) as base, httpx.AsyncClient() as client:
        channel = PhoneAdapter().build(inbox, ground.surroundings(base, "secret"))
        app.router.routes.extend(channel.routes)
        connected = asyncio.Event()
        running = asyncio.create_task(channel.run(ground.receive, connected.set))
        await connected.wait()
        yield System(ground, channel, configuration, client, inbox_id, base + configuration.path)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def subscription(answer: httpx.Response) -> dict[str, str]:
    """What sipgate.io reads out of the answer to a new call."""
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/xml")
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "Response" and len(root) == 0
    return dict(root.attrib)
