"""A Slack that speaks its protocols: the Web API, events by HTTP with signatures and retries, Socket Mode, files.

Real HTTP and WebSockets on loopback. What is not there answers ``unknown_method``; a refusal says why, as Slack's do.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from tests.fakes.slack_workspace import APP, BOT, BOT_USER, TEAM, Channel, Json, Refused, Workspace, check_blocks

BOT_TOKEN, APP_TOKEN = "xoxb-the-bot-s-token", "xapp-the-app-s-token"
SIGNING_SECRET = "the signing secret of the app"
SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "users:read",
        "users:read.email",
    }
)
"""What the app was installed with."""
RETRIES = (0.0, 60.0, 300.0)
"""Seconds before an event that was not taken is delivered again (https://docs.slack.dev/apis/events-api#retries)."""
PATIENCE = 3.0
"""Seconds in which a delivery must be acknowledged."""


@dataclass(frozen=True)
class RateLimited:
    """A method answers 429 once."""

    seconds: int


@dataclass
class Delivery:
    """Something handed to the app. ``attempts`` are the answers: a status, or why there was none."""

    kind: str
    payload: Json
    attempts: list[str] = field(default_factory=list)
    taken: bool = False
    answer: Any = None
    over: asyncio.Event = field(default_factory=asyncio.Event)


class FakeSlack(Workspace):
    """Used as ``async with``. With ``events_url`` it delivers by HTTP, without to the sockets.

    ``speed`` divides the waits of its retry schedule; ``failures`` hold, by method, what the next calls answer.
    """

    def __init__(self, speed: float = 600.0, patience: float = PATIENCE) -> None:
        super().__init__()
        self.events_url = ""
        self.failures: dict[str, deque[str | RateLimited]] = defaultdict(deque)
        self.calls: list[tuple[str, Json]] = []
        self.deliveries: list[Delivery] = []
        self.whispers: list[tuple[str, str]] = []
        """What was said to one person alone: who, and what."""
        self.views: dict[str, Json] = {}
        self.statuses: list[tuple[str, str, str]] = []
        self.tokens = {BOT_TOKEN, APP_TOKEN}
        self.scopes = set(SCOPES)
        self._speed, self._patience = speed, patience
        self._sockets: list[web.WebSocketResponse] = []
        self._opened = asyncio.Condition()
        self._tickets: set[str] = set()
        self._acknowledged: dict[str, tuple[asyncio.Event, list[Any]]] = {}
        self._response_urls: dict[str, tuple[str, int]] = {}
        self._triggers: dict[str, float] = {}
        self._uploads: dict[str, Json] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeSlack:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self._api),
                web.get("/link/", self._link),
                web.get("/files-pri/{file}", self._download),
                web.post("/upload/{file}", self._upload),
                web.post("/response/{token}", self._response),
                web.get("/signin", self._sign_in),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._client.close()
        self.drop_sockets()
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    # -- what people do ---------------------------------------------------------------------------------------------

    def says(
        self, user: str, channel: str, text: str, thread_ts: str = "", files: Sequence[Json] = (), **more: Any
    ) -> Json:
        """Somebody writes a message; ``channel`` may be the app's direct messages with them, named by ``@``."""
        place = self.direct(user) if channel == "@" else self.channels[channel]
        extra: Json = {"client_msg_id": self.number("cm-"), **more}
        if files:
            extra |= {"files": list(files), "subtype": "file_share"}
        message = self.add_message(place, user, text, thread_ts, **extra)
        self._tell(place, message)
        return {**message, "channel": place.id}

    def edits(self, channel: str, ts: str, text: str) -> None:
        place = self.channels[channel]
        message = place.message(ts)
        before = deepcopy(message)
        message |= {"text": text, "edited": {"user": message["user"], "ts": self.number("1764")}}
        self.deliver("events_api", self.changed_event(place, deepcopy(message), before))

    def deletes(self, channel: str, ts: str) -> None:
        place = self.channels[channel]
        before = place.message(ts)
        place.messages.remove(before)
        self.deliver("events_api", self.deleted_event(place, before))

    def presses(self, user: str, channel: str, ts: str, title: str) -> Delivery:
        message = self.channels[channel].message(ts)
        buttons = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
        action = next(one for one in buttons if one["text"]["text"] == title)
        container = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False}
        return self.deliver(
            "interactive",
            self.interaction(
                "block_actions",
                user,
                trigger_id=self._trigger(),
                response_url=self._response_url(user),
                container=container,
                channel={"id": channel, "name": self.channels[channel].name},
                message=deepcopy(message),
                actions=[{**action, "action_ts": self.number("1764"), "block_id": "b"}],
            ),
        )

    def commands(self, user: str, text: str, channel: str = "C0GENERAL") -> Delivery:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        payload = {"command": "/helpdesk", "text": escaped, "user_id": user, "channel_id": channel, "team_id": TEAM}
        more = {"trigger_id": self._trigger(), "response_url": self._response_url(user), "api_app_id": APP}
        return self.deliver("slash_commands", {**payload, **more})

    def submits(self, user: str, view: Json, text: str, files: Sequence[Json] = ()) -> Delivery:
        state = {"text": {"text": {"value": text}}, "files": {"files": {"files": list(files)}}}
        return self.deliver(
            "interactive", self.interaction("view_submission", user, view={**view, "state": {"values": state}})
        )

    def chooses_shortcut(self, user: str, channel: str, ts: str) -> Delivery:
        place = self.channels[channel]
        return self.deliver(
            "interactive",
            self.interaction(
                "message_action",
                user,
                callback_id="make_ticket",
                trigger_id=self._trigger(),
                response_url=self._response_url(user),
                channel={"id": channel, "name": place.name},
                message=deepcopy(place.message(ts)),
            ),
        )

    def file(self, name: str, media_type: str, content: bytes, **more: Any) -> Json:
        """A file that somebody has put into Slack."""
        file_id = self.number("F")
        address = f"{self.url}/files-pri/{file_id}"
        made = {"id": file_id, "name": name, "mimetype": media_type, "size": len(content), "mode": "hosted"}
        made |= {"url_private": address, "url_private_download": address, **more}
        self.files[file_id] = made, content
        return made

    def _tell(self, place: Channel, message: Json) -> None:
        for event in self.message_events(place, message):
            self.deliver("events_api", event)

    def _trigger(self) -> str:
        trigger = self.number("trigger.")
        self._triggers[trigger] = time.monotonic()
        return trigger

    def _response_url(self, user: str) -> str:
        token = self.number("response-")
        self._response_urls[token] = user, 0
        return f"{self.url}/response/{token}"

    # -- handing it to the app --------------------------------------------------------------------------------------

    def deliver(self, kind: str, payload: Json) -> Delivery:
        """Begin to deliver, with all retries; ``settle`` waits for the end."""
        delivery = Delivery(kind, payload)
        self.deliveries.append(delivery)
        task = asyncio.create_task(self._deliver(delivery))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return delivery

    async def settle(self) -> None:
        """Wait until everything has been taken or given up."""
        for one in list(self.deliveries):
            await one.over.wait()

    async def _deliver(self, delivery: Delivery) -> None:
        waits = [0.0, *RETRIES] if delivery.kind == "events_api" else [0.0]
        try:
            for number, wait in enumerate(waits):
                await asyncio.sleep(wait / self._speed)
                reason = delivery.attempts[-1] if delivery.attempts else ""
                send = self._by_http if self.events_url else self._by_socket
                delivery.taken = await send(delivery, number, reason)
                if delivery.taken:
                    return
        finally:
            delivery.over.set()

    async def _by_http(self, delivery: Delivery, number: int, reason: str) -> bool:
        if delivery.kind == "events_api":
            body, content_type = json.dumps(delivery.payload), "application/json"
        elif delivery.kind == "interactive":
            body, content_type = (
                urlencode({"payload": json.dumps(delivery.payload)}),
                "application/x-www-form-urlencoded",
            )
        else:
            body, content_type = urlencode(delivery.payload), "application/x-www-form-urlencoded"
        headers = {"content-type": content_type, **self.signed(body)}
        if number:
            headers |= {"x-slack-retry-num": str(number), "x-slack-retry-reason": _retry_reason(reason)}
        try:
            timeout = aiohttp.ClientTimeout(total=self._patience)
            async with self._client.post(self.events_url, data=body, headers=headers, timeout=timeout) as answer:
                delivery.attempts.append(str(answer.status))
                text = await answer.text()
                delivery.answer = json.loads(text) if text.startswith("{") else text
                return 200 <= answer.status < 300
        except TimeoutError:
            delivery.attempts.append("http_timeout")
        except aiohttp.ClientError:
            delivery.attempts.append("connection_failed")
        return False

    def signed(self, body: str, at: float | None = None) -> dict[str, str]:
        """The headers of a request (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
        timestamp = str(int(at or time.time()))
        base = f"v0:{timestamp}:{body}".encode()
        signature = "v0=" + hmac.new(SIGNING_SECRET.encode(), base, hashlib.sha256).hexdigest()
        return {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature}

    async def _by_socket(self, delivery: Delivery, number: int, reason: str) -> bool:
        async with self._opened:
            await self._opened.wait_for(lambda: self._sockets)
            socket = self._sockets[-1]
        envelope_id = self.number("envelope-")
        heard, answers = asyncio.Event(), list[Any]()
        self._acknowledged[envelope_id] = heard, answers
        envelope: Json = {"envelope_id": envelope_id, "type": delivery.kind, "payload": delivery.payload}
        envelope["accepts_response_payload"] = delivery.kind != "events_api"
        if number:
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        try:
            await socket.send_json(envelope)
            async with asyncio.timeout(self._patience):
                await heard.wait()
        except (TimeoutError, ConnectionError, aiohttp.ClientError):
            delivery.attempts.append("timeout")
            return False
        delivery.attempts.append("acknowledged")
        delivery.answer = answers[0] if answers else None
        return True

    # -- Socket Mode ------------------------------------------------------------------------------------------------

    async def connected(self, count: int = 1) -> None:
        """Wait until so many sockets are open."""
        async with self._opened:
            await self._opened.wait_for(lambda: len(self._sockets) >= count)

    async def announce_end(self, reason: str = "refresh_requested") -> None:
        """Tell the open sockets that they will be closed; the app must have opened another by then."""
        old = list(self._sockets)
        for socket in old:
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}})
        async with self._opened:
            await self._opened.wait_for(lambda: any(one not in old for one in self._sockets))
        for socket in old:
            await socket.close()

    def drop_sockets(self) -> None:
        """The network fails: no closing handshake."""
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
        self._sockets.clear()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        debug = {"host": "fake", "approximate_connection_time": 18060}
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets) + 1,
                "debug_info": debug,
                "connection_info": {"app_id": APP},
            }
        )
        async with self._opened:
            self._sockets.append(socket)
            self._opened.notify_all()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(json.loads(message.data))
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)
        return socket

    def _hear(self, answer: Json) -> None:
        heard, answers = self._acknowledged[answer["envelope_id"]]
        if "payload" in answer:
            answers.append(answer["payload"])
        heard.set()

    # -- the Web API ------------------------------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.Response:
        method, arguments = request.match_info["method"], await _arguments(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or arguments.pop("token", "")
        self.calls.append((method, arguments))
        if self.failures[method]:
            failure = self.failures[method].popleft()
            if isinstance(failure, RateLimited):
                limited = {"ok": False, "error": "ratelimited"}
                return web.json_response(limited, status=429, headers={"Retry-After": str(failure.seconds)})
            if failure.isdecimal():
                return web.Response(status=int(failure), text="<html>Sorry</html>", content_type="text/html")
            return web.json_response({"ok": False, "error": failure})
        try:
            self._check_token(method, token)
            handler = getattr(self, "_" + method.replace(".", "_"), None)
            answer = handler(arguments) if handler is not None else {"ok": False, "error": "unknown_method"}
        except Refused as refused:
            answer = {"ok": False, "error": str(refused)}
        return web.json_response({"ok": True, **answer}, headers={"x-oauth-scopes": ",".join(sorted(self.scopes))})

    def _check_token(self, method: str, token: str) -> None:
        if token not in self.tokens:
            raise Refused("invalid_auth" if token not in (BOT_TOKEN, APP_TOKEN) else "token_revoked")
        if (method == "apps.connections.open") != (token == APP_TOKEN):
            raise Refused("not_allowed_token_type")

    def _auth_test(self, _: Json) -> Json:
        return {"url": "https://desk.slack.com/", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT}

    def _apps_connections_open(self, _: Json) -> Json:
        ticket = self.number("ticket-of-the-socket-")
        self._tickets.add(ticket)
        return {"url": f"{self.url.replace('http', 'ws')}/link/?ticket={ticket}&app_id={APP}"}

    def _users_info(self, arguments: Json) -> Json:
        user = self.users.get(arguments["user"])
        if user is None:
            raise Refused("user_not_found")
        return {
            "user": {key: value for key, value in user.items() if key != "locale" or arguments.get("include_locale")}
        }

    def _users_lookupByEmail(self, arguments: Json) -> Json:  # noqa: N802
        for user in self.users.values():
            if user["profile"].get("email") == arguments["email"]:
                return {"user": user}
        raise Refused("users_not_found")

    def _bots_info(self, arguments: Json) -> Json:
        if arguments["bot"] != BOT:
            raise Refused("bot_not_found")
        return {"bot": {"id": BOT, "app_id": APP, "user_id": BOT_USER}}

    def _chat_postMessage(self, arguments: Json) -> Json:  # noqa: N802 - the method's name
        place = self._writable(arguments["channel"])
        blocks = arguments.get("blocks") or []
        if len(arguments.get("text") or "") > 40_000:
            raise Refused("msg_too_long")
        check_blocks(blocks)
        message = self._bot_says(place, arguments.get("text", ""), arguments.get("thread_ts") or "", blocks=blocks)
        return {"channel": place.id, "ts": message["ts"], "message": message}

    def _chat_update(self, arguments: Json) -> Json:
        place = self.channels.get(arguments["channel"])
        if place is None:
            raise Refused("channel_not_found")
        message = place.message(arguments["ts"])
        if message.get("bot_id") != BOT:
            raise Refused("cant_update_message")
        check_blocks(arguments.get("blocks") or [])
        before = deepcopy(message)
        message |= {"text": arguments.get("text", ""), "blocks": arguments.get("blocks") or []}
        self.deliver("events_api", self.changed_event(place, deepcopy(message), before))
        return {"channel": place.id, "ts": message["ts"]}

    def _conversations_open(self, arguments: Json) -> Json:
        user = self.users.get(arguments["users"], {})
        if user.get("is_bot"):
            raise Refused("cannot_dm_bot")
        if user.get("deleted"):
            raise Refused("user_disabled")
        return {"channel": {"id": self.direct(arguments["users"]).id}}

    def _conversations_info(self, arguments: Json) -> Json:
        found = self.visible(arguments["channel"])
        flags = {"is_im": found.is_im, "is_channel": not found.is_im, "is_private": found.is_private}
        return {"channel": {"id": found.id, "name": found.name, "is_member": BOT_USER in found.members, **flags}}

    def _conversations_join(self, arguments: Json) -> Json:
        found = self.visible(arguments["channel"])
        if found.is_archived:
            raise Refused("is_archived")
        found.members.add(BOT_USER)
        return {"channel": {"id": found.id}}

    def _views_open(self, arguments: Json) -> Json:
        at = self._triggers.pop(arguments["trigger_id"], None)
        if at is None or time.monotonic() - at > 3:
            raise Refused("expired_trigger_id")
        view_id = self.number("V")
        self.views[view_id] = {"id": view_id, **arguments["view"]}
        return {"view": self.views[view_id]}

    def _assistant_threads_setStatus(self, arguments: Json) -> Json:  # noqa: N802
        self.visible(arguments["channel_id"]).message(arguments["thread_ts"])
        self.statuses.append((arguments["channel_id"], arguments["thread_ts"], arguments["status"]))
        return {}

    def _files_info(self, arguments: Json) -> Json:
        if arguments["file"] not in self.files:
            raise Refused("file_not_found")
        return {"file": self.files[arguments["file"]][0]}

    def _files_getUploadURLExternal(self, arguments: Json) -> Json:  # noqa: N802
        file_id = self.number("F")
        self._uploads[file_id] = {"name": arguments["filename"], "length": int(arguments["length"])}
        return {"upload_url": f"{self.url}/upload/{file_id}", "file_id": file_id}

    def _files_completeUploadExternal(self, arguments: Json) -> Json:  # noqa: N802
        place = self._writable(arguments["channel_id"])
        made = []
        for one in arguments["files"]:
            if one["id"] not in self.files:
                raise Refused("file_not_found")
            made.append(self.files[one["id"]][0] | {"title": one.get("title", "")})
        self._bot_says(place, "", arguments.get("thread_ts") or "", files=made, subtype="file_share")
        return {"files": made}

    def _writable(self, channel: str) -> Channel:
        place = self.visible(channel)
        if place.is_archived:
            raise Refused("is_archived")
        if BOT_USER not in place.members:
            raise Refused("not_in_channel")
        return place

    def _bot_says(self, place: Channel, text: str, thread_ts: str, **more: Any) -> Json:
        """The app hears its own words too."""
        message = self.add_message(place, BOT_USER, text, thread_ts, bot_id=BOT, app_id=APP, **more)
        self._tell(place, message)
        return message

    # -- files and response URLs ------------------------------------------------------------------------------------

    async def _download(self, request: web.Request) -> web.Response:
        """Whoever may not have the file is sent to a page to sign in, as in a browser."""
        if request.headers.get("authorization") != f"Bearer {BOT_TOKEN}" or BOT_TOKEN not in self.tokens:
            raise web.HTTPFound("/signin")
        if self.failures["download"]:
            return web.Response(status=int(str(self.failures["download"].popleft())))
        made, content = self.files[request.match_info["file"]]
        return web.Response(body=content, content_type=made["mimetype"])

    async def _sign_in(self, _: web.Request) -> web.Response:
        return web.Response(text="<html>Sign in to Slack</html>", content_type="text/html")

    async def _upload(self, request: web.Request) -> web.Response:
        file_id, content = request.match_info["file"], await request.read()
        expected = self._uploads.pop(file_id, None)
        if expected is None or expected["length"] != len(content):
            return web.Response(status=400, text="length mismatch")
        made = {"id": file_id, "name": expected["name"], "mimetype": "application/octet-stream", "size": len(content)}
        self.files[file_id] = made, content
        return web.Response(text=f"OK - {len(content)}")

    async def _response(self, request: web.Request) -> web.Response:
        """Good for five answers (https://docs.slack.dev/interactivity/handling-user-interaction)."""
        user, used = self._response_urls.get(request.match_info["token"], ("", 5))
        if used >= 5:
            return web.Response(status=404, text="used_url")
        self._response_urls[request.match_info["token"]] = user, used + 1
        self.whispers.append((user, (await request.json())["text"]))
        return web.Response(text="ok")


def _retry_reason(attempt: str) -> str:
    return "http_error" if attempt.isdecimal() else attempt


async def _arguments(request: web.Request) -> Json:
    """JSON, a form or the query, whichever a client uses; lists and objects in a form are JSON."""
    if request.content_type == "application/json":
        return {**request.query, **await request.json()}
    found = {**request.query, **await request.post()}
    return {
        key: json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
        for key, value in found.items()
    }
