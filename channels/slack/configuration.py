"""What is set of a Slack app: its keys, how Slack hands in, which channels are requests, and where the teams talk."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from core.inboxes.kinds import Configuration, Shown, refuse

KEYS, PEOPLE, STAFF = "The app's keys", "People", "Staff in Slack"
SOCKET, HTTP = "socket", "http"
MEGABYTE = 1024 * 1024

_APP = re.compile(r"A[A-Z0-9]{5,}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{5,}")


def _app_id(text: str) -> str:
    if not _APP.fullmatch(text):
        refuse("That is no App ID. It begins with A and stands under “Basic Information”.")
    return text


def _channel_id(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        refuse(
            "“{text}” is no channel's ID. It begins with C and stands at the end of the channel's details.", text=text
        )
    return text


def _room(line: str) -> str:
    team, equals, channel = (part.strip() for part in line.partition("="))
    if not team or not equals:
        refuse("Write “{line}” as a team's key, an equals sign and a channel's ID.", line=line)
    return f"{team} = {_channel_id(channel)}"


class SlackConfiguration(Configuration):
    """One app in one workspace."""

    app_id: Annotated[
        str,
        AfterValidator(_app_id),
        Shown(
            "App ID",
            "From the app's page “Basic Information”. How to make the app stands in docs/channels/slack.md.",
            placeholder="A0123ABCDEF",
        ),
    ]
    receive: Annotated[
        Literal["socket", "http"],
        Shown(
            "How Slack hands over",
            "With Socket Mode nothing of Firstline need be reachable from outside.",
            KEYS,
            options={
                "socket": "Firstline connects to Slack (Socket Mode)",
                "http": "Slack calls Firstline (needs an https address that can be reached from outside)",
            },
        ),
    ] = "socket"
    bot_token: Annotated[SecretStr, Shown("Bot token", "Begins with xoxb-; from “OAuth & Permissions”.", KEYS)]
    app_token: Annotated[
        SecretStr,
        Shown(
            "App token",
            "Begins with xapp-; make it under “Basic Information”, “App-Level Tokens”, with connections:write.",
            KEYS,
            when=("receive", (SOCKET,)),
        ),
    ] = SecretStr("")
    signing_secret: Annotated[
        SecretStr,
        Shown("Signing secret", "From “Basic Information”, “App Credentials”.", KEYS, when=("receive", (HTTP,))),
    ] = SecretStr("")
    watched: Annotated[
        tuple[Annotated[str, AfterValidator(_channel_id)], ...],
        Shown(
            "Channels for requests",
            "IDs of channels in which every message becomes a ticket, one a line. Elsewhere people mention the app.",
            PEOPLE,
            placeholder="C0123ABCDEF",
            rows=2,
        ),
    ] = ()
    trust_emails: Annotated[
        bool,
        Shown(
            "Trust the workspace's e-mail addresses",
            "A member who writes then counts as the person who has that e-mail address, with all their tickets. "
            "Switch it on only if nobody can give themselves another's address there. Guests are never taken for "
            "somebody else.",
            PEOPLE,
        ),
    ] = False
    max_megabytes: Annotated[
        int,
        Field(ge=1, le=500),
        Shown("Largest file in MB", "Larger ones are left out, and the ticket says so.", PEOPLE),
    ] = 25
    rooms: Annotated[
        tuple[Annotated[str, AfterValidator(_room)], ...],
        Shown(
            "Channels of the teams",
            "Where a team is shown the tickets it gets, one a line: the team's key, an equals sign, a channel's ID.",
            STAFF,
            placeholder="service-desk = C0123ABCDEF",
            rows=3,
        ),
    ] = ()
    api_url: Annotated[
        str,
        Shown(
            "Slack's address",
            "Leave it as it is, unless your workspace is in GovSlack (https://slack-gov.com/api/).",
            KEYS,
        ),
    ] = "https://slack.com/api/"

    @field_validator("bot_token")
    @classmethod
    def _bot_s(cls, token: SecretStr) -> SecretStr:
        if not token.get_secret_value().startswith("xoxb-"):
            refuse("The bot token begins with xoxb-.")
        return token

    @field_validator("app_token")
    @classmethod
    def _app_s(cls, token: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("receive") == SOCKET and not token.get_secret_value().startswith("xapp-"):
            refuse("Socket Mode needs the app token; it begins with xapp-.")
        return token

    @field_validator("signing_secret")
    @classmethod
    def _signs(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("receive") == HTTP and not secret.get_secret_value():
            refuse("Without the signing secret nobody could tell Slack from anybody else.")
        return secret

    @field_validator("rooms")
    @classmethod
    def _one_each(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        teams = [line.partition(" = ")[0] for line in lines]
        for team in teams:
            if teams.count(team) > 1:
                refuse("The team “{team}” has more than one channel.", team=team)
        return lines

    @field_validator("api_url")
    @classmethod
    def _address(cls, url: str) -> str:
        local = url.startswith(("http://127.0.0.1:", "http://localhost:"))
        if not (url.startswith("https://") or local) or not url.endswith("/"):
            refuse("The address begins with https:// and ends with /.")
        return url

    @property
    def inbox_address(self) -> str:
        return self.app_id

    @property
    def by_socket(self) -> bool:
        return self.receive == SOCKET

    @property
    def path(self) -> str:
        """Where Slack hands in by HTTP."""
        return f"/slack/{self.app_id}/events"

    @property
    def room_of(self) -> dict[str, str]:
        """The channel of each team, by the team's key."""
        return {team: channel for team, _, channel in (line.partition(" = ") for line in self.rooms)}
