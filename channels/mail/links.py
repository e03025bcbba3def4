"""The two links of a proposal: *solved* and *I still need help*. Following one only asks; pressing the button acts.

Mail programs and virus scanners fetch links by themselves, so a GET changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from channels.base import Surroundings
from channels.mail.configuration import MailConfiguration
from channels.mail.render import HelpLinks
from core import intake
from core.inboxes.kinds import InboxSettings
from core.tickets import facts, lifecycle
from core.values import Address, InboundMessage, OutboundMessage, spoken
from web.languages import translator
from web.pages import Pages
from web.signing import ExpiredToken, InvalidToken, Signer

VALID = timedelta(days=14)
ANSWERS = {"solved": "/solved", "help": "/not_yet"}
_WORDS = {"solved": "Solved", "help": "I still need help"}


class Effect(StrEnum):
    """What an answer does, as its page says it."""

    CLOSES = "closes"
    TELLS = "tells"
    """People have the ticket; they close it."""
    NOTHING = "nothing"
    """It is settled already."""
    TO_PEOPLE = "to_people"
    WAITS = "waits"
    """People have the ticket, or will."""
    REOPENS = "reopens"


class Links:
    """Makes the links and serves the page behind them."""

    def __init__(self, inbox: InboxSettings[MailConfiguration], desk: Surroundings) -> None:
        self._inbox_id = inbox.id
        self._public_url = desk.public_url
        self._signer = Signer(desk.secret, f"mail-answer-{inbox.id}")
        self._database = desk.database
        self._clock = desk.clock
        self._unknown = spoken("de", inbox.form_of_address)
        self._pages = Pages(Path(__file__).parent / "templates")
        self.route = Route(f"/answer/{inbox.id}/{{token}}", self._answer, methods=["GET", "POST"])

    def of(self, message: OutboundMessage, tag: str) -> HelpLinks | None:
        """The links of a message that offers help; ``tag`` is how its reader is spoken to."""
        if not message.offers_help:
            return None
        return HelpLinks(self._link(message, tag, "solved"), self._link(message, tag, "help"))

    def _link(self, message: OutboundMessage, tag: str, answer: str) -> str:
        values = [message.message_id, message.thread_key, message.recipient.value, tag, answer]
        return f"{self._public_url}/answer/{self._inbox_id}/{self._signer.sign(values)}"

    async def _answer(self, request: Request) -> Response:
        try:
            values = self._signer.read(request.path_params["token"], VALID)
        except ExpiredToken:
            return self._pages.page("answer.html", self._unknown, 410, state="expired")
        except InvalidToken:
            return self._pages.page("answer.html", self._unknown, 404, state="invalid")
        message_id, thread_key, address, tag, answer = values
        if request.method == "GET":
            effect = await self._database.read(_effect, message_id, answer)
            return self._pages.page("answer.html", tag, state="ask", answer=answer, effect=effect)
        now = self._clock.now()
        pressed = InboundMessage(
            inbox_id=self._inbox_id,
            dedupe_key=f"answer-{message_id}-{answer}",
            sender=Address("email", address),
            text=translator(tag)(_WORDS[answer]) + ".",
            received_at=now,
            thread_key=thread_key,
            payload=ANSWERS[answer],
        )
        # Not by the channel's ``receive``: any process may be asked, also one that does not run the inbox.
        effect = await self._database.write(_press, message_id, answer, pressed, now)
        return self._pages.page("answer.html", tag, state="done", answer=answer, effect=effect)


def _effect(session: Session, message_id: int, answer: str) -> Effect:
    """What pressing a link's button does, as the ticket stands; the bot decides by the same rules."""
    found = facts.stand(session, message_id)
    if found is None:
        return Effect.CLOSES if answer == "solved" else Effect.TO_PEOPLE
    if answer == "solved":
        if found.status not in lifecycle.ACTIVE:
            return Effect.NOTHING
        return Effect.TELLS if found.is_taken else Effect.CLOSES
    if found.status not in lifecycle.ACTIVE:
        return Effect.REOPENS
    return Effect.WAITS if found.is_with_people else Effect.TO_PEOPLE


def _press(session: Session, message_id: int, answer: str, pressed: InboundMessage, now: datetime) -> Effect:
    effect = _effect(session, message_id, answer)
    if effect is Effect.REOPENS and (found := facts.stand(session, message_id)) is not None and found.resolved_at:
        # It may have been pressed before, and the matter settled since.
        pressed = replace(pressed, dedupe_key=f"{pressed.dedupe_key}-{found.resolved_at.timestamp():.0f}")
    if effect is not Effect.NOTHING:
        intake.receive(session, pressed, now)
    return effect
