"""People have the ticket: the bot keeps what it hears and says nothing, once one of them has acted on it.

As long as none has, it tells the person that what they wrote has arrived where it matters.
"""

from __future__ import annotations

from bot import policy
from bot.draft import Composer
from bot.reading import asks_how_long, is_settled
from core.values import Decision, InboxStyle, ResolutionCode, Status
from nlu.engine import Parse


class Listener(Composer):
    def listen(self, main: Parse) -> Decision:
        """Something on a ticket that people have."""
        sure = self.accepted(main)
        is_over = self.facts.payload == "/solved" or is_settled(
            self.text, main, sure and main.confidence >= policy.SWITCH
        )
        if self.facts.status is Status.RESOLVED:
            # Thanks leave a settled matter settled; anything else opens it again.
            if is_over or (policy.leaves_it_settled(self.text, main, sure) and not self.facts.payload):
                return self.end("after_resolution")
            self.change(reopen=True)
            return self.end("came_back")
        return self.end("listening") if self.facts.is_taken else self._while_waiting(main, sure, is_over)

    def _while_waiting(self, main: Parse, sure: bool, is_over: bool) -> Decision:
        callback = self._changes.get("callback_at")
        if is_over:
            self.say_while_waiting("utter_closed")
            helped = self.facts.payload == "/solved"
            self.change(resolve=ResolutionCode.SELF_RESOLUTION if helped else ResolutionCode.WITHDRAWN)
            return self.end("settled_while_waiting")
        if callback is not None:
            self.say_while_waiting("utter_callback_noted", time=self.voice.moment(callback, self.turn.now))
            return self.end("call_back_noted")
        wants_place = asks_how_long(self.text) or (sure and main.intent in ("ticket_status", "talk_to_human"))
        if wants_place and not self.state.told_place and self.facts.style is InboxStyle.DIALOGUE:
            self.state.told_place = True
            self._say_place()
            return self.end("told_place")
        return self.end("listening")

    def _say_place(self) -> None:
        """The place in the queue, and when it goes on."""
        queue, now = self.facts.queues.get(self.facts.team), self.turn.now
        if queue is None:
            return
        values = {"team": queue.name, "place": str(queue.length + 1)}
        opening, wait = self.turn.calendar.next_opening(now), self.facts.usual_wait
        if opening is not None and opening > now:
            self.say_while_waiting("utter_queue_closed", opening=self.voice.moment(opening, now), **values)
        elif wait is not None and queue.level == 1:
            self.say_while_waiting("utter_queue_open_wait", wait=self.voice.span(wait), **values)
        else:
            self.say_while_waiting("utter_queue_open", **values)

    def say_while_waiting(self, name: str, **values: str) -> None:
        self.say(name, **values)
        self.change(while_waiting=True)
