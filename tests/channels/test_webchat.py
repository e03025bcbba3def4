"""The web chat's endpoints: one message once, nobody else's files, limits with a kind word."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from bot.formality import says_du, says_sie
from channels.base import Surroundings
from channels.webchat.channel import ASSETS, WebChat
from channels.webchat.configuration import MEGABYTE, WebChatConfiguration
from core import intake
from core.blobs import FolderBlobStore
from core.database import Database
from core.inboxes.kinds import InboxSettings
from core.models import Inbox, Organization
from core.tickets import actions
from core.values import Draft, FormOfAddress, InboundMessage, Receipt
from tests.core.desk import Desk, seed
from tests.fakes.clock import SetClock


class Visitor:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.token = ""

    async def open(self) -> Visitor:
        self.token = (await self._http.post("/chat/main/session")).json()["token"]
        return self

    async def post(self, **message: object) -> httpx.Response:
        return await self._http.post("/chat/main/messages", content=json.dumps(message), headers=self.headers)

    async def fetch(self, after: int = 0) -> dict[str, Any]:
        found = await self._http.get("/chat/main/messages", params={"after": after}, headers=self.headers)
        return dict(found.json())

    async def upload(self, content: bytes, name: str = "bild.png") -> httpx.Response:
        headers = {**self.headers, "content-type": "image/png"}
        return await self._http.post("/chat/main/files", params={"name": name}, content=content, headers=headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


@pytest.fixture
async def http(desk: Desk, database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    configuration = WebChatConfiguration(
        key="main",
        allowed_origins=("https://ok.example",),
        max_attachment_megabytes=1,
        max_message_characters=200,
        messages_per_minute=5,
        sessions_per_hour=3,
    )
    inbox = InboxSettings(desk.chat, "webchat", "Chat", "Desk", "de", configuration)
    chat = WebChat(inbox, Surroundings(database, FolderBlobStore(tmp_path), clock, "http://desk.example", "secret"))

    async def receive(message: InboundMessage) -> Receipt:
        return await database.write(intake.receive, message, clock.now())

    running = asyncio.create_task(chat.run(receive, lambda: None))
    transport = httpx.ASGITransport(Starlette(routes=list(chat.routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client
    running.cancel()


@pytest.fixture
async def visitor(http: httpx.AsyncClient) -> Visitor:
    return await Visitor(http).open()


async def test_a_message_sent_again_is_one_message(visitor: Visitor) -> None:
    first = await visitor.post(id="message-1", text="Hallo")
    again = await visitor.post(id="message-1", text="Hallo")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.json()["seq"], again.json()["seq"]) == (1, 1)
    found = await visitor.fetch()
    assert [message["text"] for message in found["messages"]] == ["Hallo"]


async def test_the_cursor_misses_and_doubles_nothing(
    visitor: Visitor, database: Database, desk: Desk, clock: SetClock
) -> None:
    for number in range(4):
        await visitor.post(id=f"message-{number}", text=str(number))
    found = await visitor.fetch(after=2)
    assert [message["seq"] for message in found["messages"]] == [3, 4]
    assert found["cursor"] == 4
    await database.write(actions.reply, 1, desk.anna, Draft("Hallo"), clock.now())
    queued = await visitor.fetch(after=4)
    assert queued["messages"] == [] and queued["cursor"] == 4, "what may still be taken back is not shown"
    assert queued["agent"] == "Anna"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"text": "x"}, 422),
        ({"id": "message-1"}, 422),
        ({"id": "message-1", "text": "x" * 201}, 422),
        ({"id": "message-1", "text": 7}, 422),
        ({"id": "message-1", "text": "x", "files": ["forged"]}, 422),
    ],
)
async def test_what_cannot_be_taken_is_explained(visitor: Visitor, message: dict[str, object], status: int) -> None:
    answer = await visitor.post(**message)
    assert answer.status_code == status and answer.json()["title"]


async def test_nobody_reads_without_their_token(http: httpx.AsyncClient) -> None:
    assert (await http.get("/chat/main/messages", headers={"authorization": "Bearer nonsense"})).status_code == 401


async def test_too_much_at_once_is_slowed_down(visitor: Visitor, http: httpx.AsyncClient) -> None:
    answers = [(await visitor.post(id=f"message-{number}", text="x")).status_code for number in range(6)]
    assert answers == [201] * 5 + [429]
    opened = [(await http.post("/chat/main/session")).status_code for _ in range(3)]
    assert opened == [201, 201, 429]


async def test_a_file_goes_with_its_message_and_to_nobody_else(http: httpx.AsyncClient, visitor: Visitor) -> None:
    file = (await visitor.upload(b"\x89PNG", "../../größe.png")).json()
    other = await Visitor(http).open()
    assert (await other.post(id="message-1", text="x", files=[file["file"]])).status_code == 403
    await visitor.post(id="message-1", text="", files=[file["file"]])
    found = await visitor.fetch()
    [shown] = found["messages"][0]["files"]
    assert shown["name"] == "größe.png"
    mine = await http.get(f"/chat/main/files/{shown['id']}", headers=visitor.headers)
    assert mine.content == b"\x89PNG" and mine.headers["content-security-policy"] == "sandbox"
    assert (await http.get(f"/chat/main/files/{shown['id']}", headers=other.headers)).status_code == 404
    assert (await visitor.upload(b"x" * (MEGABYTE + 1))).status_code == 413
    assert (await visitor.upload(b"")).status_code == 422


async def test_the_widget_learns_how_people_are_spoken_to(
    http: httpx.AsyncClient, visitor: Visitor, database: Database, desk: Desk, clock: SetClock
) -> None:
    """Before anybody speaks by whose chat it is, afterwards by whose ticket it is."""

    def choose(session: Session, customer: str, form: FormOfAddress | None) -> None:
        organization = session.scalars(select(Organization).where(Organization.key == customer)).one()
        organization.form_of_address = form

    def is_alphas(session: Session) -> None:
        session.get_one(Inbox, desk.chat).organization_id = 1

    about = {"name": "Desk", "form_of_address": "formal", "longest": 200}
    assert (await http.get("/chat/main/about")).json() == about
    await database.write(is_alphas)
    await database.write(choose, "alpha", FormOfAddress.INFORMAL)
    assert (await http.get("/chat/main/about")).json() == {**about, "form_of_address": "informal"}
    assert (await visitor.fetch())["form_of_address"] == "informal"
    await visitor.post(id="message-1", text="Hallo")
    await database.write(choose, "alpha", None)
    assert (await visitor.fetch())["form_of_address"] == "formal"


@pytest.mark.parametrize(
    ("language", "title"),
    [("de", "Die Nachricht ist länger als 200 Zeichen."), ("en", "The message is longer than 200 characters.")],
)
async def test_it_explains_in_the_visitor_s_language(
    http: httpx.AsyncClient, visitor: Visitor, language: str, title: str
) -> None:
    answer = await http.post(
        "/chat/main/messages",
        json={"id": "message-1", "text": "x" * 201},
        headers={**visitor.headers, "accept-language": language},
    )
    assert answer.json()["title"] == title


def test_the_widget_s_own_texts_have_a_du() -> None:
    script = (ASSETS / "firstline-chat.js").read_text("utf-8")
    text = re.compile(r'(\w+): "([^"]*)"')
    german = dict(text.findall(script.partition("  de: {")[2].partition("\n  },")[0]))
    du = dict(text.findall(script.partition('TEXTS["de-x-du"] = {')[2].partition("\n};")[0]))
    assert "greeting" in german and set(du) <= set(german)
    assert not any(says_du(one) for one in german.values())
    assert not any(says_sie(one) for one in {**german, **du}.values())


async def test_only_allowed_pages_may_embed_it(http: httpx.AsyncClient) -> None:
    good = await http.post("/chat/main/session", headers={"origin": "https://ok.example"})
    assert good.headers["access-control-allow-origin"] == "https://ok.example"
    assert (await http.post("/chat/main/session", headers={"origin": "https://evil.example"})).status_code == 403


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", "a\0b.png", 'ein "Bild".png', "Überblick 📎.png"])
async def test_a_file_of_any_name_can_be_fetched(http: httpx.AsyncClient, visitor: Visitor, name: str) -> None:
    token = (await visitor.upload(b"\x89PNG", name)).json()["file"]
    assert (await visitor.post(id="message-1", text="", files=[token])).status_code == 201
    file = (await visitor.fetch())["messages"][0]["files"][0]
    answer = await http.get(f"/chat/main/files/{file['id']}", headers=visitor.headers)
    assert (answer.status_code, answer.content) == (200, b"\x89PNG")
    assert "set-cookie" not in answer.headers
    assert "\0" not in file["name"]
    assert "\n" not in file["name"]


async def test_what_no_database_takes_is_left_out(visitor: Visitor) -> None:
    answer = await visitor.post(id="message-1", text="Hallo\0 \ud83d", payload="/hi\0\ud800")
    assert answer.status_code == 201
    assert (await visitor.fetch())["messages"][0]["text"] == "Hallo ?"
    assert (await visitor.post(id="message-2", text=" \0 ")).status_code == 422


@pytest.mark.parametrize("seq", [10**30, True, -1, "x", None, 1.5])
async def test_a_place_that_cannot_be_is_refused(visitor: Visitor, http: httpx.AsyncClient, seq: object) -> None:
    answer = await http.post("/chat/main/delivered", json={"seq": seq}, headers=visitor.headers)
    assert answer.status_code == 422
    params = {"after": str(seq)}
    assert (await http.get("/chat/main/messages", params=params, headers=visitor.headers)).status_code == 422
    assert (await http.get(f"/chat/main/files/{10**30}", headers=visitor.headers)).status_code == 404


async def test_a_token_that_is_none_is_explained_in_the_chat_s_own_words(visitor: Visitor) -> None:
    refused = await visitor.post(id="message-1", text="Siehe Bild", files=["nonsense"])
    assert (refused.status_code, "Dateien" in refused.json()["title"]) == (422, True)
    visitor.token = "nonsense"
    refused = await visitor.post(id="message-1", text="Hallo")
    assert (refused.status_code, "Gespräch" in refused.json()["title"]) == (401, True)
