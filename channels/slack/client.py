"""Slack's Web API as the desk uses it. Every failure is a ``DeliveryError``, and no token is in one, or in a log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from channels.base import DeliveryError
from channels.slack import parse
from channels.slack.errors import UNREACHABLE, SlackRefusal, plain_errors
from channels.slack.parse import Identity, SlackFile
from channels.slack.render import Block, Post

TIMEOUT = 20
"""Seconds for one call."""

SILENT = logging.getLogger("slack-libraries-are-silent")
"""What the libraries log holds message texts, and addresses with secrets in them. What matters we log ourselves."""
SILENT.disabled = True


TOO_LARGE = "The file “{name}” is too large and was left out ({size} MB)."
NOT_FETCHED = "The file “{name}” could not be fetched from Slack."


class FileNotFetched(Exception):
    """There is no content to be had, and trying again would not help. The text stands in the catalogue."""


class Web:
    """One app in one workspace. Within ``connected`` its calls share their connections."""

    def __init__(self, bot_token: str, api_url: str) -> None:
        self._token = bot_token
        self._host = urlsplit(api_url).netloc
        # A failed call is tried again by whoever owes it, after as long as Slack asked for.
        self.api = AsyncWebClient(bot_token, base_url=api_url, timeout=TIMEOUT, logger=SILENT, retry_handlers=[])

    def use(self, session: aiohttp.ClientSession | None) -> None:
        """Make the calls over this session's connections from now on; None opens one for each."""
        self.api.session = session

    async def who_are_we(self) -> Identity:
        with plain_errors():
            return parse.identity((await self.api.auth_test()).data)  # type: ignore[arg-type]

    async def granted(self) -> frozenset[str]:
        """What the app may do."""
        with plain_errors():
            answer = await self.api.auth_test()
        return frozenset(answer.headers.get("x-oauth-scopes", "").replace(" ", "").split(","))

    async def app_of(self, bot_id: str) -> str:
        """The ID of the app that a bot belongs to."""
        with plain_errors():
            return str((await self.api.bots_info(bot=bot_id))["bot"]["app_id"])

    async def find(self, email: str) -> str:
        """The member with an e-mail address."""
        with plain_errors():
            return str((await self.api.users_lookupByEmail(email=email))["user"]["id"])

    async def is_in(self, channel: str) -> bool:
        """Whether the app is a member of a channel."""
        with plain_errors():
            return bool((await self.api.conversations_info(channel=channel))["channel"].get("is_member"))

    async def socket_address(self, app_token: str) -> str:
        """Where to connect for Socket Mode; good for one connection."""
        with plain_errors():
            return str((await self.api.apps_connections_open(app_token=app_token))["url"])

    async def user(self, user_id: str) -> dict[str, Any]:
        with plain_errors():
            return dict((await self.api.users_info(user=user_id, include_locale=True))["user"])

    async def post(self, channel: str, thread_ts: str, post: Post) -> str:
        """Write a message; its time, which is its id in that channel."""
        with plain_errors():
            answer = await self.api.chat_postMessage(
                channel=channel,
                thread_ts=thread_ts or None,
                text=post.text,
                blocks=post.blocks,
                unfurl_links=False,
                unfurl_media=False,
            )
        return str(answer["ts"])

    async def update(self, channel: str, ts: str, text: str, blocks: Sequence[Block]) -> None:
        with plain_errors():
            await self.api.chat_update(channel=channel, ts=ts, text=text, blocks=list(blocks))

    async def upload(self, channel: str, thread_ts: str, name: str, content: bytes) -> str:
        """Put a file into a conversation; its id."""
        with plain_errors():
            answer = await self.api.files_upload_v2(
                filename=name, title=name, content=content, channel=channel, thread_ts=thread_ts or None
            )
        return str(answer["files"][0]["id"])

    async def direct(self, user_id: str) -> str:
        """The channel of direct messages with somebody."""
        with plain_errors():
            return str((await self.api.conversations_open(users=user_id))["channel"]["id"])

    async def can_write_in(self, channel: str) -> bool:
        """Whether we may write there, joining a public channel if need be."""
        try:
            with plain_errors():
                found = (await self.api.conversations_info(channel=channel))["channel"]
                if found.get("is_member") or found.get("is_im"):
                    return True
                if not found.get("is_channel") or found.get("is_private"):
                    return False
                await self.api.conversations_join(channel=channel)
        except SlackRefusal as error:
            if not error.permanent:
                raise
            return False
        return True

    async def is_typing(self, channel: str, thread_ts: str, status: str) -> None:
        """Show below a thread that an answer is on its way; it goes away with the answer, or after two minutes."""
        with plain_errors():
            await self.api.assistant_threads_setStatus(channel_id=channel, thread_ts=thread_ts, status=status)

    async def show(self, trigger_id: str, view: dict[str, Any]) -> None:
        """Open a form, within three seconds of what somebody did."""
        with plain_errors():
            await self.api.views_open(trigger_id=trigger_id, view=view)

    async def answer(self, response_url: str, text: str) -> None:
        """Say something only to the person who clicked or commanded; after half an hour nobody hears it any more."""
        webhook = AsyncWebhookClient(
            response_url, timeout=TIMEOUT, session=self.api.session, logger=SILENT, retry_handlers=[]
        )
        with plain_errors():
            answer = await webhook.send(text=text, response_type="ephemeral", replace_original=False)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise DeliveryError(UNREACHABLE, permanent=False)

    async def fetch(self, file: SlackFile, most: int) -> bytes:
        """A file's content. Raises ``FileNotFetched``, or ``DeliveryError`` if it may come another time."""
        if file.problem:
            raise FileNotFetched(file.problem)
        if file.size > most:
            raise FileNotFetched(TOO_LARGE)
        url = file.url
        if not url:
            with plain_errors():
                info = (await self.api.files_info(file=file.id))["file"]
            url = str(info.get("url_private_download") or info.get("url_private") or "")
        if not self._is_slack_s(url):
            raise FileNotFetched(NOT_FETCHED)
        with plain_errors():
            return await self._download(url, file, most)

    async def _download(self, url: str, file: SlackFile, most: int) -> bytes:
        session, own = self.api.session, None
        if session is None or session.closed:
            session = own = new_session()
        try:
            headers = {"Authorization": f"Bearer {self._token}"}
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status == 429 or answer.status >= 500:
                    raise DeliveryError(UNREACHABLE, permanent=False)
                # Whoever may not have the file is sent to a page to sign in.
                is_page = answer.content_type == "text/html" and file.media_type != "text/html"
                if answer.status != 200 or is_page:
                    raise FileNotFetched(NOT_FETCHED)
                content = await answer.content.read(most + 1)
                while len(content) <= most and not answer.content.at_eof():
                    content += await answer.content.read(most + 1 - len(content))
        finally:
            if own is not None:
                await own.close()
        if len(content) > most:
            raise FileNotFetched(TOO_LARGE)
        return content

    def _is_slack_s(self, url: str) -> bool:
        """Our token goes to Slack alone."""
        parts = urlsplit(url)
        if parts.netloc == self._host:
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and (host.endswith((".slack.com", ".slack-gov.com", ".slack-files.com")))


def new_session() -> aiohttp.ClientSession:
    """Connections to Slack, by way of the proxy that the environment names, if any."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT * 3), trust_env=True)
