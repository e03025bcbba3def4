"""What Slack hands in, by HTTP or over the socket: checked, sorted, kept, and only then acknowledged.

slack-bolt knows the signatures, the kinds of payloads and how each is acknowledged. By itself it acknowledges first
and handles a repeated delivery twice; with ``process_before_response`` a failure becomes a 500, and Slack comes back.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.socket_mode.request import SocketModeRequest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.base import DeliveryError
from channels.slack import parse, render
from channels.slack.client import SILENT, Web
from channels.slack.parse import Identity, Parcel
from web.languages import Translate
from web.responses import TooLarge, body, problem

log = structlog.get_logger(__name__)

LARGEST = 2 * 1024 * 1024
"""Bytes of one delivery; Slack's are far smaller."""
_ANYTHING = re.compile(".*", re.DOTALL)

Keep = Callable[[Parcel], Awaitable[None]]
"""Keeps what is the desk's business; returns after the commit."""


class Door:
    """``identity`` says who we are; without that nothing can be taken, and Slack is told to come back.

    ``words_for`` gives ``_`` for a person, without asking Slack: a form must open at once.
    """

    def __init__(
        self,
        web: Web,
        signing_secret: str,
        watched: frozenset[str],
        identity: Callable[[], Awaitable[Identity]],
        keep: Keep,
        words_for: Callable[[str], Translate],
    ) -> None:
        self._web = web
        self._watched = watched
        self._identity = identity
        self._keep = keep
        self._words_for = words_for
        self._app = AsyncApp(
            name="firstline",
            client=web.api,
            signing_secret=signing_secret,
            # A function by itself: the library counts a method's ``self`` among what it must fill in.
            authorize=lambda: self._authorize(),
            process_before_response=True,
            logger=SILENT,
        )
        self._app.event(_ANYTHING)(self._event)
        self._app.action(_ANYTHING)(self._action)
        self._app.command(_ANYTHING)(self._command)
        self._app.view(_ANYTHING)(self._view)
        self._app.shortcut(_ANYTHING)(self._shortcut)
        self._app.error(self._failed)

    def route(self, path: str) -> Route:
        """Where Slack hands in by HTTP: events, clicks, commands and forms alike."""
        return Route(path, self._http, methods=["POST"])

    async def take(self, request: SocketModeRequest) -> BoltResponse:
        """What came over the socket; it was taken if the status is 200."""
        taken: BoltResponse = await self._app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=request.payload))
        return taken

    async def _http(self, request: Request) -> Response:
        if not request.headers.get("x-slack-request-timestamp", "").isdecimal():
            return problem(401, "Only Slack may hand in anything here.")
        try:
            text = (await body(request, LARGEST)).decode("utf-8")
            parsed = AsyncBoltRequest(body=text, headers=dict(request.headers))
        except TooLarge:
            return problem(413, "That is too much at once.")
        except ValueError:
            return problem(400, "That is nothing Slack would send.")
        return to_starlette_response(await self._app.async_dispatch(parsed))

    async def _authorize(self) -> AuthorizeResult:
        me = await self._identity()
        return AuthorizeResult(
            enterprise_id=None,
            team_id=me.team_id,
            bot_id=me.bot_id,
            bot_user_id=me.user_id,
            bot_token=self._web.api.token,
        )

    async def _failed(self, error: Exception) -> None:
        # The text of the error may hold what somebody wrote.
        log.error("slack_delivery_not_kept", error=type(error).__name__)

    # -- each kind --------------------------------------------------------------------------------------------------

    async def _event(self, body: dict[str, Any]) -> None:
        found = parse.event(body, await self._identity(), self._watched)
        if found is not None:
            await self._keep(found)

    async def _action(self, body: dict[str, Any], ack: Any) -> None:
        if body.get("type") == "block_actions":
            found = parse.pressed(body, await self._identity())
            if found is not None:
                await self._keep(found)
        await ack()

    async def _command(self, body: dict[str, Any], ack: Any) -> None:
        """With a text it is a request; without one, a form asks for it."""
        if body.get("text", "").strip():
            await self._keep(parse.command(body))
            await ack()
            return
        _ = self._words_for(body["user_id"])
        try:
            await self._web.show(body["trigger_id"], render.form(_))
        except DeliveryError as error:
            log.warning("slack_form_not_shown", reason=str(error))
            await ack(_("The form cannot be shown right now. Please write your request behind the command."))
        else:
            await ack()

    async def _view(self, body: dict[str, Any], ack: Any) -> None:
        """What was typed stays in the form until it has been kept."""
        if body["view"].get("callback_id") == parse.FORM and body.get("type") == "view_submission":
            found = parse.filled_in(body)
            if not found.payload["text"].strip():
                _ = self._words_for(body["user"]["id"])
                await ack(response_action="errors", errors={"text": _("Please say what it is about.")})
                return
            await self._keep(found)
        await ack()

    async def _shortcut(self, body: dict[str, Any], ack: Any) -> None:
        if body.get("callback_id") == parse.MAKE_TICKET and body.get("type") == "message_action":
            await self._keep(parse.shortcut(body, await self._identity()))
        await ack()
