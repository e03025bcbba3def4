"""The webhook of our own, in JSON (docs/channels/phone.md), by signature and by secret address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.phone.channel import SIGNATURE
from core.models import BusinessCalendar
from core.values import CallResult, Outcome
from tests.channels.phone.system import telephone
from tests.channels.phone.test_sipgate import calls, tickets
from tests.contract.ground import Ground


async def test_times_that_are_told_count(ground: Ground) -> None:
    now = ground.clock.now()
    async with telephone(ground, provider="webhook") as system:
        for event, seconds in (("hangup", 100), ("answer", 10), ("new", 0)):
            at = (now - timedelta(minutes=5) + timedelta(seconds=seconds)).isoformat()
            answer = await system.tell(event, "c1", at=at, users=["anna@desk.example"], result="answered")
            assert answer.status_code == 204
        [call] = await calls(ground)
    assert call.talked_for == timedelta(seconds=90) and call.rang_for == timedelta(seconds=10)
    assert call.agent_id == ground.desk.anna


@pytest.mark.parametrize(
    ("region", "told", "number"),
    [
        ("DE", "030 1234567", "+49301234567"),
        ("AT", "01 5340660", "+4315340660"),
        ("CH", "044 668 18 00", "+41446681800"),
        ("CH", "+49 (30) 1234567", "+49301234567"),
        ("AT", "0049 30 1234567", "+49301234567"),
        ("", "0170/1234567", "+491701234567"),
    ],
)
async def test_numbers_are_brought_into_one_form(ground: Ground, region: str, told: str, number: str) -> None:
    async with telephone(ground, provider="webhook", region=region) as system:
        await system.tell("new", "c1", from_=told)
        assert [call.number for call in await calls(ground)] == [number]


async def test_the_country_of_the_desk_counts_where_the_line_names_none(ground: Ground) -> None:
    def move(session: Session) -> None:
        session.scalars(select(BusinessCalendar)).one().country = "CH"

    await ground.database.write(move)
    async with telephone(ground, provider="webhook") as system:
        await system.tell("new", "c1", from_="044 668 18 00")
        assert [call.number for call in await calls(ground)] == ["+41446681800"]


async def test_without_a_result_it_counts_whether_somebody_answered(ground: Ground) -> None:
    async with telephone(ground, provider="webhook") as system:
        await system.tell("hangup", "c1")
        await system.tell("answer", "c2")
        await system.tell("hangup", "c2")
        assert [call.result for call in await calls(ground)] == [CallResult.MISSED, CallResult.TALKED]


async def test_what_was_left_on_a_machine_is_the_message(ground: Ground) -> None:
    async with telephone(ground, provider="webhook") as system:
        words = "Der Drucker im 3. Stock druckt nicht, bitte um Rückruf."
        await system.tell("hangup", "c1", mailbox=True, text=words)
        await system.tell("hangup", "c2", from_="", text="Ohne Nummer, aber dringend.")
        found = [(message.text, message.author_name) for message in await ground.taken()]
        assert found == [(words, ""), ("Ohne Nummer, aber dringend.", "")]
        assert [ticket.subject for ticket in await tickets(ground)] == [
            "Rückruf: +49 170 1234567",
            "Ohne Nummer, aber dringend.",
        ]


async def test_a_signature_is_asked_for_and_checked(ground: Ground) -> None:
    async with telephone(ground, provider="webhook", proof="signature") as system:
        body = b'{"event": "new", "call": "c1"}'
        for headers in ({}, {SIGNATURE: "sha256=00"}, {SIGNATURE: f"sha256={system.settings.sign(b'other')}"}):
            answer = await system.client.post(system.url, content=body, headers=headers)
            assert answer.status_code == 401
        assert await calls(ground) == []
        assert (await system.tell("new", "c1")).status_code == 204
        assert len(await calls(ground)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"event": "ring", "call": "c1"}',
        b'{"event": "new"}',
        b'{"event": "new", "call": ""}',
        b'{"event": "new", "call": "c1", "at": "yesterday"}',
        b'{"event": "new", "call": "c1", "users": "anna"}',
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_reason(ground: Ground, body: bytes) -> None:
    async with telephone(ground, provider="webhook") as system:
        answer = await system.client.post(system.url, content=body)
        assert answer.status_code == 422 and "cannot be used" in answer.json()["title"]
    assert await calls(ground) == [] and await ground.ledger() == []


async def test_hostile_values_harm_nothing(ground: Ground) -> None:
    async with telephone(ground, provider="webhook") as system:
        assert (await system.tell("new", "k" * 1000, from_="0\x00170 1234567", users=["a\x00" * 90])).status_code == 204
        assert (await system.tell("hangup", "k" * 1000, from_="💣" * 50, text="\0")).status_code == 204
        [call] = await calls(ground)
    assert call.number == "+491701234567" and call.result is CallResult.MISSED
    assert await ground.ledger() == [Outcome.TICKETED]
