"""From what was typed to what is kept: nothing unclear is guessed, and no secret lies there in the open."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot import worker
from channels.mail.adapter import KIND as MAIL
from channels.webchat.adapter import KIND as WEBCHAT
from core import intake, outbox
from core.database import Database
from core.errors import Conflict, InboxProblem, InvalidInput, Mistakes, NotFound
from core.inboxes import configuring, editing, reading
from core.inboxes.editing import OWN, Form
from core.inboxes.kinds import entries
from core.models import Inbox, InboxState, Ticket
from core.sealing import CannotOpen, Seal
from core.tickets import actions, decisions
from core.values import Address, Automation, Decision, Draft, Handoff
from tests.core.desk import Desk, letter, seed
from tests.fakes.clock import SetClock
from tests.fakes.letterbox import KIND, LetterboxConfiguration

SEAL = Seal("a secret of the tests")
KINDS = {KIND.key: KIND}


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    return database.write_now(seed, clock)


def save(database: Database, clock: SetClock, inbox_id: int | None = None, seal: Seal = SEAL, **typed: str) -> int:
    form = Form(name="Elm", typed={"street": "Elm Street", **typed})
    return database.write_now(editing.save, KIND, inbox_id, form, seal, clock.now())


def kept(database: Database, inbox_id: int, seal: Seal = SEAL) -> LetterboxConfiguration:
    def read(session: Session) -> LetterboxConfiguration:
        settings = reading.settings_of(session, editing.find(session, inbox_id), KINDS, seal)
        assert isinstance(settings.configuration, LetterboxConfiguration)
        return settings.configuration

    return database.read_now(read)


def test_the_fields_of_a_form_follow_from_their_types() -> None:
    shown = {entry.name: (entry.control, entry.default, entry.is_required) for entry in entries(LetterboxConfiguration)}
    assert shown == {
        "street": ("text", "", True),
        "depth": ("number", "10", False),
        "exclusive": ("switch", "no", False),
        "colour": ("choice", "red", False),
        "names": ("lines", "", False),
        "key": ("secret", "", False),
    }


def test_what_is_typed_is_kept_and_what_is_not_takes_its_default(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = save(database, clock, depth=" 20 ", exclusive="yes", names="Anna\n\n Ben , Carla")
    found = kept(database, inbox_id)
    assert (found.street, found.depth, found.exclusive, found.colour) == ("Elm Street", 20, True, "red")
    assert found.names == ("Anna", "Ben", "Carla")
    inbox = database.read_now(Session.get_one, Inbox, inbox_id)
    assert (inbox.address, inbox.channel, inbox.style, inbox.state) == (
        "elm street",
        "letterbox",
        "letter",
        InboxState.ACTIVE,
    )
    assert configuring.typed(KIND, inbox)["names"] == "Anna\nBen\nCarla"


def test_every_mistake_is_said_at_its_field(database: Database, desk: Desk, clock: SetClock) -> None:
    form = Form(
        name=" ", typed={"street": "", "depth": "deep", "colour": "green", "exclusive": "perhaps"}, team_id=4711
    )
    with pytest.raises(Mistakes) as raised:
        database.write_now(editing.save, KIND, None, form, SEAL, clock.now())
    wrong = {f"{OWN}{name}" for name in ("street", "depth", "colour", "exclusive")}
    assert raised.value.fields.keys() == wrong | {"name", "team"}
    assert str(raised.value.fields[f"{OWN}street"]) == "Please fill this in."
    for depth, words in (("0", "at least 1"), ("91", "at most 90"), ("1.5", "whole number")):
        with pytest.raises(Mistakes) as raised:
            save(database, clock, depth=depth)
        assert words in str(raised.value.fields[f"{OWN}depth"])
    with pytest.raises(Mistakes) as raised:
        save(database, clock, floor="2")
    assert list(raised.value.fields) == [f"{OWN}floor"]


def test_a_secret_is_sealed_kept_when_left_empty_and_removed_when_told(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = save(database, clock, key="open sesame")
    row = database.read_now(lambda session: session.execute(text("SELECT * FROM inbox WHERE id = 3")).one())
    assert "open sesame" not in json.dumps([str(value) for value in row])
    save(database, clock, inbox_id, depth="20")
    assert kept(database, inbox_id).key.get_secret_value() == "open sesame"
    assert "open sesame" not in repr(kept(database, inbox_id))
    form = Form(name="Elm", typed={"street": "Elm Street"}, forget=frozenset({"key"}))
    database.write_now(editing.save, KIND, inbox_id, form, SEAL, clock.now())
    assert kept(database, inbox_id).key.get_secret_value() == ""


def test_with_another_secret_sealed_values_are_lost_unless_the_old_one_is_named(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = save(database, clock, key="open sesame")
    new = Seal("a new secret")
    with pytest.raises(InboxProblem, match="secret"):
        kept(database, inbox_id, new)
    both = Seal("a new secret", ["an even older one", "a secret of the tests"])
    assert kept(database, inbox_id, both).key.get_secret_value() == "open sesame"
    assert database.write_now(editing.seal_anew, both) == 1
    assert database.write_now(editing.seal_anew, both) == 0
    assert kept(database, inbox_id, new).key.get_secret_value() == "open sesame"


def test_what_is_sealed_says_nothing_and_cannot_be_forged() -> None:
    sealed = SEAL.close("open sesame")
    assert SEAL.open(sealed) == "open sesame" and SEAL.close("open sesame") != sealed
    for broken in (sealed[:-4] + "AAAA", "", "nonsense", "ä"):
        with pytest.raises(CannotOpen):
            SEAL.open(broken)


def test_an_address_belongs_to_one_inbox_of_its_kind(database: Database, desk: Desk, clock: SetClock) -> None:
    first = save(database, clock)
    with pytest.raises(Conflict, match="Elm"):
        save(database, clock, street="ELM street")
    save(database, clock, first, street="ELM street")
    database.write_now(editing.set_state, first, InboxState.ARCHIVED)
    with pytest.raises(Conflict, match="archived"):
        save(database, clock)


def test_only_what_was_never_used_is_removed_and_what_is_owed_keeps_it_from_the_archive(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    inbox_id = save(database, clock)
    database.write_now(editing.remove, inbox_id)
    with pytest.raises(NotFound):
        database.read_now(editing.find, inbox_id)
    database.write_now(intake.receive, letter(desk, clock), clock.now())
    with pytest.raises(Conflict, match="Archive it"):
        database.write_now(editing.remove, desk.mail)
    database.write_now(actions.reply, 1, desk.anna, Draft("Bitte neu starten."), clock.now())
    with pytest.raises(Conflict, match="wait to be sent"):
        database.write_now(editing.set_state, desk.mail, InboxState.ARCHIVED)
    for claimed in database.write_now(outbox.claim, clock.advance(minutes=1)):
        database.write_now(outbox.sent, claimed, clock.now())
    database.write_now(editing.set_state, desk.mail, InboxState.ARCHIVED)


def test_mail_is_written_from_the_customer_s_own_mailbox_else_from_the_common_one(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    def mailbox(organization: int | None) -> int | None:
        found = database.read_now(reading.mailbox_for, organization)
        return found.id if found is not None else None

    form = Form(name="Alpha", typed={"address": "alpha@desk.example"}, organization_id=1)
    own = database.write_now(editing.save, MAIL, None, form, SEAL, clock.now())
    assert (mailbox(1), mailbox(2), mailbox(None)) == (own, desk.mail, desk.mail)
    database.write_now(editing.set_state, own, InboxState.PAUSED)
    assert mailbox(1) == desk.mail
    database.write_now(editing.set_state, desk.mail, InboxState.PAUSED)
    assert mailbox(1) is None


def test_what_comes_into_an_inbox_goes_to_its_team(database: Database, desk: Desk, clock: SetClock) -> None:
    def change(session: Session) -> None:
        session.get_one(Inbox, desk.mail).team_id = 2

    database.write_now(change)
    receipt = database.write_now(intake.receive, letter(desk, clock), clock.now())
    [job] = database.write_now(worker.claim_one, clock.now(), receipt.work_id or 0)
    handoff = Decision(replies=(Draft("Ich hole jemanden."),), handoff=Handoff("asked_for_person", {}))
    database.write_now(decisions.apply_decision, job.id, job.lease, handoff, clock.now())
    ticket = database.read_now(Session.get_one, Ticket, receipt.ticket_id)
    assert (ticket.team_id, ticket.level) == (2, 2)
    list_mail = letter(desk, clock, automation=Automation.LIST, sender=Address("email", "list@news.example"))
    again = database.write_now(intake.receive, list_mail, clock.now())
    assert database.read_now(Session.get_one, Ticket, again.ticket_id).team_id == 2


def test_an_unknown_channel_is_a_problem_and_not_a_crash(database: Database, desk: Desk, clock: SetClock) -> None:
    found = database.read_now(reading.configured, KINDS, SEAL)
    assert [one.problem is not None for one in found] == [True, True]
    with pytest.raises(InvalidInput):
        configuring.parse(KIND, {})


def test_a_list_that_must_name_something_is_not_filled_by_itself() -> None:
    with pytest.raises(Mistakes) as raised:
        configuring.parse(WEBCHAT, {"key": "main", "allowed_origins": " "})
    assert str(raised.value.fields["allowed_origins"]) == "Please fill this in."
    assert getattr(configuring.parse(WEBCHAT, {"key": "main"}), "allowed_origins", None) == ("*",)
