"""Trying out a Slack app: everything that is usually forgotten, said one by one."""

from __future__ import annotations

from channels.slack.client import Web
from channels.slack.configuration import SlackConfiguration
from channels.slack.errors import SlackRefusal
from channels.slack.manifest import SCOPES
from core.database import Database
from core.errors import InboxProblem
from core.tickets import cards


async def test(web: Web, settings: SlackConfiguration, database: Database) -> None:
    """Raises ``InboxProblem`` or ``DeliveryError``."""
    me = await web.who_are_we()
    if missing := sorted(SCOPES.keys() - await web.granted()):
        raise InboxProblem(
            "The app lacks permissions: {scopes}",
            "Put the manifest that the inbox shows into the app, and install it again.",
            scopes=", ".join(missing),
        )
    if (app := await web.app_of(me.bot_id)) != settings.app_id:
        raise InboxProblem(
            "The bot token belongs to another app ({app}).",
            "Copy App ID and bot token from the pages of the same app.",
            app=app,
        )
    if settings.by_socket:
        await web.socket_address(settings.app_token.get_secret_value())
    for channel in dict.fromkeys((*settings.watched, *settings.room_of.values())):
        await _require_in(web, channel)
    if unknown := await database.read(cards.unknown_teams, settings.room_of):
        raise InboxProblem(
            "There is no team “{team}”.", "The teams' keys stand under Administration, Teams.", team=unknown[0]
        )


async def _require_in(web: Web, channel: str) -> None:
    try:
        is_in = await web.is_in(channel)
    except SlackRefusal as error:
        if error.code != "channel_not_found":
            raise
        is_in = False
    if not is_in:
        raise InboxProblem(
            "The app is not in the channel {channel}.",
            "Invite it there with /invite, or correct the channel's ID.",
            channel=channel,
        )
