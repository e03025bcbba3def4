"""The web chat's bench: browsers that keep what they could not hand over, as the widget does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import httpx
from starlette.applications import Starlette

from channels.webchat.adapter import WebChatAdapter
from channels.webchat.configuration import WebChatConfiguration
from core.inboxes.kinds import InboxSettings
from tests.contract.bench import PATIENCE, Bench, File, Sent, Shown, until
from tests.contract.ground import Ground


class WebChatBench(Bench):
    has_buttons = True
    can_refuse = False
    secrets = ("the secret of the chat",)

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._tokens: dict[str, str] = {}
        self._owed: list[tuple[str, dict[str, Any]]] = []
        self._numbers = itertools.count()

    async def __aenter__(self) -> WebChatBench:
        await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def _start(self) -> None:
        ground = self.ground
        configuration = WebChatConfiguration(key="main", messages_per_minute=1000, sessions_per_hour=1000)
        inbox = InboxSettings(ground.desk.chat, "webchat", "Chat", "Desk", "de", configuration)
        self._chat = WebChatAdapter().build(inbox, ground.surroundings("http://desk.example", self.secrets[0]))
        self._running = asyncio.create_task(self._chat.run(ground.receive, lambda: None))
        transport = httpx.ASGITransport(Starlette(routes=list(self._chat.routes)), raise_app_exceptions=False)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://desk/chat/main")
        ground.deliver_through(self._chat)

    async def _stop(self) -> None:
        await self.ground.stop_delivering()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._http.aclose()

    async def restart(self) -> None:
        await self._stop()
        await self._start()

    async def deliver(self, text: str, person: str = "carla", files: Sequence[File] = ()) -> Sent:
        tokens = [await self._upload(person, file) for file in files]
        message = {"id": f"message-{next(self._numbers)}", "text": text, "files": tokens}
        self._owed.append((person, message))
        return Sent(person, message)

    async def settle(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while self._owed:
                person, message = self._owed[0]
                if (await self._post(person, message)).status_code == 201:
                    self._owed.pop(0)

    async def redeliver(self, sent: Sent) -> None:
        assert (await self._post(sent.person, sent.handle)).status_code == 201

    async def shown(self, count: int, person: str = "carla") -> list[Shown]:
        async def look() -> list[Shown]:
            found = await self._transcript(person)
            return found if len(found) >= count else []

        return await until(look, f"{count} messages to {person}")

    async def press(self, shown: Shown, title: str, person: str = "carla") -> None:
        [choice] = [one for one in shown.handle["choices"] if one["title"] == title]
        message = {"id": f"message-{next(self._numbers)}", "text": title, "payload": choice["payload"]}
        self._owed.append((person, message))

    async def _transcript(self, person: str) -> list[Shown]:
        found = await self._http.get("/messages", headers=await self._headers(person))
        return [
            Shown(
                message["text"],
                tuple(choice["title"] for choice in message["choices"]),
                tuple(file["name"] for file in message["files"]),
                message,
            )
            for message in found.json()["messages"]
            if not message["mine"]
        ]

    async def _post(self, person: str, message: dict[str, Any]) -> httpx.Response:
        return await self._http.post("/messages", json=message, headers=await self._headers(person))

    async def _upload(self, person: str, file: File) -> str:
        headers = {**await self._headers(person), "content-type": file.media_type}
        answer = await self._http.post("/files", params={"name": file.name}, content=file.content, headers=headers)
        return str(answer.json()["file"])

    async def _headers(self, person: str) -> dict[str, str]:
        if person not in self._tokens:
            self._tokens[person] = (await self._http.post("/session")).json()["token"]
        return {"authorization": f"Bearer {self._tokens[person]}"}
