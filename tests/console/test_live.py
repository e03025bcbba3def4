"""The live view: everybody who watches hears of a change, however many they are, and after a gap nothing is missing."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer

PASSWORD = "a long test password"
AGENTS = 50


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    folder: Path = tmp_path_factory.mktemp("desk")
    (folder / "password").write_text(PASSWORD)
    with MailServer() as outside:
        desk = DeskProcess(folder / "data", outside.port)
        desk.start()
        desk.run("user", "lea@desk.example", "--name", "Lea", "--password-file", str(folder / "password"))
        yield desk
        assert desk.stop() == 0, "it ends in order on SIGTERM"


async def _sign_in(desk: DeskProcess) -> httpx.AsyncClient:
    client = httpx.AsyncClient(base_url=desk.base)
    form = {"email": "lea@desk.example", "password": PASSWORD}
    assert (await client.post("/console/login", data=form)).status_code == 303
    return client


async def _watch(desk: DeskProcess, client: httpx.AsyncClient) -> ClientConnection:
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    socket = await connect(f"{desk.base.replace('http', 'ws')}/console/live", additional_headers={"cookie": cookie})
    assert json.loads(await socket.recv()) == {"tickets": {}}
    return socket


async def _write_in_the_chat(desk: DeskProcess, text: str) -> None:
    async with httpx.AsyncClient(base_url=f"{desk.base}/chat/main") as client:
        token = (await client.post("/session")).json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        answer = await client.post(
            "/messages", json={"id": str(uuid.uuid4()), "text": text, "payload": "/human"}, headers=headers
        )
        assert answer.status_code == 201, answer.text


async def test_fifty_who_watch_all_hear_of_a_change(desk: DeskProcess) -> None:
    client = await _sign_in(desk)
    sockets = [await _watch(desk, client) for _ in range(AGENTS)]
    await _write_in_the_chat(desk, "Ich möchte mit einem Menschen sprechen")
    heard = await asyncio.wait_for(asyncio.gather(*(socket.recv() for socket in sockets)), 10)
    assert all(json.loads(news)["tickets"] for news in heard)
    for socket in sockets:
        await socket.close()


async def test_after_a_gap_the_page_itself_says_everything(desk: DeskProcess) -> None:
    client = await _sign_in(desk)
    socket = await _watch(desk, client)
    await socket.close()
    await _write_in_the_chat(desk, "Während der Lücke: ein Mensch bitte, Kumquat")
    again = await _watch(desk, client)
    for _ in range(50):
        page = (await client.get("/console/views/person", headers={"x-parts": "yes"})).text
        if re.search("Kumquat", page):
            break
        await asyncio.wait_for(again.recv(), 10)
    assert "Kumquat" in page
    await again.close()


async def test_nobody_listens_without_signing_in_or_from_another_site(desk: DeskProcess) -> None:
    address = f"{desk.base.replace('http', 'ws')}/console/live"
    client = await _sign_in(desk)
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    for headers in ({}, {"cookie": cookie, "origin": "https://elsewhere.example"}):
        with pytest.raises(Exception, match=r"403|4401"):
            async with connect(address, additional_headers=headers) as socket:
                await socket.recv()
