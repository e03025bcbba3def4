"""Slack, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from channels.slack.configuration import SlackConfiguration
from channels.slack.manifest import manifest
from core.inboxes.kinds import InboxSettings, Kind, Shown, Step
from core.values import InboxStyle
from web.languages import translator

if TYPE_CHECKING:
    from channels.base import Surroundings
    from channels.slack.channel import Slack


def _steps(inbox: InboxSettings[SlackConfiguration], public_url: str) -> Sequence[Step]:
    settings = inbox.configuration
    url = "" if settings.by_socket else f"{public_url}{settings.path}"
    wanted = manifest(inbox.sender_name, url, translator(inbox.language))
    return (
        Step("Open the app at api.slack.com/apps, choose “App Manifest”, and put this there:", wanted),
        Step("If Slack asks for it then, install the app again (“Install App”)."),
        Step("Invite the app into the channels where it shall listen or post: write /invite there, and its name."),
    )


KIND = Kind(
    key="slack",
    title="Slack",
    description="People write to the app, mention it, or use a channel for requests; staff may take over in Slack.",
    style=InboxStyle.DIALOGUE,
    address_kind="slack",
    configuration=SlackConfiguration,
    pushes=True,
    can_test=True,
    test_recipient=Shown("E-mail address of somebody in the workspace", placeholder="you@example.com"),
    steps=_steps,
)


class SlackAdapter:
    kind = KIND

    def build(self, inbox: InboxSettings[SlackConfiguration], desk: Surroundings) -> Slack:
        from channels.slack.channel import Slack

        return Slack(inbox, desk)
