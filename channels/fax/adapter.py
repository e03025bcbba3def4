"""Fax, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from channels.fax.configuration import FaxConfiguration
from channels.fax.parse import KIND as ADDRESS_KIND
from core.inboxes.kinds import InboxSettings, Kind, Shown, Step
from core.values import InboxStyle

if TYPE_CHECKING:
    from channels.base import Surroundings
    from channels.fax.channel import Fax
    from channels.mail.listener import Listeners


def _steps(inbox: InboxSettings[FaxConfiguration], public_url: str) -> Sequence[Step]:
    settings, steps = inbox.configuration, []
    if settings.receive == "folder":
        drop = f'firstline fax drop "$FILE" --into {settings.folder} --number "$CALLID1" --station "$SENDER"'
        steps.append(
            Step(
                "HylaFAX: choose its recvq as the folder. Or choose a folder of its own, and put this line into "
                "etc/FaxDispatch, so that the number comes with each fax:",
                drop,
            )
        )
        steps.append(Step("The user that runs Firstline must be allowed to read the folder."))
    else:
        steps.append(Step("Let the provider send faxes as PDF or TIFF, with the sender’s number in the subject."))
    if settings.send == "sendfax":
        steps.append(Step("Install HylaFAX’s client programs here, and let this machine send faxes (hosts.hfaxd)."))
    steps.append(Step("So that text on faxes is read, install Tesseract; firstline doctor says whether it is there."))
    return steps


KIND = Kind(
    key="fax",
    title="Fax",
    description="Faxes from a fax server or a provider; answers go out as letters.",
    style=InboxStyle.LETTER,
    address_kind=ADDRESS_KIND,
    configuration=FaxConfiguration,
    pushes=True,
    can_test=True,
    test_recipient=Shown("Fax it to", placeholder="+49 30 1234567"),
    steps=_steps,
)


class FaxAdapter:
    kind = KIND

    def __init__(self, listeners: Callable[[], Listeners]) -> None:
        self._listeners = listeners

    def build(self, inbox: InboxSettings[FaxConfiguration], desk: Surroundings) -> Fax:
        from channels.fax.channel import Fax

        return Fax(inbox, desk, self._listeners())
