"""Who people in Slack are: asked once an hour, and done without when Slack does not say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from channels.base import DeliveryError
from channels.slack import parse
from channels.slack.client import Web
from channels.slack.errors import SlackRefusal
from channels.slack.parse import Profile
from core.clock import Clock

log = structlog.get_logger(__name__)

FRESH = timedelta(hours=1)
REMEMBERED = 5_000


class People:
    """The people of one workspace, as far as they had to do with us."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._known: dict[str, tuple[datetime, Profile]] = {}

    def remembered(self, user_id: str) -> Profile | None:
        """What is known of somebody without asking."""
        found = self._known.get(user_id)
        return found[1] if found is not None else None

    async def profile(self, user_id: str, team_id: str) -> Profile:
        """Somebody's profile; of who is hidden from us, only the id. Raises ``DeliveryError`` if it may work later."""
        asked_at, found = self._known.get(user_id, (None, None))
        if asked_at is not None and found is not None and self._clock.now() - asked_at < FRESH:
            return found
        try:
            found = parse.profile(await self._web.user(user_id), team_id)
        except SlackRefusal as error:
            if not error.permanent:
                raise
            log.warning("slack_profile_refused", code=error.code, needed=error.needed)
            found = Profile(user_id, "")
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[user_id] = self._clock.now(), found
        return found

    async def names(self, user_ids: Iterable[str], team_id: str) -> dict[str, str]:
        """The names of several people, as far as Slack says them now."""
        wanted = sorted(user_ids)
        found = await asyncio.gather(*(self.profile(one, team_id) for one in wanted), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, DeliveryError):
                raise one
        return {one.user_id: one.name for one in found if isinstance(one, Profile) and one.name}
