"""What is on a picture helps to understand; what the person says counts first, and a picture answers no question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.worker import Worker, claim
from core import intake
from core.database import Database
from core.flood import Flood
from core.models import Finding, Ticket
from core.pictures import texts
from core.values import StoredFile
from nlu.topics import with_shown
from tests.bot.test_turn import Talk, parse, words
from tests.core.desk import Desk, chat_message, letter, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

GERMAN = """:(
Auf Ihrem PC ist ein Problem aufgetreten, und er muss neu gestartet
werden. Es werden einige Fehlerinformationen gesammelt, und dann
wird ein Neustart ausgeführt.

20 % abgeschlossen

Stillstandcode: KERNEL_SECURITY_CHECK_FAILURE"""
ENGLISH = """Your PC ran into a problem and needs to restart. We're just
collecting some error info, and then we'll restart for you.

If you call a support person, give them this info:
Stop code: CRITICAL_PROCESS_DIED, call us +49 30 1234567, help@windows.example"""
PHOTO = StoredFile("a" * 64, "IMG_2031.jpg", "image/jpeg", 90_000)


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    return await database.write(seed, clock)


@pytest.mark.parametrize("shown", [GERMAN, ENGLISH])
@pytest.mark.parametrize("said", ["", "Was bedeutet das?", "siehe Foto"])
def test_a_photographed_blue_screen_is_understood_as_one(said: str, shown: str) -> None:
    found = with_shown(MODELS.model, said, shown, "de")[0]
    assert (found.intent, found.fallback, found.ambiguous) == ("blue_screen", False, False)
    assert found.language == "de", "a screen says nothing about the language of who photographed it"
    codes = [one.value for one in found.entities if one.name == "error_code"]
    assert codes in (["KERNEL_SECURITY_CHECK_FAILURE"], ["CRITICAL_PROCESS_DIED"])


def test_what_else_stands_on_a_screen_is_nobody_s_address() -> None:
    found = with_shown(MODELS.model, "", ENGLISH, "de")[0]
    assert not [one for one in found.entities if one.name in ("email", "phone_number")]


def test_the_person_s_own_words_count_first() -> None:
    found = with_shown(MODELS.model, "Ich habe mein Passwort vergessen und komme nicht mehr rein.", GERMAN, "de")[0]
    alone = with_shown(MODELS.model, "Ich habe mein Passwort vergessen und komme nicht mehr rein.", "", "de")[0]
    assert found.intent == alone.intent != "blue_screen"


@pytest.mark.parametrize("channel", ["chat", "mail"])
async def test_a_photo_alone_opens_the_matter_that_it_shows(
    database: Database, desk: Desk, clock: SetClock, channel: str
) -> None:
    worker = Worker(database, clock, MODELS.content, lambda claimed: None, Flood())
    worker.ready(MODELS.model)
    make = chat_message if channel == "chat" else letter
    subject = {} if channel == "chat" else {"subject": "Siehe Foto"}
    inbound = make(desk, clock, "", attachments=(PHOTO,), placeholder="[Foto]", **subject)
    receipt = await database.write(intake.receive, inbound, clock.now())
    assert await database.write(claim, clock.now(), True) == [], "it is not looked at yet"
    [held] = await database.write(texts.claim, clock.now())
    await database.write(texts.read, held, Finding.READ, GERMAN, clock.now())
    worker.start(await database.write(claim, clock.now(), True))
    await worker.drain()
    assert receipt.ticket_id is not None
    ticket = await database.read(lambda session: session.get_one(Ticket, receipt.ticket_id))
    assert ticket.intent == "blue_screen"


async def test_nobody_waits_for_a_picture_for_ever(database: Database, desk: Desk, clock: SetClock) -> None:
    await database.write(intake.receive, chat_message(desk, clock, "", attachments=(PHOTO,)), clock.now())
    assert await database.write(claim, clock.now(), True) == []
    clock.advance(seconds=texts.PATIENCE.total_seconds() + 1)
    assert len(await database.write(claim, clock.now(), True)) == 1


def test_a_picture_in_the_middle_of_a_flow_answers_no_question() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    talk.facts = replace(talk.facts, shown=GERMAN, attachments=1)
    decision = talk.says("", parse("blue_screen"))
    assert decision.reason == "file" and decision.intent is None
    assert "Hat das geholfen?" in words(decision)
