"""What the bot tells about the desk itself: tickets, known trouble, opening hours."""

from __future__ import annotations

from bot.listening import Listener
from core.values import Draft

_TOLD = {
    "ticket_status": "action_ticket_status",
    "service_status": "action_service_status",
    "ask_opening_hours": "action_opening_hours",
}


class Informant(Listener):
    def informs(self, intent: str) -> bool:
        """Answer a question about the desk; False, and nothing said, if the intent is none."""
        if intent == "bot_challenge":
            self.say("utter_bot_challenge")
        elif intent in _TOLD:
            self.act(_TOLD[intent])
        return bool(self.replies)

    def act(self, action: str) -> None:
        """Run an action of a flow."""
        if action.startswith("utter_"):
            self.say(action)
        elif action == "action_ticket_status":
            self._say_status()
        elif action == "action_service_status":
            self._say_trouble()
        elif action == "action_opening_hours":
            self._say_hours()

    def _say_status(self) -> None:
        if not self.facts.tickets:
            self.say("utter_status_none")
            return
        lines = [
            self.voice.text(f"utter_status_{line.status}", number=line.number, subject=line.subject)
            for line in self.facts.tickets
        ]
        self.replies.append(Draft("\n".join([self.voice.text("utter_status"), *(f"• {line}" for line in lines)])))

    def _say_trouble(self) -> None:
        if not self.facts.trouble:
            self.say("utter_no_trouble")
            return
        topics = ", ".join(self.view.label(intent, self.language) for intent in self.facts.trouble)
        self.say("utter_trouble", topics=topics)

    def _say_hours(self) -> None:
        opening = self.turn.calendar.next_opening(self.turn.now)
        if opening is None:
            self.say("utter_hours_unknown")
        elif opening > self.turn.now:
            self.say("utter_hours_closed", opening=self.voice.moment(opening, self.turn.now))
        else:
            self.say("utter_hours_open")
