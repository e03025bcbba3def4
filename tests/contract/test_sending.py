"""What every channel owes to who is answered: the whole text, choices that work, and failures that show."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.values import Choice, Delivery, StoredFile
from tests.contract.bench import Bench, Failure, until, until_put_back

CHOICES = (Choice("Gelöst", "/solved"), Choice("Noch nicht", "/not_yet"))
SENTENCES = [f"Dies ist Satz Nummer {number} einer langen Anleitung, die niemand kürzen darf." for number in range(180)]
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
LONG = "\n\n".join(" ".join(SENTENCES[place : place + 9]) for place in range(0, 180, 9))


@pytest.fixture(autouse=True)
def _can_send(bench: Bench) -> None:
    if not bench.can_send:
        pytest.skip("nobody can be written to there")


async def _asked(bench: Bench, person: str = "carla") -> None:
    await bench.deliver("VPN geht nicht", person)
    await bench.settle()


async def test_an_answer_arrives_as_it_was_written(bench: Bench) -> None:
    await _asked(bench)
    text = "Grüße & <b>kein HTML</b> *nicht fett* _nicht kursiv_ [kein](Link) 👍"
    message_id = await bench.ground.say(text)
    [shown] = await bench.shown(1)
    assert bench.written(text) in shown.text
    await _until_delivery(bench, message_id, Delivery.SENT)


async def test_answers_arrive_in_order(bench: Bench) -> None:
    await _asked(bench)
    for number in range(5):
        await bench.ground.say(f"Schritt {number}")
    found = await bench.shown(5)
    assert [one.text.split()[1] for one in found] == ["0", "1", "2", "3", "4"]


async def test_a_long_answer_arrives_whole(bench: Bench) -> None:
    await _asked(bench)
    await bench.ground.say(LONG)
    await bench.ground.say("Ende")
    parts: list[str] = []
    count = 1
    while not parts or "Ende" not in parts[-1]:
        parts = [one.text for one in await bench.shown(count)]
        count = len(parts) + 1
    words = " ".join(" ".join(parts[:-1]).split())
    assert " ".join(LONG.split()) in words
    if bench.longest is not None:
        assert all(len(part.encode("utf-16-le")) // 2 <= bench.longest for part in parts)
        assert all(part.endswith(".") for part in parts[:-1]), "split in the middle of a paragraph"


async def test_files_go_out_with_their_names(bench: Bench) -> None:
    await _asked(bench)
    sha256 = bench.ground.blobs.put(PDF)
    file = StoredFile(sha256, "Anleitung für VPN.pdf", "application/pdf", len(PDF))
    await bench.ground.say("Bitte lesen:", attachments=(file,))
    await bench.ground.say("Ende")
    count, found = 1, await bench.shown(1)
    while "Ende" not in found[-1].text:
        count += 1
        found = await bench.shown(count)
    assert [name for one in found for name in one.files] == ["Anleitung für VPN.pdf"]


async def test_a_choice_can_be_made(bench: Bench) -> None:
    await _asked(bench)
    await bench.ground.say("Hat das geholfen?", choices=CHOICES)
    [shown] = await bench.shown(1)
    if bench.has_buttons:
        assert shown.choices == ("Gelöst", "Noch nicht")
        await bench.press(shown, "Noch nicht")
    else:
        assert "1. Gelöst" in shown.text and "2. Noch nicht" in shown.text
        await bench.deliver("2")
    await bench.settle()
    answer = (await bench.ground.taken())[-1]
    assert answer.meta["payload"] == "/not_yet"
    assert answer.ticket_id == (await bench.ground.taken())[0].ticket_id


async def test_a_refusal_for_good_shows_at_the_message(bench: Bench) -> None:
    await _asked(bench)
    bench.fail_next(Failure(permanent=True))
    message_id = await bench.ground.say("Hallo")
    await _until_delivery(bench, message_id, Delivery.FAILED)
    message = await bench.ground.message(message_id)
    assert message.delivery_reason
    assert [one.reason for one in await bench.ground.history("delivery_failed")] == [message.delivery_reason]


async def test_a_failure_for_now_is_tried_again(bench: Bench) -> None:
    await _asked(bench)
    bench.fail_next(Failure())
    message_id = await bench.ground.say("Hallo")
    await until_put_back(bench, message_id)
    bench.ground.clock.advance(minutes=5)
    [shown] = await bench.shown(1)
    assert "Hallo" in shown.text
    await _until_delivery(bench, message_id, Delivery.SENT)


async def test_the_other_side_s_wish_to_wait_is_obeyed(bench: Bench) -> None:
    await _asked(bench)
    bench.fail_next(Failure(retry_after=37))
    message_id = await bench.ground.say("Hallo")
    await until_put_back(bench, message_id)
    owed = await bench.ground.owed(message_id)
    assert owed.due_at == bench.ground.clock.now() + timedelta(seconds=37)
    bench.ground.clock.advance(seconds=38)
    await bench.shown(1)


async def test_one_who_cannot_be_reached_holds_up_nobody_else(bench: Bench) -> None:
    await _asked(bench, "carla")
    bench.fail_next(Failure())
    message_id = await bench.ground.say("An Carla")
    await until_put_back(bench, message_id)
    await _asked(bench, "dora")
    await bench.ground.say("An Dora")
    [shown] = await bench.shown(1, "dora")
    assert "An Dora" in shown.text


async def _until_delivery(bench: Bench, message_id: int, state: Delivery) -> None:
    async def look() -> bool:
        return (await bench.ground.message(message_id)).delivery is state

    await until(look, f"the message to be {state}")
