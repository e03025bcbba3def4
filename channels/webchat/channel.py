"""The web chat: a page's ``<firstline-chat>`` fetches behind a cursor, and a WebSocket says when to look.

The visitor is a random id in a signed token that the browser keeps. What the desk says needs no sending here: from the
moment it can no longer be taken back it is in the transcript.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from channels.base import Connected, Receive, Surroundings
from channels.webchat.configuration import MEGABYTE, WebChatConfiguration
from core import conversations, outbox
from core.conversations import Found, Line, Transcript
from core.errors import DeskError, InvalidInput, NotAllowed
from core.inboxes.kinds import InboxSettings
from core.signals import Signal, Topic
from core.values import ActorKind, Address, FormOfAddress, InboundMessage, OutboundMessage, StoredFile
from web.languages import Translate, explain, preferred, translator
from web.limiting import Limiter
from web.outside import file_name, number
from web.responses import TooLarge, attachment, body, file_headers, json_object, problem, status_of
from web.signing import InvalidToken, Signer
from web.sockets import Sockets

ASSETS = Path(__file__).parent / "assets"
VISIT = timedelta(days=180)
"""How long a browser may come back to its conversation."""
FILES_PER_MESSAGE = 5
SOCKETS = 10
"""How many pages one visitor may have open at once that are told what is new."""
HEARTBEAT = 25.0
"""Seconds between cursors sent without need, so that a dead connection is noticed on both sides."""
_CLIENT_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class WebChat:
    """One widget's inbox; served under ``/chat/<key>/``."""

    def __init__(self, inbox: InboxSettings[WebChatConfiguration], desk: Surroundings) -> None:
        self.inbox_id = inbox.id
        self._name = inbox.sender_name
        self._settings = inbox.configuration
        self._form_of_address = inbox.form_of_address
        self._database = desk.database
        self._blobs = desk.blobs
        self._clock = desk.clock
        self._visitors = Signer(desk.secret, "chat-visitor")
        self._uploads = Signer(desk.secret, "chat-upload")
        self._limiter = Limiter()
        self._sockets = Sockets(SOCKETS)
        self._receive: Receive | None = None
        self._started = asyncio.Event()
        base = f"/chat/{inbox.configuration.key}"
        self.routes: Sequence[BaseRoute] = [
            Route(f"{base}/about", self._guard(self._about), methods=["GET", "OPTIONS"]),
            Route(f"{base}/session", self._guard(self._open), methods=["POST", "OPTIONS"]),
            Route(f"{base}/messages", self._guard(self._messages), methods=["GET", "POST", "OPTIONS"]),
            Route(f"{base}/files", self._guard(self._upload), methods=["POST", "OPTIONS"]),
            Route(f"{base}/files/{{file:int}}", self._guard(self._download), methods=["GET", "OPTIONS"]),
            Route(f"{base}/delivered", self._guard(self._delivered), methods=["POST", "OPTIONS"]),
            WebSocketRoute(f"{base}/live", self._live),
        ]

    async def run(self, receive: Receive, connected: Connected) -> None:
        self._receive = receive
        self._started.set()
        connected()
        await asyncio.Event().wait()

    async def send(self, message: OutboundMessage) -> None:
        """Nothing to do: the claim has already told the client to look."""

    # -- HTTP -------------------------------------------------------------------------------------------------------

    def _guard(self, endpoint: Any) -> Any:
        """Answers other pages' preflights, adds their headers, and turns errors into problems."""

        async def guarded(request: Request) -> Response:
            origin = request.headers.get("origin", "")
            headers = self._cors(origin)
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            if origin and not headers:
                _ = _in_their_language(request)
                return problem(403, _("This page may not use the chat."))
            try:
                response: Response = await endpoint(request)
            except InvalidToken:
                _ = _in_their_language(request)
                words = _("This conversation is not known here any more. The next message begins a new one.")
                response = problem(401, words)
            except DeskError as error:
                response = problem(status_of(error), explain(error, _language(request)))
            response.headers.update(headers)
            return response

        return guarded

    def _cors(self, origin: str) -> dict[str, str]:
        allowed = self._settings.allowed_origins
        if not origin or ("*" not in allowed and origin not in allowed):
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-allow-headers": "authorization, content-type",
            "access-control-allow-methods": "GET, POST",
            "access-control-max-age": "600",
            "vary": "Origin",
            "cross-origin-resource-policy": "cross-origin",
        }

    def _visitor(self, token: str) -> str:
        return str(self._visitors.read(token.removeprefix("Bearer "), VISIT))

    async def _about(self, request: Request) -> Response:
        """What the widget must know before anybody speaks."""
        form = await self._database.read(conversations.form_of_address, self.inbox_id)
        form, longest = form or self._form_of_address, self._settings.max_message_characters
        return JSONResponse({"name": self._name, "form_of_address": form, "longest": longest})

    async def _open(self, request: Request) -> Response:
        """A token for a new visitor."""
        client = request.client.host if request.client is not None else ""
        if not self._limiter.per_hour("session", client, self._settings.sessions_per_hour):
            _ = _in_their_language(request)
            return problem(429, _("Too many chats were started from here. Please try again later."))
        return JSONResponse({"token": self._visitors.sign(uuid.uuid4().hex)}, 201)

    async def _messages(self, request: Request) -> Response:
        visitor = self._visitor(request.headers.get("authorization", ""))
        if request.method == "POST":
            return await self._post(request, visitor)
        after = number(request.query_params.get("after", "0"))
        if after is None:
            raise InvalidInput("after must be a number.", "after")
        found = await self._database.read(conversations.transcript, self.inbox_id, visitor, after)
        return JSONResponse(_as_json(found, self._form_of_address))

    async def _post(self, request: Request, visitor: str) -> Response:
        if not self._limiter.per_minute("message", visitor, self._settings.messages_per_minute):
            return _slow_down(request)
        source = await json_object(request)
        message = self._inbound(source, visitor)
        await self._started.wait()
        assert self._receive is not None
        receipt = await self._receive(message)
        return JSONResponse({"seq": receipt.seq, "outcome": str(receipt.outcome)}, 201)

    def _inbound(self, source: dict[str, Any], visitor: str) -> InboundMessage:
        client_id, text, payload = source.get("id"), source.get("text", ""), source.get("payload")
        if not isinstance(client_id, str) or not _CLIENT_ID.match(client_id):
            raise InvalidInput("The message needs an id of its own.", "id")
        if not isinstance(text, str) or not (payload is None or isinstance(payload, str)):
            raise InvalidInput("The message must be text.", "text")
        text = text.strip()
        if len(text) > self._settings.max_message_characters:
            raise InvalidInput(
                "The message is longer than {most} characters.", "text", most=self._settings.max_message_characters
            )
        tokens = source.get("files") or []
        if not isinstance(tokens, list) or len(tokens) > FILES_PER_MESSAGE:
            raise InvalidInput("At most {most} files go with a message.", "files", most=FILES_PER_MESSAGE)
        files = tuple(self._file(token, visitor) for token in tokens)
        if not text and not files:
            raise InvalidInput("The message is empty.", "text")
        language = source.get("language")
        return InboundMessage(
            inbox_id=self.inbox_id,
            dedupe_key=f"{visitor}:{client_id}",
            sender=Address("webchat", visitor),
            text=text,
            received_at=self._clock.now(),
            thread_key=visitor,
            attachments=files,
            language=language if language in ("de", "en") else None,
            payload=payload[:200] if payload else None,
        )

    def _file(self, token: Any, visitor: str) -> StoredFile:
        try:
            owner, sha256, filename, media_type, size = self._uploads.read(str(token), timedelta(hours=1))
        except InvalidToken:
            raise InvalidInput(
                "One of the files is not known here any more. It can be attached once more.", "files"
            ) from None
        if owner != visitor:
            raise NotAllowed("That file belongs to somebody else.")
        return StoredFile(sha256, filename, media_type, size)

    async def _upload(self, request: Request) -> Response:
        """The file is the body; its name is in the query. Answers with a token to be named in a message."""
        visitor = self._visitor(request.headers.get("authorization", ""))
        if not self._limiter.per_minute("file", visitor, self._settings.messages_per_minute):
            return _slow_down(request)
        try:
            content = await body(request, self._settings.max_attachment_megabytes * MEGABYTE)
        except TooLarge:
            _, most = _in_their_language(request), str(self._settings.max_attachment_megabytes)
            return problem(413, _("The file is larger than {most} MB.").replace("{most}", most))
        if not content:
            raise InvalidInput("The file is empty.", "file")
        filename = file_name(request.query_params.get("name", ""))
        media_type = request.headers.get("content-type", "application/octet-stream").partition(";")[0][:127]
        sha256 = await asyncio.to_thread(self._blobs.put, content)
        token = self._uploads.sign([visitor, sha256, filename, media_type, len(content)])
        return JSONResponse({"file": token, "name": filename, "size": len(content)}, 201)

    async def _download(self, request: Request) -> Response:
        visitor = self._visitor(request.headers.get("authorization", "") or request.query_params.get("token", ""))
        file_id = request.path_params["file"]
        file = await self._database.read(conversations.attachment, self.inbox_id, visitor, file_id)
        content = await asyncio.to_thread(self._blobs.get, file.sha256)
        return download(content, file)

    async def _delivered(self, request: Request) -> Response:
        visitor = self._visitor(request.headers.get("authorization", ""))
        seq = number((await json_object(request)).get("seq"))
        if seq is None:
            raise InvalidInput("seq must be a number.", "seq")
        conversation = await self._database.read(conversations.find, self.inbox_id, visitor)
        if conversation is not None:
            await self._database.write(outbox.confirm_delivery, conversation.id, seq, self._clock.now())
        return Response(status_code=204)

    async def _live(self, socket: WebSocket) -> None:
        """Says ``{"cursor": N}`` whenever there may be something new; never content."""
        try:
            visitor = self._visitor(socket.query_params.get("token", ""))
        except InvalidToken:
            await socket.close(4401)
            return
        if (origin := socket.headers.get("origin", "")) and not self._cors(origin):
            await socket.close(4403)
            return
        await self._sockets.serve(socket, visitor, lambda: self._tell(socket, visitor), None)

    async def _tell(self, socket: WebSocket, visitor: str) -> None:
        conversation: Found | None = None

        def concerns_us(signal: Signal) -> bool:
            if conversation is None:
                return signal.topic is Topic.CONVERSATION
            return (signal.topic, signal.id) in (
                (Topic.CONVERSATION, conversation.id),
                (Topic.TICKET, conversation.ticket_id),
            )

        with self._database.signals.subscribe_to(concerns_us) as signals:
            cursor, news = 0, list[Signal]()
            while True:
                if conversation is None or not news:
                    conversation = await self._database.read(conversations.find, self.inbox_id, visitor)
                    cursor = conversation.last_seq if conversation is not None else 0
                await socket.send_json({"cursor": cursor})
                news = await signals.wait(HEARTBEAT)
                cursor = max([cursor, *(one.cursor for one in news if one.topic is Topic.CONVERSATION)])


def download(content: bytes, file: StoredFile) -> Response:
    """A stored file as a download, never as a page."""
    if not file.media_type.startswith("image/") or file.media_type == "image/svg+xml":
        return attachment(content, file.filename)
    return Response(content, media_type=file.media_type, headers=file_headers(file.filename, "inline"))


def _language(request: Request) -> str:
    """The language the widget speaks; what is said here addresses nobody, so that is all there is to know."""
    return preferred(request.headers.get("accept-language", ""), "de")


def _in_their_language(request: Request) -> Translate:
    return translator(_language(request))


def _slow_down(request: Request) -> Response:
    _ = _in_their_language(request)
    return problem(429, _("That was a lot at once. Please wait a moment."), retry_after=10)


def _as_json(found: Transcript, form: FormOfAddress) -> dict[str, Any]:
    return {
        "messages": [_line(line) for line in found.lines],
        "cursor": found.cursor,
        "more": found.has_more,
        "ticket": found.ticket,
        "status": found.status,
        "agent": found.agent,
        "bot": found.with_bot,
        "form_of_address": found.form_of_address or form,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "mine": line.author_kind is ActorKind.REQUESTER,
        "author": str(line.author_kind),
        "name": line.author_name,
        "text": line.text,
        "choices": [{"title": choice.title, "payload": choice.payload} for choice in line.choices],
        "files": [
            {"id": one.id, "name": one.file.filename, "type": one.file.media_type, "size": one.file.size}
            for one in line.files
        ],
        "at": line.created_at.isoformat(),
    }


def widget(request: Request) -> Response:
    """The one script a page embeds."""
    return FileResponse(
        ASSETS / "firstline-chat.js",
        media_type="text/javascript",
        headers={"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"},
    )
