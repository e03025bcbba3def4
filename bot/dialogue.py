"""The bot where people write to and fro (web chat, messengers): flows step by step, topics, small talk, knowledge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from babel.lists import format_list

from bot import policy
from bot.answers import steps
from bot.draft import certain
from bot.flows import Ending, Step
from bot.handoff import numbered, quoted
from bot.policy import Reason
from bot.reading import (
    Answer,
    asks,
    begins_with_yes_or_no,
    did_it_help,
    does_not_know,
    is_angry,
    is_settled,
    needs_help,
    yes_or_no,
)
from bot.responses import SET_SLOTS
from bot.state import Waiting
from bot.stepping import Stepper
from bot.values import Search
from core.values import Choice, Decision, Draft, ResolutionCode, Status
from nlu.engine import Parse

OWN_MATTER_WORDS, OWN_MATTER = 6, 0.9


class Dialogue(Stepper):
    """One turn of a dialogue. ``decide`` reads from top to bottom like the policy it is."""

    def decide(self) -> Decision | Search:
        if not self.turn.parses:
            return self._resume()
        self.hear(self.turn.parses)
        main = self.turn.parses[0]
        if self.facts.level > 0:
            return self.listen(main)
        if self.facts.status is Status.RESOLVED:
            return self._after_the_end(main)
        if self.facts.payload:
            return self._pressed(self.facts.payload, main)
        if not self.text or (self.facts.only_shows and not self._shows_problem(main)):
            return self._file()
        return self._answer(main)

    def _shows_problem(self, main: Parse) -> bool:
        """A picture without a word opens a matter if it plainly shows one; it never answers a question."""
        is_free = self.state.waiting is Waiting.NOTHING
        return is_free and self.accepted(main) and not main.ambiguous and policy.is_problem(self.view, main)

    # -- what came, from the most certain to the least -------------------------------------------------------------

    def _after_the_end(self, main: Parse) -> Decision | Search:
        """Something on a settled matter: thanks, a question, a new matter, or it is not solved after all."""
        if self.facts.payload == "/human":
            return self.hand_over(Reason.ASKED)
        sure = self.accepted(main)
        if policy.leaves_it_settled(self.text, main, sure):
            self.say("utter_goodbye" if main.intent == "goodbye" else "utter_you_are_welcome")
            return self.end("after_resolution")
        if sure and self.informs(main.intent or ""):
            return self.end("aside")
        if sure and policy.is_problem(self.view, main) and main.intent != self.facts.intent:
            self.state = type(self.state)()
            self.change(new_ticket=True)
            return self._start(main)
        return self.hand_over(Reason.CAME_BACK)

    def _pressed(self, payload: str, main: Parse) -> Decision | Search:
        """A button says exactly what is meant."""
        if match := SET_SLOTS.match(payload):
            step = self.open_step()
            # A button of a question that is no longer open says what is written on it.
            return self._look_up(main) if step is None else self.fill(step, match.group(1), match.group(2))
        command, _, argument = payload.removeprefix("/").partition(":")
        if command == "human":
            return self.hand_over(Reason.ASKED)
        if command == "topic" and argument in self.view.intents:
            return self._start(certain(main, argument))
        if command == "solved" and self.state.waiting is Waiting.ARTICLE:
            return self.resolve(ResolutionCode.SELF_RESOLUTION, "utter_solved")
        if command == "not_yet" and self.state.waiting is Waiting.ARTICLE:
            return self.hand_over(Reason.NOT_SOLVED)
        if command == "other":
            return self._ask_again()
        return self._answer(main)

    def _file(self) -> Decision:
        """A file, or what only people can read, without a word: it belongs to what is being talked about."""
        self.say("utter_file_received" if self.facts.attachments else "utter_for_people")
        self.repeat()
        return self.end("file")

    def _answer(self, main: Parse) -> Decision | Search:
        sure = self.accepted(main)
        if (found := self.urgent()) is not None:
            return self.hand_over(*found)
        if is_angry(self.facts.text or ""):
            return self.hand_over(Reason.COMPLAINT, self.angry_about(main))
        if self.state.waiting is Waiting.SLOT and (step := self.open_step()) is not None:
            return self._answer_step(step, main, sure)
        if self.state.waiting is Waiting.ARTICLE and (decision := self._answer_article(main, sure)) is not None:
            return decision
        if sure and main.intent in policy.POLITE:
            return self._small_talk(main.intent or "")
        if needs_help(self.text):
            self.state.waiting = Waiting.REPHRASE
            self.say("utter_what_is_it_about")
            return self.end("needs_help")
        return self._understand(main, sure)

    def _answer_article(self, main: Parse, sure: bool) -> Decision | None:
        """What is said to an article that was offered, unless it is something else."""
        if sure and policy.is_problem(self.view, main) and not begins_with_yes_or_no(self.text):
            return None
        match did_it_help(self.text, main, sure):
            case Answer.HELPED:
                return self.resolve(ResolutionCode.SELF_RESOLUTION, "utter_solved")
            case Answer.SETTLED:
                return self.resolve(ResolutionCode.SELF_RESOLUTION, "utter_closed")
            case Answer.NOT_HELPED:
                return self.hand_over(Reason.NOT_SOLVED)
            case Answer.TRYING | Answer.DONE | Answer.THANKS as answer:
                return self._ask_whether_it_helped(answer, self.voice.draft("utter_did_it_help").choices)
        return None

    def _understand(self, main: Parse, sure: bool) -> Decision | Search:
        """A fresh matter: start it, ask which, or look it up."""
        spec = self.view.intents.get(main.intent or "")
        if sure and not main.ambiguous and spec is not None and spec.bot != "chat":
            return self._start(main)
        candidates = [intent for intent, _ in main.ranking[:2] if policy.is_problem(self.view, certain(main, intent))]
        if main.ambiguous and len(candidates) == 2 and self.state.waiting is not Waiting.TOPIC:
            return self._ask_which(main, candidates)
        return self._look_up(main)

    # -- topics -----------------------------------------------------------------------------------------------------

    def _start(self, main: Parse) -> Decision | Search:
        self.adopt(main)
        self.state.misses = 0
        if not self.facts.payload:
            self.state.words = self.text
        if (reason := policy.immediate(self.view, main, self.facts.vip)) is not None:
            return self.hand_over(reason, main)
        self._put_aside(self.others(main), main)
        flow = self.view.flow_for(main.intent or "")
        if flow is None:
            return self._look_up(main)
        return self.run(flow, 0)

    def _put_aside(self, others: list[str], main: Parse) -> None:
        """Further matters of the same message come after the first one, which is named first."""
        if not others:
            return
        self.state.topics += others
        later = [quoted(self.view.label(one, self.language), self.language) for one in others]
        first = self.view.label(main.intent or "", self.language)
        self.say("utter_first_topic", topic=first, later=format_list(later, locale=self.language))

    def _ask_which(self, main: Parse, candidates: list[str]) -> Decision:
        self.adopt_ranking(main)
        self.state.leave_flow()
        self.state.waiting = Waiting.TOPIC
        self.state.words = self.state.words or self.text
        choices = [Choice(self.view.label(intent, self.language), f"/topic:{intent}") for intent in candidates]
        other = Choice(self.voice.text("utter_something_else"), "/other")
        self.replies.append(Draft(self.voice.text("utter_which_topic"), (*choices, other)))
        return self.end("ambiguous")

    def adopt_ranking(self, main: Parse) -> None:
        self.state.ranking = [[intent, round(confidence, 3)] for intent, confidence in main.ranking[:3]]

    def _ask_again(self) -> Decision:
        self.state.misses += 1
        if self.state.misses >= policy.MISSES:
            return self.hand_over(Reason.NOT_UNDERSTOOD)
        self.state.leave_flow()
        self.state.waiting = Waiting.REPHRASE
        self.say("utter_ask_rephrase")
        return self.end("not_understood")

    def _look_up(self, main: Parse) -> Decision | Search:
        """Nothing fits: the knowledge may. Never a guess."""
        if self.turn.hits is None:
            return Search(self.text, self.language)
        self.adopt_ranking(main)
        self.state.words = self.state.words or self.text
        hit = next((hit for hit in self.turn.hits if hit.is_close), None)
        if hit is None or self.state.article == hit.article.id:
            if self.accepted(main) and policy.is_problem(self.view, main):
                return self.hand_over(Reason.NO_ANSWER_KNOWN)
            return self._ask_again()
        self.state.leave_flow()
        self.state.waiting, self.state.article = Waiting.ARTICLE, hit.article.id
        body = numbered(steps(hit.article)) or hit.article.summary
        offer = self.voice.text("utter_article", title=hit.article.title, summary=hit.article.summary)
        question = self.voice.draft("utter_did_it_help")
        meta = {"article": hit.article.key}
        self.replies.append(Draft(f"{offer}\n\n{body}\n\n{question.text}", question.choices, True, (), meta))
        return self.end("knowledge")

    def _small_talk(self, intent: str) -> Decision:
        self.say({"thank": "utter_you_are_welcome"}.get(intent, f"utter_{intent}"))
        if intent != "goodbye":
            self.repeat()
        return self.end("small_talk")

    # -- flows ------------------------------------------------------------------------------------------------------

    def _resume(self) -> Decision | Search:
        """A person handed the ticket back: go on where they said."""
        resume = self.state.resume
        self.state.resume = {}
        flow = self.view.flow_for(resume.get("topic") or self.facts.intent or "")
        if flow is None:
            self.state.leave_flow()
            self.say("utter_handed_back")
            return self.end("handed_back")
        self.say("utter_resume")
        if resume.get("topic"):
            return self.go_on(flow)
        wanted = next((i for i, step in enumerate(flow.steps) if _is_meant(step, resume)), None)
        if wanted is not None:
            self.state.ask_again(flow.steps[wanted].collect)
            return self.run(flow, wanted)
        for step in flow.guided:
            self.state.ask_again(step.collect)
        return self.run(flow, 0)

    def _answer_step(self, step: Step, main: Parse, sure: bool) -> Decision | Search:
        """An answer to a question, unless it clearly is something else."""
        plain = sure and main.confidence >= policy.SWITCH
        if plain and main.intent in ("greet", "goodbye"):
            return self._small_talk(main.intent)
        if plain and self.informs(main.intent or ""):
            self.repeat()
            return self.end("aside")
        if not step.is_guided and is_settled(self.text, main, plain):
            return self.leave(Ending.WITHDRAWN)
        is_another = plain and main.intent not in self.view.flows[self.state.flow].intents
        changed = is_another and policy.is_problem(self.view, main)
        return self._judge(step, main, sure, changed) if step.is_guided else self._take(step, main, sure, changed)

    def _judge(self, step: Step, main: Parse, sure: bool, changed: bool) -> Decision | Search:
        """Whether a step helped. Who asks, or is still at it, has said neither."""
        is_same = sure and main.intent in self.view.flows[self.state.flow].intents
        answer = did_it_help(self.text, main, sure, is_same)
        if changed and self._is_another_matter(answer, main):
            return self._change_topic(main)
        match answer:
            case Answer.HELPED | Answer.NOT_HELPED:
                return self.fill(step, step.collect, answer is Answer.HELPED)
            case Answer.SETTLED:
                return self.leave(Ending.WITHDRAWN)
            case Answer.TRYING | Answer.THANKS:
                return self._ask_whether_it_helped(answer, self.question_of(step).choices)
            case Answer.DONE if self._is_first_aside():
                return self._ask_whether_it_helped(answer, self.question_of(step).choices)
            case Answer.QUESTION if self._is_first_aside():
                return self._explain(step)
        return self.miss(step)

    def _is_another_matter(self, answer: Answer, main: Parse) -> bool:
        if answer is Answer.NOT_HELPED:
            return main.confidence >= OWN_MATTER and not begins_with_yes_or_no(self.text)
        return answer is Answer.UNCLEAR or (answer is Answer.QUESTION and self._is_a_matter_of_its_own(main))

    def _is_first_aside(self) -> bool:
        """The first words beside the question are no misunderstanding yet."""
        self.state.asides += 1
        return self.state.asides == 1

    def _ask_whether_it_helped(self, answer: Answer, choices: tuple[Choice, ...]) -> Decision:
        told = {Answer.TRYING: "utter_take_your_time", Answer.DONE: "utter_good_and_now"}
        text = self.voice.text(told.get(answer, "utter_welcome_and_now"))
        self.replies.append(Draft(text, choices, offers_help=True))
        return self.end(answer)

    def _explain(self, step: Step) -> Decision:
        """A question about a step: the step once more, and a way to somebody who knows more."""
        said, question = (
            self.voice.draft("utter_explain_step", step=self.voice.text(step.utter)),
            self.question_of(step),
        )
        self.replies.append(Draft(said.text, (*question.choices, *said.choices), offers_help=True))
        return self.end(Answer.QUESTION)

    def _take(self, step: Step, main: Parse, sure: bool, changed: bool) -> Decision | Search:
        """A value for the slot asked for; who does not know it is not asked again, who asks back is answered once."""
        value = self._value(step, main, sure)
        if changed and (value is None or (self._is_free_text(step) and self._is_a_matter_of_its_own(main))):
            return self._change_topic(main)
        is_vague = value is None or (self._is_free_text(step) and value == self.text)
        if is_vague and does_not_know(self.text):
            self.state.skip(step.collect)
            self.state.misses = self.state.asides = 0
            self.say("utter_without_it")
            return self.run(self.view.flows[self.state.flow], step.next(self.state.slots))
        if is_vague and asks(self.text) and self._is_first_aside():
            self.say("utter_why_i_ask")
            self.ask(step)
            return self.end(Answer.QUESTION)
        return self.miss(step) if value is None else self.fill(step, step.collect, value)

    def _change_topic(self, main: Parse) -> Decision | Search:
        self.state.leave_flow()
        return self._start(main)

    def _value(self, step: Step, main: Parse, sure: bool) -> Any:
        """What the message says about the slot asked for, or None."""
        slot = self.view.slots[step.collect]
        for entity in main.entities:
            if entity.name in slot.entities:
                return entity.value
        if slot.type == "bool":
            return yes_or_no(self.text, main, sure)
        if slot.type == "categorical":
            return self._category(step, slot.values)
        if slot.type == "float":
            number = re.search(r"-?\d+(?:[.,]\d+)?", self.text)
            return float(number.group().replace(",", ".")) if number else None
        return self.text or None

    def _category(self, step: Step, values: tuple[str, ...]) -> str | None:
        """A categorical slot is answered by a button's title or value, or by its number in the list."""
        said = self.text.casefold()
        buttons = self.voice.draft(step.utter).choices
        for place, button in enumerate(buttons, 1):
            match = SET_SLOTS.match(button.payload)
            if match and (said in (str(place), button.title.casefold()) or button.title.casefold() in said):
                return match.group(2)
        return next((value for value in values if value.casefold() in re.findall(r"\w+", said)), None)

    def _is_free_text(self, step: Step) -> bool:
        return self.view.slots[step.collect].type == "text"

    def _is_a_matter_of_its_own(self, main: Parse) -> bool:
        """An answer in free words may name any device; a change of topic is a sentence, and a clear one."""
        return len(self.text.split()) >= OWN_MATTER_WORDS and main.confidence >= OWN_MATTER


def _is_meant(step: Step, resume: Mapping[str, str]) -> bool:
    """Whether people handed the ticket back for this step, by its id or by what it asks."""
    return step.id == resume.get("step") or (bool(step.collect) and step.collect == resume.get("ask"))
