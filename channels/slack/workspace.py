"""One app in one workspace, at work: what everything here shares, and how the desk sees a person there."""

from __future__ import annotations

from dataclasses import dataclass

from channels.base import DeliveryError
from channels.slack.client import Web
from channels.slack.configuration import SlackConfiguration
from channels.slack.parse import Identity, Profile
from channels.slack.people import People
from core.blobs import BlobStore
from core.clock import Clock
from core.database import Database
from core.inboxes.kinds import InboxSettings
from core.values import Address, spoken
from web.languages import Translate, translator

PATIENCE = 3
"""So many times a profile or a file is asked for before a message goes on without it."""


@dataclass(frozen=True, slots=True)
class Workspace:
    inbox: InboxSettings[SlackConfiguration]
    me: Identity
    web: Web
    people: People
    database: Database
    blobs: BlobStore
    clock: Clock
    public_url: str

    @property
    def settings(self) -> SlackConfiguration:
        return self.inbox.configuration

    async def profile(self, user_id: str, attempts: int) -> Profile:
        """Somebody's profile, or after some patience without it: nobody waits for an answer because of a name."""
        try:
            return await self.people.profile(user_id, self.me.team_id)
        except DeliveryError:
            if attempts < PATIENCE:
                raise
            return self.people.remembered(user_id) or Profile(user_id, "")

    def words_for(self, profile: Profile) -> Translate:
        """``_`` for a person."""
        return translator(spoken(profile.language or self.inbox.language, self.inbox.form_of_address))

    def address(self, profile: Profile) -> Address:
        return Address("slack", f"{self.me.team_id}/{profile.user_id}", profile.name)

    def contact(self, profile: Profile) -> Address | None:
        return Address("email", profile.email, profile.name) if profile.email else None

    def vouches_for(self, profile: Profile) -> bool:
        """Whether the e-mail address may be taken for the person's own."""
        return self.settings.trust_emails and profile.is_member
