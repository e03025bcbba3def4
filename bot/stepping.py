"""Going through a flow with somebody, step by step: asking, taking the answer, and where it leads."""

from __future__ import annotations

from typing import Any

from bot import policy
from bot.flows import Ending, EndlessFlow, Flow, Step, walk
from bot.information import Informant
from bot.policy import Reason
from bot.state import Waiting
from bot.values import Search
from core.values import Choice, Decision, Draft, ResolutionCode

REFUSALS = 2
_TRUE = frozenset({"true", "yes", "ja"})


class Stepper(Informant):
    """What knows flows only: whether a message is an answer at all is decided elsewhere (``bot.dialogue``)."""

    def open_step(self) -> Step | None:
        """The step whose question is open."""
        flow = self.view.flows.get(self.state.flow)
        if flow is None or self.state.step >= len(flow.steps):
            self.state.leave_flow()
            return None
        return flow.steps[self.state.step]

    def go_on(self, flow: Flow) -> Decision | Search:
        """From where people got to: what they asked is not asked again, and what leads there is not said again."""
        try:
            place = self.state.frontier(self.view.flows, flow)
        except EndlessFlow:
            return self.hand_over(Reason.NOT_SOLVED)
        return self._flow_ended() if place is None else self.run(*place)

    def run(self, flow: Flow, index: int) -> Decision | Search:
        """Go on until something is asked, the flow ends, or the ticket goes to people."""
        try:
            for place, position in walk(self.view.flows, flow, index, self.state.slots):
                step = place.steps[position]
                self.state.flow, self.state.step = place.key, position
                if step.ending is not None:
                    return self.leave(step.ending)
                if step.is_open(self.state.slots, self.state.skipped):
                    self.ask(step)
                    return self.end("asked")
                if step.action:
                    self.act(step.action)
        except EndlessFlow:
            return self.hand_over(Reason.NOT_SOLVED)
        return self._flow_ended()

    def leave(self, ending: Ending) -> Decision | Search:
        if ending is Ending.HANDOFF:
            return self.hand_over(Reason.NOT_SOLVED if self.state.tried else Reason.COLLECTED)
        if ending is Ending.SOLVED or self.state.topics:
            return self.solved()
        code = ResolutionCode.SELF_RESOLUTION if self.state.tried else ResolutionCode.WITHDRAWN
        return self.resolve(code, "utter_closed")

    def solved(self) -> Decision | Search:
        """One matter is settled; another may wait."""
        if not self.state.topics:
            return self.resolve(ResolutionCode.SELF_RESOLUTION, "utter_solved")
        topic = self.state.topics.pop(0)
        self.say("utter_next_topic", topic=self.view.label(topic, self.language))
        flow = self.view.flow_for(topic)
        if flow is None:
            return self.hand_over(Reason.NO_ANSWER_KNOWN)
        return self.run(flow, 0)

    def _flow_ended(self) -> Decision:
        self.state.leave_flow()
        return self.end("flow_ended")

    def fill(self, step: Step, slot_key: str, value: Any) -> Decision | Search:
        slot = self.view.slots.get(slot_key)
        if slot is None or step.collect != slot_key:
            return self._repeat_only(step)
        value = _typed(slot.type, value)
        refusal = step.refusal({**self.state.slots, slot_key: value})
        self.state.misses = self.state.asides = 0
        if refusal is not None and self.state.refused < REFUSALS:
            self.state.refused += 1
            self.say(refusal.utter)
            return self.end("refused")
        self.state.refused = 0
        self.state.fill(slot_key, value, step.is_guided)
        flow = self.view.flows[self.state.flow]
        return self.run(flow, step.next(self.state.slots))

    def _repeat_only(self, step: Step) -> Decision:
        self.ask(step)
        return self.end("old_button")

    def miss(self, step: Step) -> Decision:
        self.state.misses += 1
        if self.state.misses >= policy.MISSES:
            return self.hand_over(Reason.NOT_UNDERSTOOD)
        self.say("utter_please_choose")
        self.ask(step)
        return self.end("not_understood")

    def ask(self, step: Step) -> None:
        self.state.waiting = Waiting.SLOT
        draft = self.voice.draft(step.utter)
        if step.is_guided:
            question = self.question_of(step)
            draft = Draft(f"{draft.text}\n\n{question.text}", question.choices, offers_help=True)
        elif self.view.slots[step.collect].type == "bool" and not draft.choices:
            yes, no = self.voice.text("utter_yes"), self.voice.text("utter_no")
            draft = Draft(draft.text, (_set(yes, step.collect, "true"), _set(no, step.collect, "false")))
        self.replies.append(draft)

    def question_of(self, step: Step) -> Draft:
        """Whether a guided step helped, with the buttons *Solved* and *Not yet* filling its slot."""
        question = self.voice.draft("utter_did_it_help")
        values = {"/solved": "true", "/not_yet": "false"}
        choices = [
            _set(one.title, step.collect, values[one.payload]) if one.payload in values else one
            for one in question.choices
        ]
        return Draft(question.text, tuple(choices))

    def repeat(self) -> None:
        """After an aside, the open question once more."""
        if self.state.waiting is Waiting.SLOT and (step := self.open_step()) is not None:
            self.ask(step)


def _typed(kind: str, value: Any) -> Any:
    if kind == "bool" and isinstance(value, str):
        return value.casefold() in _TRUE
    return value


def _set(title: str, slot: str, value: str) -> Choice:
    return Choice(title, f"/SetSlots({slot}={value})")
