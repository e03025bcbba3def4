"""The bot where people write letters (mail): one good proposal, not a dialogue; everything else goes to people."""

from __future__ import annotations

from babel.lists import format_list

from bot import policy
from bot.answers import Hit, steps
from bot.flows import Flow
from bot.handoff import numbered, quoted
from bot.listening import Listener
from bot.policy import Reason
from bot.reading import Answer, did_it_help, is_angry
from bot.values import Search
from core.values import Decision, Draft, ResolutionCode, Status
from nlu.engine import Parse
from nlu.topics import body


class Letter(Listener):
    def decide(self) -> Decision | Search:
        if not self.turn.parses:
            return self.to_people(Reason.ASKED)
        self.hear(self.turn.parses)
        main = self.turn.parses[0]
        if self.facts.level > 0:
            return self.listen(main)
        if self.facts.payload in ("/solved", "/not_yet"):
            return self._pressed(self.facts.payload)
        if self.facts.status is Status.RESOLVED:
            return self._after_the_end(main)
        sure = self.accepted(main) and not main.ambiguous
        if is_angry(self.facts.text or ""):
            return self.to_people(Reason.COMPLAINT, self.angry_about(main))
        if self.state.words:
            return self._follow_up(main, sure)
        self.state.words = self.text or self.facts.subject
        if not sure:
            return self._look_up(main)
        if (found := self.urgent()) is not None:
            return self.to_people(*found)
        return self._propose(main)

    def say_while_waiting(self, name: str, **values: str) -> None:
        super().say_while_waiting(name, **values)
        self.replies = [Draft(self._letter([reply.text for reply in self.replies], confirm=False))]

    def _after_the_end(self, main: Parse) -> Decision:
        """Thanks leave a settled matter settled; anything else opens it again, for people."""
        if policy.leaves_it_settled(self.text, main, self.accepted(main)):
            return self.end("after_resolution")
        return self.to_people(Reason.CAME_BACK)

    def _pressed(self, payload: str) -> Decision:
        """A link in a proposal was followed and confirmed, perhaps after the matter was settled."""
        if payload == "/not_yet":
            self._nothing_helped()
            return self.to_people(Reason.NOT_SOLVED)
        if self.facts.status is Status.RESOLVED:
            return self.end("after_resolution")
        return self._finish([self.voice.text("utter_solved")], ResolutionCode.SELF_RESOLUTION)

    def _follow_up(self, main: Parse, sure: bool) -> Decision:
        """An answer to the proposal: it helped, it is being tried, or a person takes it from here."""
        flow = self.view.flows.get(self.state.flow)
        again = sure and flow is not None and main.intent in flow.intents
        match did_it_help(body(self.text), main, sure, again):
            case Answer.HELPED:
                return self._finish([self.voice.text("utter_solved")], ResolutionCode.SELF_RESOLUTION)
            case Answer.SETTLED:
                return self._finish([self.voice.text("utter_closed")], ResolutionCode.SELF_RESOLUTION)
            case Answer.TRYING | Answer.THANKS:
                return self._send_proposal([self.voice.text("utter_take_your_time")])
            case Answer.NOT_HELPED:
                self._nothing_helped()
        return self.to_people(Reason.NOT_SOLVED)

    def _nothing_helped(self) -> None:
        """Every step of the letter counts as tried."""
        flows = [self.view.flows.get(self.state.flow), *(self.view.flow_for(topic) for topic in self.state.topics)]
        for flow in flows if self.state.flow else ():
            for step in flow.guided if flow is not None else ():
                self.state.fill(step.collect, False, guided=True)

    def _propose(self, main: Parse) -> Decision | Search:
        self.adopt(main)
        self.state.topics = self.others(main)
        if main.intent == "ticket_close":
            return self._finish([self.voice.text("utter_closed")], ResolutionCode.WITHDRAWN)
        if self.state.topics:
            return self._propose_for_all([main.intent or "", *self.state.topics])
        flow = self.view.flow_for(main.intent or "")
        spec = self.view.intents.get(main.intent or "")
        if spec is None or spec.bot == "chat" or flow is None:
            return self._look_up(main)
        if spec.bot == "solve" and flow.guided:
            self.state.flow = flow.key
            return self._send_proposal(self._steps(spec.key, flow))
        if spec.bot == "collect":
            return self.to_people(Reason.COLLECTED, main, self._questions(flow))
        return self._look_up(main)

    def _propose_for_all(self, topics: list[str]) -> Decision:
        """Several matters in one letter: the steps for each, or a person who looks after all of them."""
        found = [(topic, self.view.flow_for(topic)) for topic in topics]
        guided = [(topic, flow) for topic, flow in found if flow is not None and flow.guided]
        if len(guided) < len(found) or any(self.view.intents[topic].bot != "solve" for topic in topics):
            labels = [quoted(self.view.label(topic, self.language), self.language) for topic in topics]
            self.say("utter_letter_topics", topics=format_list(labels, locale=self.language))
            return self.to_people(Reason.COLLECTED)
        self.state.flow = guided[0][1].key
        return self._send_proposal([part for topic, flow in guided for part in self._steps(topic, flow)])

    def _steps(self, topic: str, flow: Flow) -> list[str]:
        """All guided steps of a flow, under what they are for."""
        name = "utter_letter_proposal_too" if topic in self.state.topics else "utter_letter_proposal"
        proposal = self.voice.text(name, topic=self.view.label(topic, self.language))
        return [proposal, numbered([self.voice.text(step.utter) for step in flow.guided])]

    def _questions(self, flow: Flow) -> list[str]:
        """What is not known yet, in one go, so that the person answers before somebody has to ask."""
        missing = [step for step in flow.questions if self.state.slots.get(step.collect) in (None, "")]
        if not missing:
            return []
        return [self.voice.text("utter_letter_questions"), numbered([self.voice.text(step.utter) for step in missing])]

    def _look_up(self, main: Parse) -> Decision | Search:
        if self.turn.hits is None:
            question = f"{self.facts.subject}. {self.text}"
            return Search(question[:512], self.language)
        hit = next((hit for hit in self.turn.hits if hit.is_close), None)
        if hit is None:
            return self.to_people(Reason.NO_ANSWER_KNOWN if self.accepted(main) else Reason.NOT_UNDERSTOOD, main)
        return self._article(hit)

    def _article(self, hit: Hit) -> Decision:
        offer = self.voice.text("utter_letter_article", title=hit.article.title)
        instructions = numbered(steps(hit.article)) or hit.article.summary
        self.state.article = hit.article.id
        return self._send_proposal([offer, instructions], {"article": hit.article.key})

    def _send_proposal(self, paragraphs: list[str], meta: dict[str, str] | None = None) -> Decision:
        text = self._letter([*paragraphs, self.voice.text("utter_letter_choose")])
        self.replies.append(Draft(text, offers_help=True, meta=dict(meta or {})))
        return self.end("proposal")

    def to_people(self, reason: Reason, parse: Parse | None = None, more: list[str] | None = None) -> Decision:
        """One letter that confirms, says what happens next, and asks what will be asked anyway."""
        decision = self.hand_over(reason, parse)
        paragraphs = [*(reply.text for reply in decision.replies), *(more or [])]
        self.replies = [Draft(self._letter(paragraphs))]
        return self.end(reason)

    def _finish(self, paragraphs: list[str], code: ResolutionCode) -> Decision:
        self.replies = [Draft(self._letter(paragraphs, confirm=False))]
        self.change(resolve=code)
        self.state.leave_flow()
        return self.end(code)

    def _letter(self, paragraphs: list[str], confirm: bool = True) -> str:
        """Greeting, the confirmation with the number if none was sent, the matter, the closing."""
        name = self.facts.requester_name
        greeting = self.voice.text("utter_letter_greeting_name" if name else "utter_letter_greeting")
        received = [self.voice.text("utter_letter_received")] if confirm and not self.facts.said_anything else []
        return "\n\n".join([greeting, *received, *paragraphs, self.voice.text("utter_letter_closing")])
