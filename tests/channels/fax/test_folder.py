"""A fax server's folder: whole faxes only, each once, in order, poison set aside, and nothing of it lost."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.fax.folder import FaxFolder, sidecar_of
from core import quarantine
from core.errors import InboxProblem
from core.models import Message
from core.quarantine import Aside
from core.values import Outcome
from desk import cli
from tests.channels.fax.place import Place, until
from tests.contract.ground import Ground
from tests.core.pictures.test_reading import needs_tesseract
from tests.fakes import paper

LETTER = "Sehr geehrte Damen und Herren,\nder Drucker im 2. Stock druckt nicht.\nMusterbau GmbH"


async def _taken(place: Place, count: int = 1) -> list[Message]:
    async def look() -> list[Message]:
        found = await place.ground.taken()
        return found if len(found) >= count else []

    return await until(look)


async def _aside(place: Place) -> list[Aside]:
    async def look() -> list[Aside]:
        return await place.ground.database.read(quarantine.waiting)

    return await until(look)


@needs_tesseract
async def test_a_fax_of_hylafax_becomes_a_ticket_with_its_pages_and_their_text(ground: Ground) -> None:
    async with Place(ground) as place:
        place.put("fax000000123.tif", paper.tiff(LETTER, "Zweite Seite", about="MUSTERBAU\n030 1234567"))
        [message] = await _taken(place)
    assert "der Drucker im 2. Stock druckt nicht." in message.text and "Zweite Seite" in message.text
    assert message.author_name == "MUSTERBAU"
    assert message.meta["remarks"] == {"pages": 2, "notices": ["read_by_machine"]}
    assert [name for name, _ in await ground.files()] == ["Seite 1.png", "Seite 2.png", "fax000000123.tif"]
    assert [address for _, address in await ground.conversations()] == ["+49301234567"]


async def test_two_people_may_send_the_same_form_and_one_of_them_the_same_once(ground: Ground) -> None:
    form = paper.pdf(LETTER)
    async with Place(ground, afterwards="remove") as place:
        for name, number in (("a.pdf", "030 111111"), ("b.pdf", "030 222222"), ("c.pdf", "030 222222")):
            sidecar_of(place.folder / name).write_text(json.dumps({"number": number}))
            place.put(name, form)
        await _taken(place, 2)
        while any(place.folder.glob("*.pdf")):  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.02)
    assert sorted(address for _, address in await ground.conversations()) == ["+4930111111", "+4930222222"]


async def test_without_tesseract_the_pages_are_there_all_the_same(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Place(ground, send="none") as place:
        place.put("fax1.tif", paper.tiff(LETTER, "Zwei"))
        [message] = await _taken(place)
    assert message.text == "[Fax, 2 Seiten]"
    assert [name for name, _ in await ground.files()] == ["Seite 1.png", "Seite 2.png", "fax1.tif"]


def test_what_grows_or_is_locked_is_not_whole(tmp_path: Path) -> None:
    moment = 0.0
    place = FaxFolder(tmp_path, settle=10, now=lambda: moment)
    path = tmp_path / "fax1.tif"
    path.write_bytes(b"half")
    assert place.look(None) == []
    moment = 9.0
    path.write_bytes(b"half and more")
    assert place.look(None) == []
    moment = 18.0
    assert place.look(None) == []
    moment = 19.0
    with path.open("rb") as receiving:
        fcntl.flock(receiving, fcntl.LOCK_EX)
        assert place.look(None) == []
    assert place.look(None) == [path]
    fax = place.read(path)
    assert fax is not None
    place.done(fax)
    assert place.look(None) == []


def test_what_is_no_fax_is_left_alone(tmp_path: Path) -> None:
    for name in (".fax1.tif", "fax2.tif.part", "notes.txt", "seqf", "fax3.tif.json"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "fax4.tif").symlink_to("/etc/passwd")
    (tmp_path / "fax5.tif").mkdir()
    (tmp_path / "fax6.tif").touch()
    assert FaxFolder(tmp_path, settle=0).look(None) == []


def test_faxes_come_in_the_order_in_which_they_arrived(tmp_path: Path) -> None:
    for name, age in (("b.tif", 30), ("a.tif", 20), ("c.pdf", 10)):
        (tmp_path / name).write_bytes(b"x")
        at = datetime.now(UTC).timestamp() - age
        os.utime(tmp_path / name, (at, at))
    assert [one.name for one in FaxFolder(tmp_path, settle=0).look(None)] == ["b.tif", "a.tif", "c.pdf"]


def test_what_lay_there_before_is_left_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "old.tif").write_bytes(b"x")
    place = FaxFolder(tmp_path, settle=0)
    assert place.look(datetime.now(UTC) + timedelta(minutes=1)) == []
    assert len(place.look(datetime.now(UTC) - timedelta(minutes=1))) == 1


async def test_a_poison_fax_is_set_aside_and_the_next_one_comes(ground: Ground) -> None:
    async with Place(ground) as place:
        place.put("fax1.tif", b"II*\0 this is no fax" * 50)
        [aside] = await _aside(place)
        place.put("fax2.pdf", paper.pdf("Der Drucker druckt nicht."))
        [message] = await _taken(place)
        assert message.text == "Der Drucker druckt nicht."
        assert aside.subject == "fax1.tif" and "neither a TIFF nor a PDF" in aside.why
        await ground.database.write(quarantine.read_again, aside.id, ground.clock.now())

        async def tried() -> bool:
            return (await ground.database.read(quarantine.one, aside.id)).tries == 1

        await until(tried)
    assert sorted(await ground.ledger()) == [Outcome.QUARANTINED, Outcome.TICKETED]


async def test_the_same_fax_under_two_names_and_after_a_restart_is_one_message(ground: Ground) -> None:
    content, place = paper.pdf("Einmal genügt."), Place(ground)
    async with place:
        place.put("fax1.pdf", content)
        await _taken(place)
    async with place:
        place.put("fax2.pdf", content)
        place.put("fax3.pdf", paper.pdf("Ein anderes Fax."))
        await _taken(place, 2)
    assert [message.text for message in await ground.taken()] == ["Einmal genügt.", "Ein anderes Fax."]
    assert len(list(place.folder.iterdir())) == 3


async def test_a_fax_that_became_a_ticket_is_moved_beside_its_namesakes(ground: Ground, tmp_path: Path) -> None:
    done = tmp_path / "done"
    done.mkdir()
    (done / "fax1.pdf").write_bytes(b"an older one")
    async with Place(ground, afterwards="move", done_folder=str(done)) as place:
        path = place.put("fax1.pdf", paper.pdf("Bitte um Rückruf."))

        async def moved() -> bool:
            return not path.exists()

        await until(moved)
    assert sorted(one.name for one in done.iterdir()) == ["fax1-1.pdf", "fax1.pdf"]
    assert len(await ground.taken()) == 1


async def test_a_folder_that_is_not_there_is_a_problem_with_a_remedy(ground: Ground) -> None:
    async with Place(ground, folder="/no/such/folder", send="none") as place:
        with pytest.raises(InboxProblem) as problem:
            await place.running
        assert "/no/such/folder" in str(problem.value) and problem.value.mend
        with pytest.raises(InboxProblem):
            await place.fax.test()


async def test_an_answer_that_quotes_our_reference_comes_to_its_ticket(ground: Ground) -> None:
    async with Place(ground) as place:
        (place.folder / "fax1.pdf.json").write_text('{"number": "030 1234567", "station": "MUSTERBAU"}')
        place.put("fax1.pdf", paper.pdf("Unser VPN geht nicht."))
        await _taken(place)
        for name, number in (("fax2.pdf", "+49301234567"), ("fax3.pdf", "+4315340660")):
            (place.folder / f"{name}.json").write_text(f'{{"number": "{number}"}}')
            place.put(name, paper.pdf(f"Ihr Zeichen: FL-1001\nEs geht immer noch nicht. {number}"))
            await _taken(place, 2)
        mine, foreign = (await _taken(place, 3))[1:]
    assert mine.ticket_id == 1
    assert foreign.ticket_id != 1, "whoever quotes a number lands in a foreign ticket"


async def test_the_drop_command_hands_a_fax_over_with_its_number(ground: Ground, tmp_path: Path) -> None:
    fax = tmp_path / "fax000000007.pdf"
    fax.write_bytes(paper.pdf("Über FaxDispatch gekommen."))
    place = Place(ground)
    arguments = ["fax", "drop", str(fax), "--into", str(place.folder), "--number", "030 1234567", "--station", "M & S"]
    assert cli.main(arguments) == 0
    assert cli.main(arguments) == 0
    async with place:
        [message] = await _taken(place)
    assert message.text == "Über FaxDispatch gekommen." and message.author_name == "M & S"
    assert [address for _, address in await ground.conversations()] == ["+49301234567"]


@pytest.mark.parametrize(
    "arguments", [["nothing.tif", "--into", "/tmp"], ["notes.txt", "--into", "/tmp"], ["x.tif", "--into", "/nowhere"]]
)
def test_the_drop_command_says_what_is_wrong(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fax", "drop", *arguments]) == 2
    assert "firstline:" in capsys.readouterr().err
