"""The guide and the telephone over the REST API: a topic's questions answered on a ticket, calls written down."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.checklist import check_list, written
from bot.content import View
from bot.guide import Said, Verb, fill_in
from bot.handoff import slot_label
from bot.state import State
from console.api.operation import Call, Operation
from console.api.values import Answer, CallIn, CallOut, Guide, GuideItem, GuideOut, TicketOut
from core.calls import log, reading
from core.errors import InvalidInput, NotFound
from core.models import Agent, Organization, Ticket
from core.values import ticket_number
from web.languages import translator


def _guide(session: Session, call: Call) -> GuideOut:
    """The questions of a topic with the answers so far; of the ticket's own topic unless one is named."""
    ticket = session.get(Ticket, call.ids["ticket"])
    if ticket is None:
        raise NotFound("There is no ticket {number}.", number=ticket_number(call.ids["ticket"]))
    state = State.load(ticket.bot_state)
    topic = call.query.get("topic") or state.guide or ticket.intent or ""
    return _guide_out(session, call, ticket, state, topic)


def _answer(session: Session, call: Call) -> GuideOut:
    value: Guide = call.value
    sayings = [_said(answer) for answer in value.answers]
    fill_in(session, call.content, call.ids["ticket"], call.agent_id, value.topic, sayings, call.now)
    session.flush()
    ticket = session.get_one(Ticket, call.ids["ticket"])
    return _guide_out(session, call, ticket, State.load(ticket.bot_state), value.topic)


def _said(answer: Answer) -> Said:
    verb = {"answer": Verb.ANSWER, "skip": Verb.SKIP, "take_back": Verb.TAKE_BACK}[answer.do]
    return Said(answer.slot, verb, answer.value, answer.seen, answer.insist)


def _guide_out(session: Session, call: Call, ticket: Ticket, state: State, topic: str) -> GuideOut:
    view = _view(session, call, ticket)
    flow = view.flow_for(topic)
    if flow is None:
        raise InvalidInput("There is no guide for this topic. Choose another one.", "topic")
    found = check_list(view, flow, state)
    items = [
        GuideItem(
            slot=item.step.collect or None,
            label=slot_label(view, item.step.collect)[ticket.language] if item.step.collect else "",
            text=_text(view, item.step.utter or item.step.action, ticket.language),
            type=item.slot.type if item.slot is not None else None,
            mark=str(item.mark),
            value=written(item.value),
            seen=item.stamp,
        )
        for item in found.items
    ]
    return GuideOut(topic=topic, items=items, ending=str(found.ending) if found.ending is not None else None)


def _view(session: Session, call: Call, ticket: Ticket) -> View:
    organization = session.get(Organization, ticket.organization_id) if ticket.organization_id is not None else None
    return call.content.of(organization.key if organization is not None else None)


def _text(view: View, response: str, language: str) -> str:
    variants = view.responses.get(response)
    return variants[0].text[language] if variants else ""


def _write_down(session: Session, call: Call) -> TicketOut:
    value: CallIn = call.value
    if value.intent is not None and value.intent not in call.content.of(None).intents:
        raise InvalidInput("There is no such topic.", "intent")
    placeholder = f"[{translator(session.get_one(Agent, call.agent_id).language)('Telephone call')}]"
    ticket_id = log.save(session, call.agent_id, log.Note(**value.model_dump()), placeholder, call.now)
    session.flush()
    return TicketOut.of(session.get_one(Ticket, ticket_id))


def _list_calls(session: Session, call: Call) -> list[CallOut]:
    return [CallOut.of(known.call) for known in reading.newest(session)]


WORK = (
    Operation("GET", "/tickets/{ticket:int}/guide", "tickets:read", "The questions and steps of a topic on a ticket",
              _guide, GuideOut, filters=("topic",)),
    Operation("POST", "/tickets/{ticket:int}/guide", "tickets:write", "Answer questions of a topic on a ticket",
              _answer, GuideOut, Guide),
    Operation("GET", "/calls", "tickets:read", "List the last 100 calls, the newest first", _list_calls, CallOut,
              is_list=True, is_paged=False),
    Operation("POST", "/calls", "tickets:write", "Write a call down; the answer is its ticket", _write_down, TicketOut,
              CallIn, status=201),
)  # fmt: skip
