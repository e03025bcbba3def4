"""The conversation's page: what is folded, what is marked, and that nothing typed is lost or misplaced."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import intake, outbox
from core.database import Database
from core.knowledge import articles, editing
from core.knowledge.articles import ArticleText
from core.models import Message
from core.tickets import actions, details, lists
from core.tickets.lists import View
from core.values import Actor, ActorKind, DeliveryReport, Fate, ResolutionCode, Scale
from tests.console.conftest import Signed
from tests.core.desk import letter
from tests.fakes.clock import SetClock

NEW = "Der Drucker druckt nicht.\n\nViele Grüße\nCarla"
MAIL = f"{NEW}\n\nAlpha GmbH\nHauptstraße 1\nTel. 030 1234"


async def _open(database: Database, anna: Signed, clock: SetClock) -> None:
    await database.write(intake.receive, letter(anna.desk, clock, NEW, full_text=MAIL), clock.now())


async def test_a_signature_is_folded(database: Database, anna: Signed, clock: SetClock) -> None:
    await _open(database, anna, clock)
    page = (await anna.get("/console/tickets/1")).text
    shown, _, folded = page.partition("Ganze Mail zeigen")
    assert "Viele Grüße\nCarla</div>" in shown and "Hauptstraße 1" not in shown and "Hauptstraße 1" in folded


async def test_many_changes_in_a_row_are_folded_but_the_newest(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    await _open(database, anna, clock)
    await database.write(actions.take_over, 1, anna.desk.anna, clock.now())
    for impact in (Scale.HIGH, Scale.LOW) * 3:
        clock.advance(minutes=1)
        await database.write(details.classify, 1, anna.desk.anna, clock.now(), impact=impact)
    page = (await anna.get("/console/tickets/1")).text
    assert "6 frühere Änderungen" in page
    assert page.rpartition("</details></li>")[2].count('class="event"') == 1


async def test_a_note_that_failed_never_lands_in_the_answer(database: Database, anna: Signed, clock: SetClock) -> None:
    await _open(database, anna, clock)
    await database.write(actions.note, 1, anna.desk.ben, "davor", clock.now())
    answer = await anna.post("/console/tickets/1/note", view="bot", text=" ")
    assert answer.status_code == 422
    assert 'id="mode-note" class="hidden" checked' in answer.text
    assert 'data-draft-key="reply"></textarea>' in answer.text


async def test_a_mention_is_marked_until_it_was_looked_at(database: Database, anna: Signed, clock: SetClock) -> None:
    await _open(database, anna, clock)
    await database.write(lists.mark_read, 1, anna.desk.anna)
    await database.write(actions.note, 1, anna.desk.ben, "Schau mal, @anna <b>", clock.now() + timedelta(minutes=1))
    assert "erwähnt Sie" in (await anna.get("/console/views/mentioned")).text
    hidden = await anna.get("/console/tickets/1", **{"x-parts": "unseen"})
    assert '<strong class="mention">@anna</strong> &lt;b&gt;' in hidden.text
    counted = await database.read(lists.counts, anna.desk.anna, clock.now())
    assert counted[View.MENTIONED] == 1, "a page nobody looks at reads nothing"
    assert "erwähnt Sie" in (await anna.get("/console/tickets/1")).text
    counted = await database.read(lists.counts, anna.desk.anna, clock.now())
    assert counted[View.MENTIONED] == 0
    assert "erwähnt Sie" not in (await anna.get("/console/tickets/1")).text


async def test_colleagues_can_be_mentioned_by_their_names(anna: Signed) -> None:
    assert (await anna.get("/console/colleagues")).json() == ["Ben"]


async def test_a_mail_that_came_back_says_so_and_why(database: Database, anna: Signed, clock: SetClock) -> None:
    await _open(database, anna, clock)
    await database.write(actions.take_over, 1, anna.desk.anna, clock.now())
    await anna.post("/console/tickets/1/reply", view="mine", text="Bitte neu starten.")
    clock.advance(minutes=1)
    [claimed] = await database.write(outbox.claim, clock.now())
    await database.write(outbox.sent, claimed, clock.now())
    report = DeliveryReport(Fate.FAILED, (claimed.message.external_id,), "The mailbox is full.", "552 full")
    await database.write(intake.receive, letter(anna.desk, clock, report=report), clock.now())
    page = (await anna.get("/console/tickets/1")).text
    assert "Zurückgekommen: Das Postfach ist voll." in page and "552 full" in page


async def test_an_article_is_inserted_as_a_person_would_write_it(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    body = "## So geht es\n\n1. **Öffnen** ![](/help/images/x)\n2. Auf [die Seite](https://vpn.example) gehen\n\n> Gut."
    shipped = ArticleText("vpn", "de", "VPN einrichten", "In zwei Schritten.", body, (), (), "sha")
    await database.write(articles.synchronize, [shipped], clock.now())
    ticket = (await database.write(intake.receive, letter(anna.desk, clock), clock.now())).ticket_id
    [offered] = (await anna.get(f"/console/tickets/{ticket}/insert?q=vpn")).json()
    assert offered["text"] == (
        "VPN einrichten\n\nIn zwei Schritten.\n\nSo geht es\n\n1. Öffnen\n2. Auf die Seite (https://vpn.example) gehen"
        "\n\nGut."
    )
    await anna.post(f"/console/tickets/{ticket}/reply", text=offered["text"], article=offered["key"])
    opened = await database.read(editing.open_article, 1)
    assert opened.used == 1


async def test_a_form_at_the_side_that_failed_stays_open_with_what_was_typed(
    database: Database, anna: Signed, clock: SetClock
) -> None:
    await _open(database, anna, clock)
    for action, fields in (
        ("escalate", {"team": "no-such-team", "reason": "Der Switch ist tot", "tried": "Neustart"}),
        ("to-lead", {"reason": "Wer bezahlt das?"}),
    ):
        answer = await anna.post(f"/console/tickets/1/{action}", **fields)
        assert answer.status_code in (404, 409)
        panel = next(part for part in answer.text.split("<details") if f"/1/{action}" in part)
        assert " open>" in panel.partition("<summary>")[0]
        assert all(f">{typed}</textarea>" in panel for name, typed in fields.items() if name != "team")


@pytest.mark.parametrize("action", ["reply", "note"])
async def test_a_form_sent_four_times_at_once_says_it_once(
    anna: Signed, database: Database, clock: SetClock, action: str
) -> None:
    receipt = await database.write(intake.receive, letter(anna.desk, clock), clock.now())
    path = f"/console/tickets/{receipt.ticket_id}"
    once = re.search(r'name="once" value="(\w{32})"', (await anna.get(path)).text)
    assert once is not None
    form = {"text": "Bitte neu starten.", "once": once.group(1)}
    answers = await asyncio.gather(*(anna.post(f"{path}/{action}", **form) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [303] * 4

    def said(session: Session) -> list[str]:
        query = select(Message.text).where(Message.author_kind == ActorKind.AGENT).order_by(Message.id)
        return list(session.scalars(query))

    assert await database.read(said) == ["Bitte neu starten."]
    assert (await anna.post(f"{path}/{action}", **form | {"text": "Und?"})).status_code == 303
    assert await database.read(said) == ["Bitte neu starten.", "Und?"], "other words from the same page are not lost"


async def test_a_form_that_was_refused_can_be_sent_again(anna: Signed, database: Database, clock: SetClock) -> None:
    receipt = await database.write(intake.receive, letter(anna.desk, clock), clock.now())
    assert receipt.ticket_id is not None
    path = f"/console/tickets/{receipt.ticket_id}"
    await database.write(actions.resolve, receipt.ticket_id, anna.desk.anna, ResolutionCode.SOLVED, clock.now())
    assert (await anna.post(f"{path}/snooze", hours="4", once="7")).status_code == 409
    await database.write(actions.reopen, receipt.ticket_id, Actor.agent(anna.desk.anna), clock.now())
    assert (await anna.post(f"{path}/snooze", hours="4", once="7")).status_code == 303
