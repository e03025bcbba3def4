"""Live sockets at a real server: bounded for each person, and closed on whoever says what they may not."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.fakes.http import serving
from web.sockets import CROWDED, FAILED, UNEXPECTED, Sockets


def _app(most: int = 3) -> Starlette:
    sockets = Sockets(most)

    async def hear(text: str) -> bool:
        return text == "please"

    async def live(socket: WebSocket) -> None:
        async def tell() -> None:
            await socket.send_json("hello")
            if who == "unlucky":
                raise LookupError(who)
            await asyncio.Event().wait()

        who = socket.path_params["who"]
        await sockets.serve(socket, who, tell, hear if who == "heard" else None)

    return Starlette(routes=[WebSocketRoute("/{who}", live)])


async def _closed(socket: ClientConnection) -> int | None:
    try:
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    except ConnectionClosed:
        return socket.close_code


async def test_of_too_many_sockets_the_oldest_is_closed_and_nobody_else_s() -> None:
    async with serving(_app()) as address:
        base = address.replace("http", "ws")
        other = await connect(f"{base}/ben")
        mine = [await connect(f"{base}/anna") for _ in range(5)]
        assert [await socket.recv() for socket in (other, *mine)] == ['"hello"'] * 6
        assert [await _closed(socket) for socket in mine[:2]] == [CROWDED, CROWDED]
        await mine[4].close()
        again = await connect(f"{base}/anna")
        assert await again.recv() == '"hello"', "who goes makes room"
        for socket in (other, *mine[2:4], again):
            pong = await socket.ping()
            await asyncio.wait_for(pong, 10)
            await socket.close()


@pytest.mark.parametrize(
    ("who", "said", "code"),
    [
        ("anna", "anything", UNEXPECTED),
        ("anna", b"\0", UNEXPECTED),
        ("heard", "rude", UNEXPECTED),
        ("heard", b"please", UNEXPECTED),
        ("unlucky", None, FAILED),
    ],
)
async def test_a_socket_that_cannot_go_on_is_closed(who: str, said: str | bytes | None, code: int) -> None:
    async with serving(_app()) as address, connect(f"{address.replace('http', 'ws')}/{who}") as socket:
        if said is not None:
            await socket.send(said)
        assert await _closed(socket) == code


async def test_what_may_be_said_is_heard() -> None:
    async with serving(_app()) as address, connect(f"{address.replace('http', 'ws')}/heard") as socket:
        for _ in range(3):
            await socket.send("please")
        await asyncio.wait_for(await socket.ping(), 10)
