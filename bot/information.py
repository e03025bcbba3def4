"""What the bot tells about the desk itself: tickets, known trouble, opening hours."""

from __future__ import annotations

import re

from bot import hours
from bot.listening import Listener
from bot.times import wanted_day
from core.values import Choice, Draft, TicketKind

_TOLD = {
    "ticket_status": "action_ticket_status",
    "service_status": "action_service_status",
    "ask_opening_hours": "action_opening_hours",
}

LONG = 4
"""Names of more letters are also found within German compounds."""
_NO_NAMES = frozenset(
    {"oder", "und", "auf", "dem", "des", "nicht", "startet", "does", "not", "start", "for", "and", "the"}
)


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
        """What is known of what was asked about; all that is known where nothing was named."""
        asked = self._asked_about()
        if asked is not None and asked not in self.facts.trouble:
            label = self.view.label(asked, self.language)
            report = Choice(self.voice.text("utter_report_it"), f"/topic:{asked}")
            self.replies.append(Draft(self.voice.text("utter_no_trouble_with", topic=label), (report,)))
        elif asked is not None:
            self.say("utter_trouble", topics=self.view.label(asked, self.language))
        elif self.facts.trouble:
            topics = ", ".join(self.view.label(intent, self.language) for intent in self.facts.trouble)
            self.say("utter_trouble_elsewhere", topics=topics)
        else:
            self.say("utter_no_trouble")

    def _asked_about(self) -> str | None:
        """The disruption whose name the question uses."""
        said = set(re.findall(r"\w{3,}", self.text.casefold()))
        for spec in self.view.intents.values():
            if spec.kind is not TicketKind.INCIDENT or spec.bot == "chat":
                continue
            names = set(re.findall(r"\w{3,}", " ".join(spec.label.values()).casefold())) - _NO_NAMES
            if names & said or any(name in word for name in names for word in said if len(name) > LONG):
                return spec.key
        return None

    def _say_hours(self) -> None:
        """The hours of the day that was named, else those of the week and whether somebody is there now."""
        calendar, now = self.turn.calendar, self.turn.now
        opening = calendar.next_opening(now)
        if opening is None:
            self.say("utter_hours_unknown")
            return
        day = wanted_day(self.text, now, calendar.zone)
        values = {"hours": hours.week(calendar, self.language), "opening": self.voice.moment(opening, now)}
        if day is None:
            self.say("utter_hours_closed" if opening > now else "utter_hours_open", **values)
            return
        plan = calendar.plan(day)
        values["day"] = hours.day_name(day, self.language) + (f" ({plan.name})" if plan.name else "")
        if plan.spans:
            self.say("utter_hours_of_day", **{**values, "hours": hours.of(plan.spans, self.language)})
        else:
            self.say("utter_hours_no_day", **values)
