"""Two tickets become one: nothing said is lost, what comes later finds its way, and the merged one says where to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import worker
from core import intake, outbox
from core.database import Database
from core.errors import Conflict, DeskError, InvalidInput, NotAllowed, NotFound
from core.models import (
    Conversation,
    HistoryEntry,
    Message,
    Organization,
    PromiseState,
    Requester,
    Role,
    Team,
    TeamMember,
    Ticket,
    WorkRow,
)
from core.tickets import actions, decisions, details, lists, merging, views
from core.values import (
    Address,
    Automation,
    Decision,
    Delivery,
    Draft,
    ResolutionCode,
    Scale,
    Status,
)
from tests.core.desk import Desk, chat_message, letter, make, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


@pytest.fixture
def two(database: Database, desk: Desk, clock: SetClock) -> tuple[int, int]:
    """Two letters of Carla about one printer, both with Anna: the later one, and the first."""
    found = []
    for text in ("Mein Drucker druckt nicht.", "Der Drucker, noch einmal."):
        receipt = database.write_now(intake.receive, letter(desk, clock, text), clock.now())
        found.append(receipt.ticket_id or 0)
        database.write_now(actions.take_over, found[-1], desk.anna, clock.now())
        clock.advance(minutes=1)
    return found[1], found[0]


def _ticket(database: Database, ticket_id: int) -> Ticket:
    return database.read_now(Session.get_one, Ticket, ticket_id)


def _texts(database: Database, ticket_id: int) -> list[str]:
    query = select(Message.text).where(Message.ticket_id == ticket_id).order_by(Message.id)
    return database.read_now(lambda session: list(session.scalars(query)))


def _count(session: Session, tickets: list[int]) -> int:
    return session.scalar(select(func.count()).where(Message.ticket_id.in_(tickets))) or 0


def _history(database: Database, ticket_id: int) -> list[str]:
    query = select(HistoryEntry.action).where(HistoryEntry.ticket_id == ticket_id).order_by(HistoryEntry.id)
    return database.read_now(lambda session: list(session.scalars(query)))


def test_everything_said_and_noted_is_read_on_the_other_ticket(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    database.write_now(actions.note, source, desk.anna, "Gerät steht im zweiten Stock. @Ben", clock.now())
    database.write_now(details.classify, source, desk.anna, clock.now(), urgency=Scale.HIGH, impact=Scale.HIGH)
    database.write_now(merging.merge, source, target, desk.anna, clock.now())
    assert _texts(database, source) == []
    assert _texts(database, target) == [
        "Mein Drucker druckt nicht.",
        "Der Drucker, noch einmal.",
        "Gerät steht im zweiten Stock. @Ben",
    ]
    merged, kept = _ticket(database, source), _ticket(database, target)
    assert (merged.status, merged.resolution_code) == (Status.CLOSED, ResolutionCode.DUPLICATE)
    assert (merged.merged_into_id, kept.merged_into_id, kept.status) == (target, None, Status.OPEN)
    assert kept.priority == 1, "the weight of the matter never shrinks"
    assert _history(database, source)[-1] == "merged_into" and "merged" in _history(database, target)
    detail = database.read_now(views.detail, target)
    said = [entry.message for entry in detail.timeline if entry.message is not None]
    assert [one.meta.get("from_ticket") for one in said] == [None, source, source]
    assert list(detail.mentions.values()) == [{desk.ben: "Ben"}]


def test_later_mail_of_the_merged_ticket_lands_on_the_other_by_reference_number_or_thread(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    [conversation] = database.read_now(
        lambda session: list(session.scalars(select(Conversation).where(Conversation.ticket_id == source)))
    )
    external = database.read_now(
        lambda session: session.scalar(select(Message.external_id).where(Message.ticket_id == source))
    )
    database.write_now(merging.merge, source, target, desk.anna, clock.now())
    for clue in ({"references": (external,)}, {"ticket_refs": (source,)}, {"thread_key": conversation.thread_key}):
        receipt = database.write_now(intake.receive, letter(desk, clock, "Und?", **clue), clock.now())
        assert (receipt.ticket_id, receipt.conversation_id) == (target, conversation.id), clue
    stranger = letter(desk, clock, "Ich auch", sender=Address("email", "eve@beta.example"), ticket_refs=(source,))
    receipt = database.write_now(intake.receive, stranger, clock.now())
    assert receipt.ticket_id not in two, "a number alone opens nobody's ticket"
    absent = letter(desk, clock, "Abwesend", ticket_refs=(source,), automation=Automation.AUTO_REPLY)
    assert database.write_now(intake.receive, absent, clock.now()).ticket_id == target


def test_the_subject_of_the_merged_ticket_is_no_new_one_on_the_other(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    late = database.write_now(intake.receive, letter(desk, clock, "…", subject="Papierstau"), clock.now())
    source = late.ticket_id or 0
    database.write_now(merging.merge, source, two[1], desk.anna, clock.now())
    for subject, is_new in (("Re: Papierstau", False), ("Urlaubsantrag", True)):
        mail = letter(desk, clock, "Und?", subject=subject, ticket_refs=(source,))
        assert database.write_now(intake.receive, mail, clock.now()).ticket_id == two[1]
        assert ("suggested_split" in _history(database, two[1])) == is_new


def test_who_took_part_in_the_merged_ticket_takes_part_in_the_other(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    first = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    jonas = letter(desk, clock, "Bei mir auch.", sender=Address("email", "jonas@alpha.example", "Jonas"))
    second = database.write_now(intake.receive, jonas, clock.now()).ticket_id or 0
    database.write_now(merging.merge, second, first, desk.anna, clock.now())
    again = replace(
        jonas, dedupe_key="again", external_id="<again@alpha.example>", ticket_refs=(second,), text="Läuft."
    )
    assert database.write_now(intake.receive, again, clock.now()).ticket_id == first
    answer = database.write_now(actions.reply, first, desk.anna, Draft("Danke!"), clock.now())
    clock.advance(minutes=1)
    [sending] = [one for one in database.write_now(outbox.claim, clock.now()) if one.message.message_id == answer]
    assert sending.message.recipient.value == "jonas@alpha.example", "whoever wrote last is answered"
    assert database.read_now(views.detail, first).channel_name == "Jonas"


def test_a_chat_goes_on_with_the_other_ticket(database: Database, desk: Desk, clock: SetClock) -> None:
    mail = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    chat = database.write_now(intake.receive, chat_message(desk, clock), clock.now())
    database.write_now(merging.merge, chat.ticket_id or 0, mail, desk.anna, clock.now())
    later = database.write_now(intake.receive, chat_message(desk, clock, "Noch da?"), clock.now())
    assert (later.ticket_id, later.conversation_id) == (mail, chat.conversation_id)
    answer = database.write_now(actions.reply, mail, desk.anna, Draft("Ja."), clock.now())
    assert database.read_now(Session.get_one, Message, answer).conversation_id == chat.conversation_id


async def test_what_the_bot_had_in_hand_ends_and_people_have_the_matter(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    target = await database.write(intake.receive, letter(desk, clock), clock.now())
    source = await database.write(intake.receive, letter(desk, clock, "Nochmal"), clock.now())
    [job] = await database.write(worker.claim_one, clock.now(), source.work_id or 0)
    await database.write(merging.merge, source.ticket_id or 0, target.ticket_id or 0, desk.anna, clock.now())
    late = Decision(replies=(Draft("Ein Vorschlag."),))
    assert await database.write(decisions.apply_decision, job.id, job.lease, late, clock.now()) is None
    kept = await database.read(Session.get_one, Ticket, target.ticket_id)
    assert (kept.level, kept.assignee_id) == (1, desk.anna)
    owed = select(func.count()).select_from(WorkRow).where(WorkRow.state == PromiseState.PENDING)
    assert await database.read(lambda session: session.scalar(owed)) == 0


def test_the_requester_is_told_where_they_know_the_merged_ticket_and_nowhere_else(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    unheard = database.write_now(intake.receive, letter(desk, clock, "Drittens"), clock.now()).ticket_id or 0
    assert database.write_now(merging.merge, unheard, target, desk.anna, clock.now(), "Weiter in {…}") is None
    database.write_now(actions.reply, source, desk.anna, Draft("Wir sehen nach."), clock.now())
    told = database.write_now(merging.merge, source, target, desk.anna, clock.now(), "Es geht dort weiter.")
    message = database.read_now(Session.get_one, Message, told)
    assert (message.ticket_id, message.delivery, message.author_name) == (target, Delivery.QUEUED, "Anna")
    clock.advance(minutes=1)
    sent = {}
    while claimed := database.write_now(outbox.claim, clock.now()):
        for one in claimed:
            sent[one.message.message_id] = one.message
            database.write_now(outbox.sent, one, clock.now())
    assert told is not None and sent[told].ticket_id == target
    assert len({one.conversation_id for one in sent.values()}) == 1, "told where they know it"


def test_the_longest_wait_and_a_promised_call_count_on(database: Database, desk: Desk, clock: SetClock) -> None:
    first = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    waiting_since = clock.now()
    clock.advance(minutes=5)
    second = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    database.write_now(actions.reply, second, desk.anna, Draft("Welches Gerät?"), clock.now())
    assert _ticket(database, second).status is Status.PENDING
    database.write_now(merging.merge, first, second, desk.anna, clock.now())
    kept = _ticket(database, second)
    assert (kept.status, kept.waiting_since) == (Status.OPEN, waiting_since)


def test_whose_ticket_is_merged_goes_on_with_what_nobody_has(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    database.write_now(actions.assign, target, desk.anna, None, clock.now())
    database.write_now(merging.merge, source, target, desk.anna, clock.now())
    assert _ticket(database, target).assignee_id == desk.anna


def test_a_chain_of_merges_ends_at_the_last(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    first, second = two
    third = database.write_now(intake.receive, letter(desk, clock, "Drittens"), clock.now()).ticket_id or 0
    database.write_now(merging.merge, first, second, desk.anna, clock.now())
    database.write_now(merging.merge, second, third, desk.anna, clock.now())
    assert [_ticket(database, one).merged_into_id for one in (first, second, third)] == [third, third, None]
    later = database.write_now(intake.receive, letter(desk, clock, "Und?", ticket_refs=(first,)), clock.now())
    assert later.ticket_id == third


def test_what_cannot_be_merged_says_why_and_changes_nothing(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    other = letter(desk, clock, sender=Address("email", "otto@beta.example", "Otto"))
    foreign = database.write_now(intake.receive, other, clock.now()).ticket_id or 0
    settled = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    database.write_now(actions.resolve, settled, desk.anna, ResolutionCode.SOLVED, clock.now())
    of_ben = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    database.write_now(actions.take_over, of_ben, desk.ben, clock.now())
    before = [_texts(database, one) for one in (source, target)]
    refused: list[tuple[int, int, type[DeskError], str]] = [
        (source, source, InvalidInput, "itself"),
        (source, 4711, NotFound, "There is no ticket"),
        (source, foreign, Conflict, "different customers"),
        (source, settled, Conflict, "Reopen it first"),
        (of_ben, source, NotAllowed, "colleague"),
    ]
    for one, into, error, words in refused:
        with pytest.raises(error, match=words):
            database.write_now(merging.merge, one, into, desk.anna, clock.now())
    assert [_texts(database, one) for one in (source, target)] == before
    database.write_now(merging.merge, settled, target, desk.anna, clock.now())
    assert _ticket(database, settled).merged_into_id == target, "what is settled may join what is not"
    for one, into in ((settled, source), (source, settled)):
        with pytest.raises(Conflict, match="was merged into"):
            database.write_now(merging.merge, one, into, desk.anna, clock.now())
    with pytest.raises(Conflict, match="was merged into"):
        database.write_now(actions.note, settled, desk.anna, "Zu spät", clock.now())


def test_somebody_without_a_customer_may_belong_to_one(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    private = letter(desk, clock, "Von zu Hause", sender=Address("email", "carla@home.example", "Carla"))
    source = database.write_now(intake.receive, private, clock.now()).ticket_id or 0
    database.write_now(merging.merge, source, two[1], desk.anna, clock.now())
    alpha = database.read_now(
        lambda session: session.scalar(select(Organization.id).where(Organization.key == "alpha"))
    )
    assert _ticket(database, two[1]).organization_id == alpha


def test_a_security_matter_is_merged_by_its_team_or_a_lead(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    database.write_now(actions.escalate, source, desk.anna, "security", "Phishing", "", clock.now())
    with pytest.raises(NotAllowed, match="Security"):
        database.write_now(merging.merge, source, target, desk.anna, clock.now())
    with pytest.raises(NotAllowed, match="Security"):
        database.write_now(merging.merge, target, source, desk.anna, clock.now())

    def join(session: Session) -> None:
        team = session.scalars(select(Team).where(Team.key == "security")).one()
        session.add(TeamMember(team_id=team.id, agent_id=desk.anna))

    database.write_now(join)
    database.write_now(merging.merge, target, source, desk.anna, clock.now())
    database.write_now(make, desk.ben, Role.LEAD)
    third = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    database.write_now(merging.merge, third, source, desk.ben, clock.now())
    assert _ticket(database, third).merged_into_id == source


async def test_of_two_merges_at_once_one_happens_and_nothing_is_doubled(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    for _ in range(10):
        ids = [
            (await database.write(intake.receive, letter(desk, clock, f"Nummer {n}"), clock.now())).ticket_id or 0
            for n in range(3)
        ]
        wishes = [(ids[0], ids[1]), (ids[1], ids[0]), (ids[0], ids[2]), (ids[0], ids[1])]
        outcomes = await asyncio.gather(
            *(database.write(merging.merge, one, into, desk.anna, clock.now()) for one, into in wishes),
            database.write(intake.receive, letter(desk, clock, "Dazwischen", ticket_refs=(ids[0],)), clock.now()),
            return_exceptions=True,
        )
        assert all(isinstance(one, Conflict) for one in outcomes[:4] if isinstance(one, BaseException))
        tickets = [await database.read(Session.get_one, Ticket, one) for one in ids]
        left = [one for one in tickets if one.merged_into_id is None]
        assert {one.merged_into_id for one in tickets} - {None} <= {one.id for one in left}
        assert await database.read(_count, [one.id for one in left]) == 4
        assert await database.read(_count, ids) == 4


def test_the_same_requester_s_open_tickets_are_suggested_and_what_the_history_points_to_first(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    settled = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    database.write_now(actions.resolve, settled, desk.anna, ResolutionCode.SOLVED, clock.now())
    stranger = letter(
        desk, clock, sender=Address("email", "carla@home.example"), ticket_refs=(target,), subject="Re: Drucker"
    )
    linked = database.write_now(intake.receive, stranger, clock.now()).ticket_id or 0

    def suggested(session: Session, ticket_id: int) -> list[int]:
        return merging.suggestions(session, session.get_one(Ticket, ticket_id))

    assert database.read_now(suggested, source) == [target]
    assert database.read_now(suggested, linked) == [target]


def test_a_merged_ticket_is_found_under_resolved_and_nowhere_else(
    database: Database, desk: Desk, two: tuple[int, int], clock: SetClock
) -> None:
    source, target = two
    database.write_now(merging.merge, source, target, desk.anna, clock.now())
    for view in lists.View:
        ids = [row.id for row in database.read_now(lists.view_rows, view, desk.anna, clock.now())]
        assert (source in ids) == (view is lists.View.RESOLVED), view
    requester = _ticket(database, target).requester_id
    assert database.read_now(Session.get_one, Requester, requester).name == "Carla"
