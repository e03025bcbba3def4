"""Mail, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from channels.mail.configuration import MailConfiguration
from core.inboxes.kinds import InboxSettings, Kind, Shown, Step
from core.values import InboxStyle

if TYPE_CHECKING:
    from channels.base import Surroundings
    from channels.mail.channel import Mail
    from channels.mail.listener import Listeners
    from channels.mail.resolver import DnsResolver


def _steps(mailbox: InboxSettings[MailConfiguration], public_url: str) -> Sequence[Step]:
    settings, steps = mailbox.configuration, []
    if settings.listens:
        place = f"{settings.listen_host}:{settings.listen_port}"
        steps.append(Step("Let your mail server hand mail to this address over to:", place))
    if settings.fetches:
        steps.append(
            Step(
                "Give Firstline a mailbox of its own, or a folder that a rule sorts mail into. Who else reads there, "
                "marks mails or moves read ones changes nothing for it."
            )
        )
    steps.append(
        Step(
            "Let that mail server take care of spam and SPF, and name it among the trusted gateways: Firstline then "
            "believes and shows what it found about a sender."
        )
    )
    return steps


KIND = Kind(
    key="mail",
    title="Mail",
    description="A mailbox: mail is fetched from it (IMAP) or handed over (SMTP), and answers go out by mail.",
    style=InboxStyle.LETTER,
    address_kind="email",
    configuration=MailConfiguration,
    can_test=True,
    test_recipient=Shown("Send it to", placeholder="you@example.com"),
    steps=_steps,
)


class MailAdapter:
    kind = KIND

    def __init__(self, listeners: Callable[[], Listeners]) -> None:
        self._listeners = listeners

    def build(self, inbox: InboxSettings[MailConfiguration], desk: Surroundings) -> Mail:
        from channels.mail.channel import Mail

        return Mail(inbox, desk, self._listeners(), self._resolver)

    @cached_property
    def _resolver(self) -> DnsResolver | None:
        from channels.mail.resolver import DnsResolver

        return DnsResolver.of_system()
