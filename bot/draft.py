"""A decision in the making: both styles fill one in and hand it out at the end."""

from __future__ import annotations

from typing import Any

from bot import policy
from bot.handoff import announcement, handoff
from bot.policy import Reason
from bot.responses import Voice
from bot.state import State
from bot.times import wanted_moment
from bot.values import Turn
from core.values import Address, Decision, Draft, ResolutionCode, spoken
from nlu.engine import Parse


class Composer:
    """What the styles share: the state, the voice, the replies so far, and how a turn may end."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.facts = turn.facts
        self.text = (turn.facts.text or "").strip() or turn.facts.shown
        self.view = turn.view
        self.state = State.load(turn.facts.state)
        self.language = turn.parses[0].language if turn.parses else turn.facts.language
        values = {"number": turn.facts.number, "name": turn.facts.requester_name, "desk": turn.desk_name}
        tag = spoken(self.language, turn.form_of_address)
        self.voice = Voice(turn.view, tag, turn.calendar.zone, self.state.slots, values)
        self.replies: list[Draft] = []
        self._changes: dict[str, Any] = {}

    def say(self, name: str, **values: str) -> None:
        self.replies.append(self.voice.draft(name, **values))

    def change(self, **changes: Any) -> None:
        """Set fields of the decision."""
        self._changes |= changes

    def accepted(self, parse: Parse) -> bool:
        return policy.accepted(parse, self.turn.threshold)

    def adopt(self, parse: Parse) -> None:
        """This is what the ticket is about: its intent, kind, impact and urgency follow."""
        self.state.ranking = [[intent, round(confidence, 3)] for intent, confidence in parse.ranking[:3]]
        spec = self.view.intents.get(parse.intent or "")
        if spec is None or spec.bot == "chat":
            return
        if self.facts.intent is not None and not policy.is_problem(self.view, parse):
            return
        self.change(
            intent=spec.key, confidence=parse.confidence, kind=spec.kind, impact=spec.impact, urgency=spec.urgency
        )

    def hear(self, parses: tuple[Parse, ...]) -> None:
        """Keep what any message may carry: entities that fill slots, an address, a wish to be called back."""
        for parse in parses:
            for entity in parse.entities:
                for slot in self.view.slots.values():
                    if entity.name in slot.entities and self.state.slots.get(slot.key) in (None, ""):
                        self.state.slots[slot.key] = entity.value
                if entity.name == "email" and not self.facts.has_mail_address:
                    self.change(contact=Address("email", entity.value.lower()))
        if self.facts.is_read_by_machine:
            return  # a number in a letterhead and a figure that looks like a time are no wish to be called
        numbers = [entity.value for parse in parses for entity in parse.entities if entity.name == "phone_number"]
        at = wanted_moment(self.facts.text or "", self.turn.now, self.turn.calendar.zone) if numbers else None
        if at is not None:
            self.change(callback_at=at)

    @property
    def intent(self) -> str | None:
        """What the ticket is about, as of this turn."""
        found: str | None = self._changes.get("intent") or self.facts.intent
        return found

    def hand_over(self, reason: Reason, parse: Parse | None = None) -> Decision:
        """To people, with the packet; the person hears what happens next. Nothing is said after this."""
        if parse is not None:
            self.adopt(parse)
        self._own_words(reason, parse)
        intent = parse.intent if parse is not None and self.intent is None else self.intent
        self.state.words = self.state.words or self.text
        handed = handoff(self.view, self.state, intent, reason, self.state.words)
        callback = self._changes.get("callback_at")
        if callback is not None:
            self.say("utter_callback", time=self.voice.moment(callback, self.turn.now))
        else:
            self.replies.append(announcement(self.voice, self.turn, handed.team))
        self._merge()
        self.state.told_place = False
        self.change(handoff=handed)
        self.state.leave_flow()
        return self.end(reason)

    def urgent(self) -> tuple[Reason, Parse] | None:
        """The matter of the message that must go to people before the bot tries anything, and why."""
        for parse in self.turn.parses:
            reason = policy.immediate(self.view, parse, self.facts.vip) if self.accepted(parse) else None
            if reason is not None:
                self.state.topics += self.others(parse)
                return reason, parse
        return None

    def others(self, main: Parse) -> list[str]:
        """Further matters of the message, in its order."""
        known = [one.intent for one in self.turn.parses if one.intent in self.view.intents]
        return [one for one in known if one is not None and one not in (main.intent, *self.state.topics)]

    def angry_about(self, main: Parse) -> Parse:
        """What an angry message is about, as far as that is known; else the complaint itself."""
        known = policy.is_problem(self.view, main) and not main.fallback
        return main if known else certain(main, "complaint")

    def resolve(self, code: ResolutionCode, name: str) -> Decision:
        self.say(name)
        self.state.leave_flow()
        self.change(resolve=code)
        return self.end(code)

    def end(self, reason: str) -> Decision:
        return Decision(
            replies=tuple(self.replies),
            state=self.state.dump(),
            language=self.language,
            reason=reason,
            **self._changes,
        )

    def _own_words(self, reason: Reason, parse: Parse | None) -> None:
        """Some intents have a sentence of their own (what to do until a person calls), some reasons too."""
        for name in (f"utter_handoff_{parse.intent}" if parse is not None else "", f"utter_reason_{reason}"):
            if name and self.voice.has(name):
                self.say(name)
                return

    def _merge(self) -> None:
        """One message instead of several: a handover is read at a glance."""
        text = "\n\n".join(reply.text for reply in self.replies)
        choices = self.replies[-1].choices
        self.replies = [Draft(text, choices)]


def certain(parse: Parse, intent: str) -> Parse:
    """The parse as if its intent were certain: the person said so themselves."""
    return Parse(
        text=parse.text,
        intent=intent,
        confidence=1.0,
        fallback=False,
        ambiguous=False,
        ranking=((intent, 1.0), *((i, c) for i, c in parse.ranking if i != intent)),
        entities=parse.entities,
        language=parse.language,
    )
