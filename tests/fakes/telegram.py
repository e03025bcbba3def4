"""Telegram's Bot API on loopback, as far as an adapter meets it: https://core.telegram.org/bots/api.

What the document leaves open follows Telegram's own server (github.com/tdlib/telegram-bot-api): a second long poll ends
the first with 409, updates of one chat are delivered to a webhook one after the other and again until it answers 2xx,
an offset confirms what lies before it, and errors have its words.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.http import serving

Json = dict[str, Any]

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
"""UTF-16 code units."""
DOWNLOAD_LIMIT = 20 * 1024 * 1024
WEBHOOK_PAUSE = 0.05
"""Seconds before a webhook that failed is called again (the real one waits longer and longer)."""


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass(frozen=True)
class Person:
    id: int
    first_name: str
    language_code: str = "de"
    username: str = ""

    @property
    def as_user(self) -> Json:
        more = {"username": self.username} if self.username else {}
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language_code,
            **more,
        }

    @property
    def chat(self) -> Json:
        return {"id": self.id, "type": "private", "first_name": self.first_name}


@dataclass
class Message:
    """What a bot sent, as the person sees it now: edits are applied."""

    id: int
    chat_id: int
    text: str
    entities: list[Json]
    buttons: list[list[Json]]
    file: tuple[str, bytes] | None
    thread_id: int | None
    reply_to: int | None

    def as_json(self, bot: FakeBot) -> Json:
        markup = {"reply_markup": {"inline_keyboard": self.buttons}} if self.buttons else {}
        text = {"text": self.text} if self.text else {"caption": ""}
        return {
            "message_id": self.id,
            "date": int(time.time()),
            "from": bot.as_user,
            "chat": bot.chats[self.chat_id],
            **text,
            **markup,
        }


class FakeBot:
    """One bot: what people send to it, what it sent, and the server's memory of both."""

    def __init__(self, token: str, username: str, numbers: itertools.count[int]) -> None:
        self.token, self.username = token, username
        self.id = int(token.partition(":")[0])
        self.chats: dict[int, Json] = {}
        self.blocked_by: set[int] = set()
        self.sent: list[Message] = []
        self.calls: list[tuple[str, Json]] = []
        self.commands: dict[str, list[Json]] = {}
        self.answered: dict[str, str] = {}
        self.refusals: deque[Refused] = deque()
        self.failing_downloads = 0
        self.on_call: Callable[[str], None] = lambda method: None
        self.pending: list[Json] = []
        self.webhook: Json = {}
        self.last_error: Json = {}
        self.allowed: list[str] = []
        self._files: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}
        self._numbers = numbers
        self._next_update = 1000
        self._asked: set[str] = set()
        self._news = asyncio.Condition()
        self._poll: asyncio.Task[Any] | None = None
        self._couriers: dict[int, asyncio.Task[None]] = {}
        self._is_closing = False

    @property
    def as_user(self) -> Json:
        return {"id": self.id, "is_bot": True, "first_name": "Service Desk", "username": self.username}

    # -- what people do ---------------------------------------------------------------------------------------------

    async def say(self, person: Person, text: str = "", chat: Json | None = None, **more: Any) -> Json:
        """Somebody writes to the bot, or into a group with it; ``more`` are further fields of the message."""
        chat = chat or person.chat
        self.chats[chat["id"]] = chat
        message: Json = {
            "message_id": next(self._numbers),
            "date": int(time.time()),
            "from": person.as_user,
            "chat": chat,
            **({"text": text} if text else {}),
            **more,
        }
        await self.push("message", message)
        return message

    async def edit(self, message: Json, text: str) -> Json:
        edited = {**message, "text": text, "edit_date": int(time.time())}
        await self.push("edited_message", edited)
        return edited

    async def press(self, person: Person, message: Message, title: str) -> str:
        """Somebody presses a button; the id of the callback query."""
        [button] = [one for row in message.buttons for one in row if one["text"] == title]
        return await self.call_back(person, message, button["callback_data"])

    async def call_back(self, person: Person, message: Message, data: str) -> str:
        query_id = str(next(self._numbers))
        self._asked.add(query_id)
        query = {
            "id": query_id,
            "from": person.as_user,
            "chat_instance": "1",
            "message": message.as_json(self),
            "data": data,
        }
        await self.push("callback_query", query)
        return query_id

    def file(self, content: bytes, size: int | None = None, **more: Any) -> Json:
        """A file that lies with Telegram, as messages name it; ``size`` pretends that it is larger."""
        file_id = f"file-{next(self._numbers)}"
        self._files[file_id] = content
        self._sizes[file_id] = len(content) if size is None else size
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": self._sizes[file_id], **more}

    async def push(self, kind: str, content: Json) -> Json:
        """An update comes up."""
        update = {"update_id": self._next_update, kind: content}
        self._next_update += 1
        await self.push_again(update)
        return update

    async def push_again(self, update: Json) -> None:
        """The same update once more, as after a webhook's answer that was lost."""
        if self.allowed and not (set(update) & set(self.allowed)):
            return
        async with self._news:
            self.pending.append(update)
            self._news.notify_all()
        self._call_webhook(update)

    def to(self, person: Person) -> list[Message]:
        """What the bot sent to them."""
        return [message for message in self.sent if message.chat_id == person.id]

    def renumber(self, from_: int) -> None:
        """After a week without updates the next one has any number."""
        assert not self.pending
        self._next_update = from_

    @property
    def is_polled(self) -> bool:
        return self._poll is not None

    # -- getting updates --------------------------------------------------------------------------------------------

    async def get_updates(self, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> list[Json]:
        if self.webhook:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        if allowed is not None:
            self.allowed = allowed
        self._confirm(offset)
        if not self.pending and timeout:
            await self._wait(timeout)
        return self.pending[:limit]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self.pending = self.pending[offset:]
        elif 0 < offset <= self._next_update:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]

    async def _wait(self, timeout: float) -> None:
        if self._poll is not None:
            self._poll.cancel("another long poll")
        self._poll = mine = asyncio.current_task()
        try:
            async with asyncio.timeout(timeout), self._news:
                await self._news.wait_for(lambda: self.pending or self._is_closing)
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if self._poll is mine:
                raise
            raise Refused(
                409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            ) from None
        finally:
            if self._poll is mine:
                self._poll = None

    # -- calling a webhook ------------------------------------------------------------------------------------------

    def set_webhook(self, webhook: Json) -> None:
        self.webhook, self.last_error = webhook, {}
        for courier in self._couriers.values():
            courier.cancel()
        self._couriers.clear()
        for update in self.pending:
            self._call_webhook(update)

    async def close(self) -> None:
        """Nobody waits for anything any more."""
        self.set_webhook({})
        async with self._news:
            self._is_closing = True
            self._news.notify_all()

    def _call_webhook(self, update: Json) -> None:
        lane = _chat_of(update)
        if self.webhook and (lane not in self._couriers or self._couriers[lane].done()):
            self._couriers[lane] = asyncio.create_task(self._deliver(lane))

    async def _deliver(self, lane: int) -> None:
        async with httpx.AsyncClient(timeout=10) as client:
            while mine := [update for update in self.pending if _chat_of(update) == lane]:
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
                try:
                    answer = await client.post(self.webhook["url"], json=mine[0], headers=headers)
                    error = "" if answer.is_success else f"{answer.status_code} {answer.reason_phrase}"
                except httpx.HTTPError:
                    error = "Connection refused"
                if not error:
                    self.pending.remove(mine[0])
                    continue
                words = f"Wrong response from the webhook: {error}" if error[0].isdigit() else error
                self.last_error = {"last_error_date": int(time.time()), "last_error_message": words}
                await asyncio.sleep(WEBHOOK_PAUSE)

    # -- sending ----------------------------------------------------------------------------------------------------

    def send(self, arguments: Json, file: tuple[str, bytes] | None = None) -> Json:
        chat_id = int(arguments["chat_id"])
        if self.refusals:
            raise self.refusals.popleft()
        self._require_chat(chat_id)
        text = str(arguments.get("text") or arguments.get("caption") or "")
        if file is None:
            _require_text(text)
        elif _length(text) > CAPTION_LIMIT:
            raise Refused(400, "Bad Request: message caption is too long")
        reply = arguments.get("reply_parameters") or {}
        message = Message(
            id=next(self._numbers),
            chat_id=chat_id,
            text=text,
            entities=arguments.get("entities") or [],
            buttons=_buttons(arguments),
            file=file,
            thread_id=int(arguments["message_thread_id"]) if arguments.get("message_thread_id") else None,
            reply_to=reply.get("message_id"),
        )
        self.sent.append(message)
        return message.as_json(self)

    def change(self, arguments: Json, text: str | None) -> Json:
        chat_id, message_id = int(arguments["chat_id"]), int(arguments["message_id"])
        self._require_chat(chat_id)
        message = next((one for one in self.sent if (one.chat_id, one.id) == (chat_id, message_id)), None)
        if message is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if text is not None:
            _require_text(text)
        buttons = _buttons(arguments)
        if (text is None or text == message.text) and buttons == message.buttons:
            raise Refused(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        message.text, message.buttons = message.text if text is None else text, buttons
        return message.as_json(self)

    def answer(self, query_id: str, text: str) -> bool:
        if query_id not in self._asked:
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.answered[query_id] = text
        return True

    def _require_chat(self, chat_id: int) -> None:
        if chat_id in self.blocked_by:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        chat = self.chats.get(chat_id)
        if chat is None:
            raise Refused(400, "Bad Request: chat not found")
        if new := chat.get("moved_to"):
            raise Refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=new)

    # -- files ------------------------------------------------------------------------------------------------------

    def get_file(self, file_id: str) -> Json:
        if file_id not in self._files:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if self._sizes[file_id] > DOWNLOAD_LIMIT:
            raise Refused(400, "Bad Request: file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "file_size": self._sizes[file_id],
            "file_path": f"documents/{file_id}",
        }

    def download(self, path: str) -> bytes:
        if self.failing_downloads:
            self.failing_downloads -= 1
            raise Refused(502, "Bad Gateway")
        return self._files[path.rpartition("/")[2]]


class FakeTelegram:
    """The server; used as ``async with``. ``url`` stands for https://api.telegram.org."""

    def __init__(self) -> None:
        self.url = ""
        self._bots: dict[str, FakeBot] = {}
        self._numbers = itertools.count(1)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> FakeTelegram:
        routes = [
            Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._download),
        ]
        self.url = await self._stack.enter_async_context(serving(Starlette(routes=routes)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for bot in self._bots.values():
            await bot.close()
        await self._stack.aclose()

    def add_bot(self, token: str, username: str = "desk_bot") -> FakeBot:
        bot = self._bots[token] = FakeBot(token, username, self._numbers)
        return bot

    async def _call(self, request: Request) -> Response:
        token, method = request.path_params["token"], request.path_params["method"]
        try:
            bot = self._bot(token)
            arguments, files = await _arguments(request)
            bot.calls.append((method, arguments))
            bot.on_call(method)
            result = await self._run(bot, method.lower(), arguments, files)
        except Refused as error:
            return _refusal(error)
        return JSONResponse({"ok": True, "result": result})

    async def _download(self, request: Request) -> Response:
        try:
            return Response(self._bot(request.path_params["token"]).download(request.path_params["path"]))
        except Refused as error:
            return _refusal(error)

    def _bot(self, token: str) -> FakeBot:
        if ":" not in token:
            raise Refused(404, "Not Found")
        if token not in self._bots:
            raise Refused(401, "Unauthorized")
        return self._bots[token]

    async def _run(self, bot: FakeBot, method: str, arguments: Json, files: dict[str, tuple[str, bytes]]) -> Any:
        if method == "getupdates":
            return await bot.get_updates(
                int(arguments.get("offset") or 0),
                int(arguments.get("limit") or 100),
                float(arguments.get("timeout") or 0),
                arguments.get("allowed_updates"),
            )
        known: dict[str, Callable[[], Any]] = {
            "getme": lambda: {
                **bot.as_user,
                "can_join_groups": True,
                "can_read_all_group_messages": False,
                "supports_inline_queries": False,
            },
            "sendmessage": lambda: bot.send(arguments),
            "sendphoto": lambda: bot.send(arguments, files["photo"]),
            "senddocument": lambda: bot.send(arguments, files["document"]),
            "editmessagetext": lambda: bot.change(arguments, arguments.get("text", "")),
            "editmessagereplymarkup": lambda: bot.change(arguments, None),
            "answercallbackquery": lambda: bot.answer(
                str(arguments["callback_query_id"]), str(arguments.get("text", ""))
            ),
            "setmycommands": lambda: _set(bot.commands, arguments.get("language_code", ""), arguments["commands"]),
            "setwebhook": lambda: _set_webhook(bot, arguments),
            "deletewebhook": lambda: _set_webhook(bot, {}),
            "getwebhookinfo": lambda: {
                "url": bot.webhook.get("url", ""),
                "has_custom_certificate": False,
                "pending_update_count": len(bot.pending),
                **bot.last_error,
            },
            "getfile": lambda: bot.get_file(str(arguments["file_id"])),
        }
        if method not in known:
            raise Refused(404, "Not Found")
        return known[method]()


def _set(where: dict[str, Any], key: str, value: Any) -> bool:
    where[key] = value
    return True


def _set_webhook(bot: FakeBot, arguments: Json) -> bool:
    url = str(arguments.get("url", ""))
    if url and not url.startswith(("https://", "http://127.0.0.1:")):
        raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    if arguments.get("allowed_updates") is not None:
        bot.allowed = arguments["allowed_updates"]
    webhook = {"url": url, "secret_token": arguments.get("secret_token", "")} if url else {}
    if webhook != bot.webhook:
        bot.set_webhook(webhook)
    return True


async def _arguments(request: Request) -> tuple[Json, dict[str, tuple[str, bytes]]]:
    """Form fields, of which objects and lists are JSON, and the files."""
    arguments: Json = dict(request.query_params)
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in (await request.form()).items():
        if isinstance(value, UploadFile):
            files[name] = (value.filename or "", await value.read())
        elif value.startswith(("{", "[")) and name not in ("text", "caption"):
            arguments[name] = json.loads(value)
        else:
            arguments[name] = value
    for name in ("photo", "document"):
        reference = arguments.get(name)
        if isinstance(reference, str) and reference.startswith("attach://"):
            files[name] = files[reference.removeprefix("attach://")]
    return arguments, files


def _refusal(error: Refused) -> Response:
    body: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return JSONResponse(body, HTTPStatus(error.code))


def _require_text(text: str) -> None:
    if not text.strip():
        raise Refused(400, "Bad Request: message text is empty")
    if _length(text) > TEXT_LIMIT:
        raise Refused(400, "Bad Request: message is too long")


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _buttons(arguments: Json) -> list[list[Json]]:
    rows: list[list[Json]] = (arguments.get("reply_markup") or {}).get("inline_keyboard", [])
    for button in itertools.chain.from_iterable(rows):
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
    return rows


def _chat_of(update: Json) -> int:
    for content in update.values():
        if isinstance(content, dict):
            chat: Json = content.get("chat") or content.get("message", {}).get("chat", {})
            return int(chat.get("id", 0))
    return 0
