"""Staff in Slack: a team's tickets as cards in its channel, and taking one over from there."""

from __future__ import annotations

from typing import Any

import structlog

from channels.slack import render
from channels.slack.errors import SlackRefusal
from channels.slack.workspace import Workspace
from core import staff
from core.errors import DeskError
from core.tickets import actions, cards
from core.tickets.cards import ClaimedCard
from web.languages import explain, translator

log = structlog.get_logger(__name__)


class Staff:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._database = workspace.database
        self._clock = workspace.clock
        self._web = workspace.web

    async def show(self, claimed: ClaimedCard) -> None:
        """Post a card, or bring the one that is there up to date. Raises ``DeliveryError``."""
        showing = claimed.showing
        post = render.card(claimed.card, self._workspace.inbox.language, self._workspace.public_url)
        if showing.external_id is None:
            external_id = await self._web.post(showing.room, "", post)
        else:
            external_id = showing.external_id
            await self._update(showing.room, external_id, post)
        await self._database.write(cards.shown, showing, external_id, self._clock.now())

    async def _update(self, room: str, external_id: str, post: render.Post) -> None:
        try:
            await self._web.update(room, external_id, post.text, post.blocks)
        except SlackRefusal as error:
            if error.code != "message_not_found":
                raise
            log.info("slack_card_gone")

    async def take_over(self, kept: dict[str, Any]) -> None:
        """The ticket becomes the agent's who has the e-mail address of whoever clicked, exactly as in the console."""
        profile = await self._workspace.people.profile(kept["user"], self._workspace.me.team_id)
        language = profile.language or self._workspace.inbox.language
        _ = translator(language)
        agent = await self._database.read(staff.by_email, profile.email) if profile.is_member else None
        if agent is None:
            address = profile.email or _("your e-mail address in Slack")
            text = _("There is no account at the desk for {address}. An admin can add one.").format(address=address)
            await self._web.answer(kept["response_url"], text)
            return
        try:
            await self._database.write(actions.take_over, int(kept["value"]), agent, self._clock.now())
        except DeskError as error:
            await self._web.answer(kept["response_url"], explain(error, language))
        else:
            log.info("slack_taken_over", ticket=int(kept["value"]), agent=agent)
