"""What every channel owes to who writes: it is understood as meant, documented once, in order, and never lost."""

from __future__ import annotations

import pytest

from core.values import Outcome
from tests.contract.bench import Bench, File

PICTURE = File("Bildschirm größe.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))


async def test_text_arrives_as_it_was_written(bench: Bench) -> None:
    text = bench.written("Grüße & <b>kein HTML</b> *nicht fett* 👍\nzweite Zeile")
    await bench.deliver(text)
    await bench.settle()
    [message] = await bench.ground.taken()
    assert message.text.replace("\r\n", "\n") == text
    assert await bench.ground.ledger() == [Outcome.TICKETED]


async def test_files_arrive_with_their_bytes(bench: Bench) -> None:
    await bench.deliver("Siehe Bild", files=[PICTURE])
    await bench.settle()
    [(name, content)] = await bench.ground.files()
    assert content == PICTURE.content and name


async def test_everybody_has_a_conversation_and_a_ticket_of_their_own(bench: Bench) -> None:
    await bench.deliver("VPN geht nicht", "carla")
    await bench.deliver("Drucker druckt nicht", "dora")
    await bench.settle()
    assert len({message.ticket_id for message in await bench.ground.taken()}) == 2
    addresses = [address for _, address in await bench.ground.conversations()]
    assert len(set(addresses)) == 2


async def test_a_change_afterwards_is_documented_and_not_a_second_message(bench: Bench) -> None:
    sent = await bench.deliver("VPN geht nciht")
    await bench.settle()
    await bench.edit(sent, "VPN geht nicht")
    await bench.settle()
    [message] = await bench.ground.taken()
    assert message.text == "VPN geht nicht"
    assert [one["text"] for one in message.meta["former"]] == ["VPN geht nciht"]
    assert len(await bench.ground.history("revised")) == 1


async def test_what_cannot_be_shown_leaves_a_word_and_work_for_the_bot(bench: Bench) -> None:
    await bench.deliver_unsupported()
    await bench.settle()
    [message] = await bench.ground.taken()
    assert message.text.strip() and message.meta["words"] == ""


async def test_a_repeated_delivery_is_one_message(bench: Bench) -> None:
    sent = await bench.deliver("Einmal")
    await bench.settle()
    await bench.redeliver(sent)
    await bench.redeliver(sent)
    assert [message.text.strip() for message in await bench.ground.taken()] == ["Einmal"]
    assert (await bench.ground.ledger()).count(Outcome.TICKETED) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_around_the_commit_loses_and_doubles_nothing(bench: Bench, moment: str) -> None:
    bench.ground.dies = [moment]
    await bench.deliver("Erstens")
    await bench.deliver("Zweitens")
    await bench.settle()
    assert bench.ground.dies == [], "nothing failed"
    assert sorted(message.text.strip() for message in await bench.ground.taken()) == ["Erstens", "Zweitens"]


async def test_a_new_process_takes_what_the_old_one_left(bench: Bench) -> None:
    await bench.deliver("Erstens")
    await bench.settle()
    await bench.restart()
    await bench.deliver("Zweitens")
    await bench.settle()
    assert [message.text.strip() for message in await bench.ground.taken()] == ["Erstens", "Zweitens"]


async def test_order_holds_within_a_conversation(bench: Bench) -> None:
    for number in range(8):
        await bench.deliver(f"Carla {number}", "carla")
        await bench.deliver(f"Dora {number}", "dora")
    bench.ground.dies = ["", "", "", "before"]
    await bench.settle()
    taken = [message.text.strip() for message in await bench.ground.taken()]
    for name in ("Carla", "Dora"):
        assert [text for text in taken if text.startswith(name)] == [f"{name} {number}" for number in range(8)]
