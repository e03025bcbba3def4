"""Answers by fax: a letter that can be read, and what becomes of it shown at its message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.fax import letter
from channels.fax.channel import NOT_FAXED
from channels.fax.results import Results
from core import outbox
from core.errors import InboxProblem
from core.models import Message
from core.values import ActorKind, Address, Choice, Delivery, OutboundMessage, StoredFile
from tests.channels.fax.place import Place, until
from tests.contract.fax import fax_line
from tests.contract.ground import Ground
from tests.fakes import hylafax, paper

MESSAGE = OutboundMessage(
    message_id=1,
    conversation_id=1,
    ticket_id=42,
    inbox_id=1,
    thread_key="",
    recipient=Address("fax", "+49301234567", "Carla Neumann"),
    external_id="<a@desk.example>",
    author_kind=ActorKind.AGENT,
    author_name="Emre Yıldız",
    text="Guten Tag,\n\nder Techniker kommt morgen.",
    subject="Drucker im 2. Stock",
    language="de",
    created_at=datetime(2026, 11, 25, 14, 3, tzinfo=UTC),
    seq=2,
)


def test_a_letter_says_who_writes_to_whom_about_what() -> None:
    line = fax_line(1, folder="/tmp", sender_lines="Musterbau IT GmbH\nLindenstraße 12\n10969 Berlin")
    text = paper.text_of(letter.render(MESSAGE, "de", line), above=0)
    for wanted in (
        "Musterbau IT GmbH",
        "Lindenstraße 12",
        "Carla Neumann",
        "+49 30 1234567",
        "FL-1042",
        "25. November 2026",
        "Drucker im 2. Stock",
        "der Techniker kommt morgen.",
        "Bitte geben Sie bei einer Antwort unser Zeichen FL-1042 an.",
        "Seite 1 von 1",
    ):
        assert wanted in text
    assert "quote our reference FL-1042" in paper.text_of(letter.render(MESSAGE, "en", line))
    assert "Bitte gib" in paper.text_of(letter.render(MESSAGE, "de-x-du", line))


def test_the_same_message_is_the_same_letter() -> None:
    line = fax_line(1, folder="/tmp")
    assert letter.render(MESSAGE, "de", line) == letter.render(MESSAGE, "de", line)


def test_whatever_people_write_can_be_printed() -> None:
    line = fax_line(1, folder="/tmp")
    odd = replace(MESSAGE, text="Ä\tß €\r\n👍🏽 日本 \x07 " + "x" * 400, subject="", choices=(Choice("Ja", "/ja"),))
    text = paper.text_of(letter.render(odd, "de", line))
    assert "1. Ja" in text and "ß" in text


async def _asked(place: Place, number: str = "030 1234567") -> None:
    (place.folder / "fax1.pdf.json").write_text(f'{{"number": "{number}"}}')
    place.put("fax1.pdf", paper.pdf("Unser VPN geht nicht."))

    async def look() -> list[Message]:
        return await place.ground.taken()

    await until(look)


async def _until(ground: Ground, message_id: int, state: Delivery) -> Message:
    async def look() -> Message | None:
        message = await ground.message(message_id)
        return message if message.delivery is state else None

    found = await until(look)
    assert found is not None
    return found


def _results(place: Place) -> Results:
    return Results(fax_line(place.fax.inbox_id, folder="/tmp"), place.ground.surroundings("http://x", "secret"))


async def test_a_letter_goes_through_sendfax_and_its_result_is_noted(ground: Ground) -> None:
    async with Place(ground, dial_as="zeros") as place:
        await _asked(place)
        message_id = await ground.say("Wir kümmern uns darum.")
        await _until(ground, message_id, Delivery.SENT)
        [job] = place.server.jobs()
        assert (job["number"], job["host"], job["cover"]) == ("0049301234567", "localhost", False)
        assert "Wir kümmern uns darum." in paper.text_of(job["letter"])
        place.server.becomes(1, "S", hylafax.BUSY)
        await _results(place).ask(ground.receive)
        message = await ground.message(message_id)
        assert message.meta["report"]["fate"] == "delayed" and hylafax.BUSY in message.meta["report"]["said"]
        place.server.becomes(1, "D")
        await _results(place).ask(ground.receive)
        await _results(place).ask(ground.receive)
        message = await ground.message(message_id)
    assert message.delivery is Delivery.DELIVERED
    assert len(await ground.ledger()) == 3


async def test_a_letter_that_nobody_took_shows_at_its_message_and_can_be_sent_again(ground: Ground) -> None:
    async with Place(ground) as place:
        await _asked(place)
        message_id = await ground.say("Hallo")
        await _until(ground, message_id, Delivery.SENT)
        place.server.becomes(1, "F", hylafax.NO_ANSWER)
        await _results(place).ask(ground.receive)
        message = await ground.message(message_id)
        assert message.delivery is Delivery.FAILED and hylafax.NO_ANSWER in message.meta["report"]["said"]
        await ground.database.write(outbox.retry, message_id, ground.clock.now())
        await _until(ground, message_id, Delivery.SENT)
        assert len(place.server.jobs()) == 2


async def test_a_letter_that_is_with_the_server_is_not_sent_twice(ground: Ground) -> None:
    async with Place(ground) as place:
        await place.fax.send(replace(MESSAGE, sent_as=("17",)))
        assert place.server.jobs() == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [("501 DIALSTRING: Syntax error.", Delivery.FAILED), ("450 Out of disk space.", Delivery.QUEUED)],
)
async def test_the_server_s_refusal_stands_at_the_message(ground: Ground, answer: str, state: Delivery) -> None:
    async with Place(ground) as place:
        await _asked(place)
        place.server.refuse_next(answer)
        message_id = await ground.say("Hallo")

        async def refused() -> str:
            return (await ground.message(message_id)).delivery_reason

        assert answer in await until(refused)
        assert (await ground.message(message_id)).delivery is state


async def test_a_server_that_is_away_is_the_line_s_problem_and_no_letter_is_lost(ground: Ground) -> None:
    async with Place(ground) as place:
        await _asked(place)
        place.server.go_down()
        with pytest.raises(InboxProblem, match="cannot be reached"):
            await place.fax.test()
        message_id = await ground.say("Hallo")

        async def refused() -> str:
            return (await ground.message(message_id)).delivery_reason

        assert "cannot be reached" in await until(refused)
        place.server.come_up()
        await place.fax.test()
        ground.clock.advance(minutes=5)
        await _until(ground, message_id, Delivery.SENT)


async def test_without_the_programs_it_is_said_what_to_install(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    async with Place(ground) as place:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(InboxProblem) as problem:
            await place.fax.send(MESSAGE)
        assert "sendfax" in str(problem.value)


async def test_who_sent_no_number_cannot_be_answered_and_that_is_said(ground: Ground) -> None:
    async with Place(ground) as place:
        place.put("fax1.pdf", paper.pdf("Ohne Nummer."))

        async def look() -> list[Message]:
            return await ground.taken()

        await until(look)
        message_id = await ground.say("Hallo")
        message = await _until(ground, message_id, Delivery.FAILED)
    assert "without a number" in message.delivery_reason


async def test_pictures_and_documents_go_with_a_letter_and_nothing_else_does(ground: Ground) -> None:
    async with Place(ground) as place:
        await _asked(place)
        tiff = paper.tiff("Bild eins", "Bild zwei")
        good = StoredFile(ground.blobs.put(tiff), "Plan.tif", "image/tiff", len(tiff))
        bad = StoredFile(ground.blobs.put(b"PK\3\4..."), "Tabelle.xlsx", "application/vnd.ms-excel", 7)
        await _until(ground, await ground.say("Siehe Plan.", attachments=(good,)), Delivery.SENT)
        [job] = place.server.jobs()
        assert "Plan.tif (1/2)" in paper.text_of(job["letter"], above=0)
        assert "Seite 3 von 3" in paper.text_of(job["letter"], above=0)
        failed = await _until(ground, await ground.say("Siehe Tabelle.", attachments=(bad,)), Delivery.FAILED)
        assert failed.delivery_reason == NOT_FAXED


async def test_a_test_letter_is_sent_outside_of_any_ticket(ground: Ground) -> None:
    async with Place(ground) as place:
        await place.fax.send_test("030 7654321", "Ein Test von Firstline.")
        [job] = place.server.jobs()
    assert job["number"] == "+49307654321" and "Ein Test" in paper.text_of(job["letter"])
