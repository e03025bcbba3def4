"""The telephone, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from channels.phone.configuration import PhoneConfiguration
from core.calls.log import CHANNEL
from core.calls.numbers import KIND as ADDRESS_KIND
from core.inboxes.kinds import InboxSettings, Kind, Step
from core.values import InboxStyle

if TYPE_CHECKING:
    from channels.base import Surroundings
    from channels.phone.channel import Phone

_BY_HAND = Step("Calls are written down with the key C, from every page, with a telephone system or without.")
_WHO_IS_WHO = Step(
    "Everybody enters under “My settings” what the telephone system calls them, unless that is their name."
)


def _steps(inbox: InboxSettings[PhoneConfiguration], public_url: str) -> Sequence[Step]:
    settings = inbox.configuration
    url = f"{public_url}{settings.path}"
    if settings.provider == "none":
        return (_BY_HAND,)
    if settings.provider == "sipgate":
        return (
            Step("Open console.sipgate.com, “Webhooks”, “URLs”, and put this at incoming and at outgoing calls:", url),
            Step("Choose there, under “Sources”, whose telephones the desk shall hear of."),
            _WHO_IS_WHO,
            _BY_HAND,
        )
    if settings.is_signed:
        send = Step(
            "Let the telephone system send each event as signed JSON (docs/channels/phone.md) to this address:", url
        )
    else:
        send = Step("Let the telephone system send each event as JSON to this address, and keep it to yourself:", url)
    return (send, _WHO_IS_WHO, _BY_HAND)


KIND = Kind(
    key=CHANNEL,
    title="Telephone",
    description="Calls: shown while they ring, written down while people talk; missed ones become call-backs.",
    style=InboxStyle.DIALOGUE,
    address_kind=ADDRESS_KIND,
    configuration=PhoneConfiguration,
    can_send=False,
    steps=_steps,
)


class PhoneAdapter:
    kind = KIND

    def build(self, inbox: InboxSettings[PhoneConfiguration], desk: Surroundings) -> Phone:
        from channels.phone.channel import Phone

        return Phone(inbox, desk)
