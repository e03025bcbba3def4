"""Merging a ticket from its page, with plain forms."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake
from core.database import Database
from core.models import Message, Ticket
from core.tickets import actions
from core.values import Address, Draft
from tests.console.conftest import Signed
from tests.core.desk import letter
from tests.fakes.clock import SetClock


@pytest.fixture
async def two(database: Database, anna: Signed, clock: SetClock) -> tuple[int, int]:
    """Two letters of Carla's that Anna has; the first was answered."""
    ids = []
    for subject in ("Drucker druckt nicht", "Papierstau"):
        mail = letter(anna.desk, clock, subject=subject)
        ids.append((await database.write(intake.receive, mail, clock.now())).ticket_id or 0)
        await database.write(actions.take_over, ids[-1], anna.desk.anna, clock.now())
    await database.write(actions.reply, ids[0], anna.desk.anna, Draft("Wir sehen nach."), clock.now())
    return ids[0], ids[1]


async def test_the_requester_s_other_ticket_is_offered_and_merged_with_a_word_to_them(
    anna: Signed, two: tuple[int, int], database: Database
) -> None:
    source, target = two
    page = (await anna.get(f"/console/tickets/{source}")).text
    form = page[page.index('id="merge"') :]
    assert f'name="target" value="{target}"' in form and "Papierstau" in form
    answer = await anna.post(f"/console/tickets/{source}/merge", target=str(target), tell="yes")
    assert answer.headers["location"].startswith(f"/console/tickets/{target}?")
    page = unescape((await anna.get(f"/console/tickets/{target}")).text)
    assert f"aus FL-{1000 + source}" in page or f"from FL-{1000 + source}" in page
    told = select(Message).where(Message.ticket_id == target, Message.outbound).order_by(Message.id.desc())
    message = await database.read(lambda session: session.scalars(told).first())
    assert message is not None and f"FL-{1000 + source}" in message.text and f"FL-{1000 + target}" in message.text
    page = (await anna.get(f"/console/tickets/{source}")).text
    assert f'href="/console/tickets/{target}?' in page and 'id="reply-text"' not in page


async def test_the_other_ticket_is_found_by_number_and_by_words(
    anna: Signed, two: tuple[int, int], database: Database, clock: SetClock
) -> None:
    source, target = two
    for wanted in (f"FL-{1000 + target}", str(1000 + target), "from:carla"):
        found = (await anna.get(f"/console/tickets/{source}/merge?find={wanted}")).text
        assert re.findall(r'name="target" value="(\d+)"', found) == [str(target)], wanted
    assert "farbe" in (await anna.get(f"/console/tickets/{source}/merge?find=farbe:rot")).text
    answer = await anna.post(f"/console/tickets/{source}/merge", find=f"fl{1000 + target}")
    assert answer.headers["location"].startswith(f"/console/tickets/{target}?"), "without the script, too"
    assert (await database.read(Session.get_one, Ticket, source)).merged_into_id == target


async def test_what_is_refused_says_so_and_keeps_what_was_typed(
    anna: Signed, two: tuple[int, int], database: Database, clock: SetClock
) -> None:
    source, _ = two
    foreign = letter(anna.desk, clock, sender=Address("email", "otto@beta.example", "Otto"))
    other = (await database.write(intake.receive, foreign, clock.now())).ticket_id or 0
    for typed, status in ((f"FL-{1000 + other}", 409), ("", 422), ("farbe:rot", 422), ("zzzz", 422), ("FL-9999", 404)):
        answer = await anna.post(f"/console/tickets/{source}/merge", find=typed)
        assert answer.status_code == status, typed
        page = unescape(answer.text)
        assert f'name="find" value="{typed}"' in page and 'role="alert"' in page
        assert re.search(r'<details class="do" id="merge" open', page), "the form stays open"
    assert (await anna.post(f"/console/tickets/{source}/merge", target=str(source))).status_code == 422
    assert (await database.read(Session.get_one, Ticket, source)).merged_into_id is None


async def test_a_message_becomes_a_ticket_of_its_own(
    anna: Signed, two: tuple[int, int], database: Database, clock: SetClock
) -> None:
    _, ticket = two
    assert "/split/" not in (await anna.get(f"/console/tickets/{ticket}")).text, "nothing would be left"
    mail = letter(anna.desk, clock, "Und Urlaub.", subject="Urlaub", ticket_refs=(ticket,))
    message = (await database.write(intake.receive, mail, clock.now())).message_id
    page = (await anna.get(f"/console/tickets/{ticket}")).text
    assert f"/console/tickets/{ticket}/split/{message}" in page
    answer = await anna.post(f"/console/tickets/{ticket}/split/{message}")
    assert answer.status_code == 303
    new = (await anna.get(answer.headers["location"])).text
    assert "Urlaub" in new and f"FL-{1000 + ticket}" in new
    again = await anna.post(f"/console/tickets/{ticket}/split/{message}")
    assert again.status_code == 409 and 'role="alert"' in again.text
