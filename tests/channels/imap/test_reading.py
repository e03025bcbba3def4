"""Mailboxes by IMAP, with a real Dovecot: everything in them is documented once, whatever happens on the way."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import pytest

from channels.mail.imap import mailbox
from core.inboxes import positions
from core.models import RunState
from core.values import InboundMessage
from tests.channels.imap.place import LONG, USER, Place, letter, text, until
from tests.channels.mailboxes import Running
from tests.fakes import dovecot

pytestmark = dovecot.needed

WAITING = int(os.environ.get("FIRSTLINE_TEST_MAILS", "10000"))


async def test_what_waits_and_what_comes_becomes_tickets_and_nothing_is_marked(place: Place) -> None:
    place.server.deliver(USER, letter(1), letter(2))
    await place.set_up()
    async with place.process().running():
        await place.works()
        await until(place.texts, [text(1), text(2)])
        place.server.deliver(USER, letter(3))
        await until(place.texts, [text(1), text(2), text(3)])
    assert await place.ledger() == {"ticketed": 3}
    assert place.server.flags(USER) == [(), (), ()]


async def test_what_others_marked_as_read_or_dated_long_ago_is_read_all_the_same(place: Place) -> None:
    await place.set_up(imap_begin="new")
    async with place.process().running():
        await place.works()
    place.server.deliver(USER, letter(1), arrived_at=86_400.0)
    with place.server.open(USER) as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), [b"\\Seen"])
    async with place.process().running():
        await until(place.texts, [text(1)])


async def test_what_lay_there_before_may_be_left(place: Place) -> None:
    place.server.deliver(USER, letter("old"))
    await place.set_up(imap_begin="new", imap_afterwards="seen")
    async with place.process().running():
        await place.works()
        place.server.deliver(USER, letter("new"))
        await until(place.texts, [text("new")])
        await until(place.tidied_to, 2)
    assert place.server.flags(USER) == [(), ("\\Seen",)]


async def test_mails_are_moved_after_their_commit_and_the_unreadable_elsewhere(place: Place) -> None:
    place.server.deliver(USER, letter(1), b"Subject: Von niemandem\r\n\r\nHallo\r\n", letter(2))
    done, unreadable = "Erledigt für immer", "Unlesbar"
    await place.set_up(imap_afterwards="move", imap_done_folder=done, imap_unreadable_folder=unreadable)
    async with place.process().running():
        await until(place.tidied_to, 3)
        place.server.deliver(USER, letter(3))
        await until(place.tidied_to, 4)
    assert await place.texts() == [text(1), text(2), text(3)]
    assert await place.ledger() == {"ticketed": 3, "quarantined": 1}
    counts = {folder: len(place.server.flags(USER, folder)) for folder in ("INBOX", done, unreadable)}
    assert counts == {"INBOX": 0, done: 3, unreadable: 1}


async def test_a_folder_that_cannot_be_written_shows_as_a_problem_and_mails_are_read_on(place: Place) -> None:
    place.server.deliver(USER, letter(1))
    await place.set_up(imap_afterwards="move", imap_done_folder="Falsch//Name")
    async with place.process().running():
        found = await place.health(lambda one: one.current_problem)
        assert "cannot be moved to the folder “Falsch//Name”" in str(found.current_problem)
        place.server.deliver(USER, letter(2))
        await until(place.texts, [text(1), text(2)])
        assert len(place.server.flags(USER)) == 2
        await place.set_up(imap_afterwards="move", imap_done_folder="Erledigt")
        await until(place.tidied_to, 2)
    assert len(place.server.flags(USER, "Erledigt")) == 2
    assert await place.ledger() == {"ticketed": 2}, "none was read twice"


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_around_the_commit_neither_loses_nor_doubles(place: Place, moment: str) -> None:
    place.server.deliver(USER, *(letter(number) for number in range(6)))
    await place.set_up(imap_afterwards="seen")
    process = place.process()
    crashes = ["3"]

    async def receive(message: InboundMessage) -> Any:
        crash = message.subject.endswith("3") and crashes and crashes.pop()
        if crash and moment == "before":
            raise ConnectionError("the database went away")
        receipt = await Running._receive(process, message)
        if crash:
            raise ConnectionError("the process went away")
        return receipt

    process.receive = receive
    async with process.running():
        await until(place.tidied_to, 6)
    assert await place.texts() == [text(number) for number in range(6)]
    assert (await place.ledger())["ticketed"] == 6
    assert place.server.flags(USER) == [("\\Seen",)] * 6


async def test_a_killed_connection_and_a_server_that_goes_and_comes_lose_nothing(place: Place) -> None:
    await place.set_up()
    async with place.process().running():
        await place.works()
        place.server.kick(USER)
        place.server.deliver(USER, letter(1))
        await until(place.texts, [text(1)])
        place.server.stop()
        found = await place.health(lambda one: one.verdict == "problem")
        assert [run.state for run in found.runs] == [RunState.RETRYING]
        assert "Nothing listens on" in str(found.current_problem) or "was lost" in str(found.current_problem)
        place.server.deliver(USER, letter(2))
        place.server.start()
        await until(place.texts, [text(1), text(2)])
        await place.works()
    assert await place.ledger() == {"ticketed": 2}


async def test_other_numbers_of_the_same_mails_are_read_again_without_doubling(place: Place) -> None:
    place.server.deliver(USER, letter("old"), arrived_at=place.clock.now().timestamp() - 3600)
    await place.set_up(imap_begin="new")
    async with place.process().running():
        await place.works()
        place.server.deliver(USER, letter(1), letter(2))
        await until(place.texts, [text(1), text(2)])
        place.server.deliver(USER, letter(3))
        place.server.renumber(USER, 4711)
        place.server.kick(USER)
        await until(place.texts, [text(1), text(2), text(3)])
    found = await place.database.read(positions.read, place.inbox_id)
    assert found is not None and (found.generation, found.read_to) == (4711, 4)
    assert (await place.ledger())["ticketed"] == 3, "what was there before the inbox stays out"


async def test_a_poison_mail_is_set_aside_after_some_attempts_and_the_others_are_read_on(place: Place) -> None:
    place.server.deliver(USER, letter(1), letter("poison"), letter(2))
    await place.set_up()
    process = place.process()

    async def receive(message: InboundMessage) -> Any:
        if message.subject == "Frage poison":
            raise ZeroDivisionError("nobody thought of this")
        return await Running._receive(process, message)

    process.receive = receive
    async with process.running():
        await until(place.aside, [("ZeroDivisionError: nobody thought of this", "Frage poison")])
        place.server.deliver(USER, letter(3))
        await until(place.texts, [text(1), text(2), text(3)])


async def test_a_mail_that_is_too_large_is_named_and_not_fetched(place: Place) -> None:
    large = letter("large")
    large.add_attachment(bytes(2 * 1024 * 1024), maintype="application", subtype="x-dump", filename="dump.bin")
    place.server.deliver(USER, letter(1), large, letter(2))
    await place.set_up(max_megabytes="1", imap_afterwards="seen")
    async with place.process().running():
        await until(place.texts, [text(1), text(2)])
        await until(place.tidied_to, 3)
    assert await place.aside() == [(mailbox.TOO_LARGE, "Frage large")]
    assert place.server.flags(USER) == [("\\Seen",), (), ("\\Seen",)]


async def test_only_one_process_reads_a_mailbox_and_another_takes_over(place: Place) -> None:
    place.server.deliver(USER, *(letter(number) for number in range(20)))
    await place.set_up()
    second = place.process("two")
    async with second.running():
        async with place.process("one").running():
            await until(place.ledger, {"ticketed": 20})
            states = await place.health(lambda one: len(one.runs) == 2)
            assert {run.state for run in states.runs} == {RunState.RUNNING, RunState.STANDBY}
        await place.health(lambda one: one.is_running)
        place.server.deliver(USER, letter(20))
        await until(place.ledger, {"ticketed": 21})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_ten_thousand_waiting_mails_become_tickets_once_each_while_connections_die(place: Place) -> None:
    place.server.deliver(USER, *(letter(number) for number in range(WAITING)))
    await place.set_up(imap_afterwards="move", imap_done_folder="Erledigt")
    async with place.process().running():
        for share in (4, 2):
            await until(partial(has_read, place, WAITING // share), True, LONG)
            place.server.kick(USER)
        await until(place.tidied_to, WAITING, LONG)
    assert (await place.ledger())["ticketed"] == WAITING
    assert len(set(await place.texts())) == WAITING
    assert (len(place.server.flags(USER)), len(place.server.flags(USER, "Erledigt"))) == (0, WAITING)


async def has_read(place: Place, count: int) -> bool:
    return await place.tidied_to() >= count


async def test_a_mail_that_the_server_cannot_give_out_is_set_aside_and_the_others_are_read_on(place: Place) -> None:
    place.server.deliver(USER, letter(1), letter("broken"), letter(2))
    place.server.flags(USER)  # from now on it has a number
    place.server.lose("broken")
    await place.set_up()
    async with place.process().running():
        await until(place.texts, [text(1), text(2)])
        place.server.deliver(USER, letter(3))
        await until(place.texts, [text(1), text(2), text(3)])
    assert [reason for reason, _ in await place.aside()] == [mailbox.NOT_GIVEN]


async def test_a_bounce_is_known_by_its_return_path_and_no_ticket(place: Place) -> None:
    bounce = letter(1)
    del bounce["Subject"]
    bounce["Subject"] = "Undeliverable: Drucker"
    place.server.deliver(USER, b"Return-Path: <>\r\n" + bounce.as_bytes())
    await place.set_up()
    async with place.process().running():
        await until(place.ledger, {"ignored": 1})


async def test_an_answer_is_never_documented_before_what_it_answers(place: Place) -> None:
    """They may come from different people, and be fetched together."""
    pairs = [(letter(number), letter(f"{number}-re", In_Reply_To=f"<{number}@alpha.example>")) for number in range(10)]
    place.server.deliver(USER, *(mail for pair in pairs for mail in pair))
    await place.set_up()
    async with place.process().running():
        await until(place.tidied_to, 20)
    written = [message.text.strip() for message in await place.messages()]
    assert all(written.index(text(number)) < written.index(text(f"{number}-re")) for number in range(10))
