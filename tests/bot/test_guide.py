"""People go through a flow by the bot's own engine: what is done, what is next, where it leads; and the bot goes on."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import worker
from bot.checklist import CheckList, Mark, check_list, title_of
from bot.flows import Ending, compile_flow
from bot.guide import Refused, Said, Verb, answer, fill_in, try_out
from bot.state import State
from core import intake
from core.database import Database
from core.errors import Conflict, DeskError, InvalidInput
from core.models import HistoryEntry, Ticket
from core.tickets import actions, decisions
from core.values import Decision, Draft, InboxStyle, Status
from tests.bot.content import alpha_content
from tests.bot.test_turn import Talk, parse, words
from tests.core.desk import Desk, chat_message, letter, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

ALPHA = alpha_content().of("alpha")
FLOW = ALPHA.flows["vpn_problem"]
SLOTS = [step.collect for flow in (FLOW, ALPHA.flows["alpha_details"]) for step in flow.steps if step.collect]


def say(state: State, slot: str, value: str = "", verb: Verb = Verb.ANSWER, **more: Any) -> None:
    """Answer as somebody who sees the list as it is now."""
    seen = next((item.stamp for item in listed(state).items if item.step.collect == slot), "open:")
    answer(ALPHA, FLOW, state, Said(slot, verb, value, **{"seen": seen, **more}), "de")


def listed(state: State) -> CheckList:
    return check_list(ALPHA, FLOW, state)


def marks(state: State) -> dict[str, Mark]:
    return {item.step.collect or item.step.action: item.mark for item in listed(state).items}


def test_before_anything_is_known_the_list_ends_at_the_first_branch() -> None:
    found = listed(State())
    assert [item.mark for item in found.items] == [Mark.TOLD, Mark.OPEN]
    assert found.branches and found.ending is None
    assert found.next is not None and found.next.step.collect == "alpha_where"


def test_the_branch_follows_the_answers_and_another_answer_changes_it() -> None:
    state = State()
    say(state, "alpha_where", "home")
    assert "alpha_router_helped" in marks(state) and "alpha_cable_helped" not in marks(state)
    say(state, "alpha_where", "office")
    assert "alpha_cable_helped" in marks(state) and "alpha_router_helped" not in marks(state)


def test_a_step_that_helped_ends_it_and_one_that_did_not_goes_on() -> None:
    state = State()
    say(state, "alpha_where", "home")
    say(state, "alpha_router_helped", "true")
    assert listed(state).ending is Ending.SOLVED
    say(state, "alpha_router_helped", "false")
    assert listed(state).ending is None and marks(state)["alpha_device"] is Mark.OPEN
    assert state.tried == [["alpha_router_helped", False]], "tried once, however often it was corrected"


def test_all_answered_or_left_out_it_leads_to_the_solver() -> None:
    state = State()
    say(state, "alpha_where", "home")
    say(state, "alpha_router_helped", verb=Verb.SKIP)
    say(state, "alpha_device", "NB-1")
    say(state, "alpha_people", "3,5")
    say(state, "alpha_blocked", "true")
    assert listed(state).ending is None
    say(state, "alpha_words", verb=Verb.SKIP)
    assert listed(state).ending is Ending.HANDOFF
    assert state.tried == [] and state.slots["alpha_people"] == 3.5
    say(state, "alpha_words", verb=Verb.TAKE_BACK)
    assert listed(state).ending is None


def test_steps_ahead_can_be_answered_first() -> None:
    state = State()
    say(state, "alpha_where", "office")
    say(state, "alpha_people", "12")
    assert marks(state)["alpha_people"] is Mark.ANSWERED
    found = listed(state)
    assert found.next is not None and found.next.step.collect == "alpha_cable_helped"


def test_what_the_flow_refuses_is_refused_unless_somebody_insists() -> None:
    state = State()
    with pytest.raises(Refused, match="NB-1234"):
        say(state, "alpha_device", "mein Laptop")
    assert "alpha_device" not in state.slots
    say(state, "alpha_device", "mein Laptop", insists=True)
    assert state.slots["alpha_device"] == "mein Laptop"


def test_a_value_that_was_only_overheard_is_confirmed_first() -> None:
    state = State(slots={"alpha_where": "office", "alpha_cable_helped": False, "alpha_device": "NB-1"})
    item = listed(state).items[3]
    assert (item.step.collect, item.mark, item.value) == ("alpha_device", Mark.OPEN, "NB-1")
    say(state, "alpha_device", "NB-1", Verb.WRITE)
    assert marks(state)["alpha_device"] is Mark.OPEN, "standing in the field is no answer"
    say(state, "alpha_device", "NB-1")
    assert marks(state)["alpha_device"] is Mark.ANSWERED


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("alpha_where", "mars"),
        ("alpha_blocked", "vielleicht"),
        ("alpha_router_helped", "ja"),
        ("alpha_people", "viele"),
        ("alpha_people", "nan"),
        ("alpha_people", "1e999"),
        ("alpha_words", "x" * 2001),
        ("vpn_client", "other"),
        ("alpha_weight", "high"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_with_a_reason(slot: str, value: str) -> None:
    state = State()
    with pytest.raises(InvalidInput) as refused:
        say(state, slot, value)
    assert refused.value.field == slot and state.slots == {}


def test_two_at_once_do_not_overwrite_each_other_silently() -> None:
    state = State()
    first = Said("alpha_words", Verb.WRITE, "Fehler 691", "open:")
    answer(ALPHA, FLOW, state, first, "de")
    untouched = Said("alpha_words", Verb.WRITE, "", "open:")
    assert answer(ALPHA, FLOW, state, untouched, "de") is None, "a field nobody touched says nothing"
    assert answer(ALPHA, FLOW, state, first, "de") is None, "sent twice is said once"
    second = Said("alpha_words", Verb.WRITE, "Fehler 720", "open:")
    with pytest.raises(Conflict, match="Meldung"):
        answer(ALPHA, FLOW, state, second, "de")
    assert state.slots["alpha_words"] == "Fehler 691"
    answer(ALPHA, FLOW, state, replace(second, seen="answered:Fehler 691"), "de")
    assert state.slots["alpha_words"] == "Fehler 720"


def test_trying_out_tells_what_is_wrong_and_changes_nothing() -> None:
    state = State()
    sayings = [Said("alpha_people", Verb.WRITE, "viele", "open:"), Said("alpha_words", Verb.WRITE, "x", "open:")]
    assert set(try_out(ALPHA, FLOW, state, sayings, "de")) == {"alpha_people"}
    assert state == State()


def test_a_flow_that_asks_again_is_listed_to_its_end() -> None:
    flow = compile_flow(
        "again",
        {
            "steps": [
                {"id": "ask", "collect": "alpha_words"},
                {
                    "collect": "alpha_blocked",
                    "next": [
                        {
                            "if": "not slots.alpha_blocked",
                            "then": [
                                {"set_slots": [{"alpha_words": None}, {"alpha_blocked": None}], "next": "ask"},
                            ],
                        },
                        {"else": "END"},
                    ],
                },
            ]
        },
    )
    state = State()
    for slot, value in (("alpha_words", "x"), ("alpha_blocked", "false")):
        answer(ALPHA, flow, state, Said(slot, Verb.ANSWER, value, "open:"), "de")
    place = state.frontier({"again": flow}, flow)
    assert place == (flow, 0) and state.slots["alpha_words"] is None, "it asks for the words once more"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SLOTS), st.sampled_from(list(Verb)), st.sampled_from(["", "true", "home", "7"])))
)
def test_whatever_is_said_the_list_and_the_bot_agree_on_what_is_next(said: list[tuple[str, Verb, str]]) -> None:
    state = State()
    for slot, verb, value in said:
        before = deepcopy(state)
        try:
            say(state, slot, value, verb)
        except DeskError:
            assert state == before
    found = listed(state)
    place = State.load(deepcopy(state.dump())).frontier(ALPHA.flows, FLOW)
    step = place[0].steps[place[1]] if place is not None else None
    if step is not None and step.collect:
        assert found.next is not None and found.next.step == step
    elif step is not None:
        assert found.ending is step.ending and found.next is None


def test_values_are_shown_by_their_titles() -> None:
    assert title_of(ALPHA, "alpha_where", "home", "de") == "Zu Hause"
    assert title_of(ALPHA, "alpha_blocked", True, "de") == "Ja"
    assert title_of(ALPHA, "alpha_words", "Fehler 691", "de") == "Fehler 691"


# -- with the bot, and on a ticket -------------------------------------------------------------------------------------


def test_what_the_bot_asked_and_tried_is_done() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    talk.says("nein", parse("deny"))
    view = MODELS.content.common
    found = check_list(view, view.flows["vpn_problem"], State.load(talk.facts.state))
    assert [item.mark for item in found.items] == [Mark.NOT_HELPED, *[Mark.OPEN] * 4]


def test_steps_of_a_letter_that_did_not_help_are_done() -> None:
    talk = Talk(style=InboxStyle.LETTER)
    talk.says("Der Drucker druckt nicht.", parse("printer_problem"))
    handed = talk.says("Er druckt immer noch nicht.", parse("printer_problem"))
    assert handed.handoff is not None and len(handed.handoff.packet["tried"]) == 3


def test_handed_back_the_bot_goes_on_where_people_stopped_and_asks_nothing_again() -> None:
    talk = Talk(intent="vpn_problem")
    talk.view = ALPHA
    state = State(resume={"topic": "vpn_problem"})
    say(state, "alpha_where", "home")
    say(state, "alpha_router_helped", verb=Verb.SKIP)
    say(state, "alpha_device", "NB-1")
    talk.facts = replace(talk.facts, state=state.dump())
    assert words(talk.says("", *())).endswith("Betroffene?")
    assert words(talk.says("4", parse(None))) == "Arbeit steht?"


def test_handed_back_with_another_topic_the_bot_goes_on_with_that() -> None:
    talk = Talk(intent="vpn_problem", state={"resume": {"topic": "toner_request"}})
    asked = talk.says("", *())
    assert talk.facts.state["flow"] == "toner_request" and asked.handoff is None


def test_handed_back_for_a_step_it_is_asked_although_it_was_tried() -> None:
    state = State(slots={"vpn_restart_helped": False}, resume={"step": "vpn_restart"})
    talk = Talk(intent="vpn_problem", state=state.dump())
    talk.says("", *())
    flow = talk.view.flows["vpn_problem"]
    assert flow.steps[talk.facts.state["step"]].collect == "vpn_restart_helped"


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def guided(database: Database, agent: int, clock: SetClock, *sayings: Said, topic: str = "vpn_problem") -> None:
    database.write_now(fill_in, alpha_content(), 1, agent, topic, sayings, clock.now())


def answered(slot: str, value: str, seen: str = "open:") -> Said:
    return Said(slot, Verb.ANSWER, value, seen)


def test_answers_are_kept_on_the_ticket_told_in_history_and_go_along(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())  # from Alpha
    guided(database, desk.anna, clock, answered("alpha_where", "home"), answered("alpha_router_helped", "false"))
    ticket = database.read_now(Session.get_one, Ticket, 1)
    assert (ticket.level, ticket.assignee_id) == (1, desk.anna), "answering takes over"
    assert ticket.packet["collected"] == [
        {"slot": "alpha_where", "label": {"de": "Ort", "en": "Place"}, "value": "home"}
    ]
    assert [one["helped"] for one in ticket.packet["tried"]] == [False]
    assert ticket.packet["solver"] == "network-l2" and "Ein Schritt" in ticket.packet["summary"]["de"]
    guided(database, desk.ben, clock, answered("alpha_device", "NB-1"))
    lines = database.read_now(
        lambda session: list(session.scalars(select(HistoryEntry).where(HistoryEntry.action == "guided")))
    )
    assert [line.actor_id for line in lines] == [desk.anna, desk.ben]
    assert [one["slot"] for one in lines[0].detail["answers"]] == ["alpha_where", "alpha_router_helped"]
    database.write_now(actions.escalate, 1, desk.anna, "network-l2", "Bitte übernehmen", "", clock.now())
    assert database.read_now(Session.get_one, Ticket, 1).packet["collected"][1]["value"] == "NB-1"


def test_one_wrong_answer_keeps_none(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    with pytest.raises(InvalidInput):
        guided(database, desk.anna, clock, answered("alpha_where", "home"), answered("alpha_people", "viele"))
    ticket = database.read_now(Session.get_one, Ticket, 1)
    assert ticket.level == 0 and "slots" not in ticket.bot_state


def test_saying_nothing_new_changes_nothing(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    guided(database, desk.anna, clock, Said("alpha_words", Verb.WRITE, "", "open:"))
    assert database.read_now(Session.get_one, Ticket, 1).level == 0


def test_the_flow_of_one_customer_is_not_another_s(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, chat_message(desk, clock), clock.now())  # from nobody known
    with pytest.raises(InvalidInput, match="no longer part"):
        guided(database, desk.anna, clock, answered("alpha_where", "home"))
    guided(database, desk.anna, clock, answered("vpn_client", "other"))


def test_a_topic_without_steps_and_a_settled_ticket_are_refused(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    with pytest.raises(InvalidInput, match="no guide"):
        guided(database, desk.anna, clock, answered("alpha_where", "home"), topic="phishing_report")
    database.write_now(actions.reply, 1, desk.anna, Draft("Bitte."), clock.now())
    database.write_now(lambda session: setattr(session.get_one(Ticket, 1), "status", Status.CLOSED))
    with pytest.raises(Conflict, match="settled"):
        guided(database, desk.anna, clock, answered("alpha_where", "home"))


def test_what_the_bot_was_about_to_write_does_not_undo_an_answer(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    receipt = database.write_now(intake.receive, letter(desk, clock), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    guided(database, desk.anna, clock, answered("alpha_where", "home"))
    late = Decision(replies=(Draft("Zu spät."),), state=State().dump())
    assert database.write_now(decisions.apply_decision, job.id, job.lease, late, clock.now()) is None
    assert database.read_now(Session.get_one, Ticket, 1).bot_state["slots"] == {"alpha_where": "home"}
