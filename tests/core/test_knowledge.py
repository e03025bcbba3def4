"""Knowledge is written in drafts, read when published, and can be taken back to any version."""

from __future__ import annotations

import pytest

from core import intake, outbox
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.knowledge import articles, editing
from core.knowledge.articles import ArticleText
from core.models import Role
from core.tickets import actions
from core.values import Draft, ResolutionCode
from tests.core.desk import Desk, letter, make, seed
from tests.fakes.clock import SetClock

SHIPPED = ArticleText("vpn", "de", "VPN einrichten", "So geht es.", "1. Öffnen\n2. Verbinden", (), (), "sha-1")


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    found = database.write_now(seed, clock)
    database.write_now(make, found.ben, Role.LEAD)
    database.write_now(articles.synchronize, [SHIPPED], clock.now())
    return found


def _read(database: Database, organization_id: int | None = None) -> dict[str, str]:
    return {one.title: one.body for one in database.read_now(articles.visible, organization_id)}


def test_a_draft_is_read_by_nobody_until_it_is_published(database: Database, desk: Desk, clock: SetClock) -> None:
    before = database.read_now(articles.stamp)
    clock.advance(minutes=1)
    draft = database.write_now(editing.save_draft, 1, "VPN", "", "Neu", desk.anna, clock.now())
    assert _read(database) == {"VPN einrichten": SHIPPED.body}
    [line] = database.read_now(editing.overview)
    assert line.has_draft
    assert database.write_now(editing.save_draft, 1, "VPN", "", "Neuer", desk.ben, clock.now()) == draft
    database.write_now(editing.publish, draft, desk.ben, clock.now())
    assert _read(database) == {"VPN": "Neuer"}
    assert database.read_now(articles.stamp) != before, "indexes made of the articles are made again"


def test_an_old_version_can_be_brought_back(database: Database, desk: Desk, clock: SetClock) -> None:
    draft = database.write_now(editing.save_draft, 1, "VPN", "", "Schlechter", desk.anna, clock.now())
    database.write_now(editing.publish, draft, desk.ben, clock.now())
    opened = database.read_now(editing.open_article, 1)
    assert [version.number for version, _ in opened.versions] == [2, 1]
    assert ("gone", "1. Öffnen") in editing.difference(opened.versions[1][0].body, opened.article.body)
    clock.advance(minutes=1)
    database.write_now(editing.publish, opened.versions[1][0].id, desk.ben, clock.now())
    assert _read(database) == {"VPN einrichten": SHIPPED.body}
    opened = database.read_now(editing.open_article, 1)
    assert (opened.draft, opened.live_id) == (None, opened.versions[1][0].id), "and one goes on from there"


def test_two_who_write_at_once_hear_of_each_other(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(editing.save_draft, 1, "VPN", "", "Annas", desk.anna, clock.now())
    seen = editing.stamp(database.read_now(editing.open_article, 1).versions[0][0])
    clock.advance(minutes=1)
    database.write_now(editing.save_draft, 1, "VPN", "", "Bens", desk.ben, clock.now(), seen)
    with pytest.raises(Conflict, match="Ben"):
        database.write_now(editing.save_draft, 1, "VPN", "", "Annas, neuer", desk.anna, clock.now(), seen)
    seen = editing.stamp(database.read_now(editing.open_article, 1).versions[0][0])
    database.write_now(editing.save_draft, 1, "VPN", "", "Annas, neuer", desk.anna, clock.now(), seen)
    draft = database.read_now(editing.open_article, 1).draft
    assert draft is not None and draft.body == "Annas, neuer"


def test_an_article_knows_what_it_was_used_for_and_whether_it_helped(
    database: Database, desk: Desk, clock: SetClock
) -> None:
    ids, sent = [], []
    for _ in range(3):
        ids.append(database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0)
        draft = Draft("So geht es.", meta={"article": "vpn"})
        sent.append(database.write_now(actions.reply, ids[-1], desk.anna, draft, clock.now()))
    database.write_now(outbox.undo, sent[2], desk.anna, clock.now())
    database.write_now(actions.resolve, ids[0], desk.anna, ResolutionCode.SOLVED, clock.now())
    database.write_now(actions.resolve, ids[1], desk.anna, ResolutionCode.WITHDRAWN, clock.now())
    opened = database.read_now(editing.open_article, 1)
    assert (opened.used, opened.helped) == (2, 1)
    assert [(use.ticket_id, use.helped) for use in opened.last_used] == [(ids[1], False), (ids[0], True)]


def test_what_was_changed_by_hand_is_left_alone_by_the_folder(database: Database, desk: Desk, clock: SetClock) -> None:
    draft = database.write_now(editing.save_draft, 1, "Unseres", "", "Text", desk.anna, clock.now())
    database.write_now(editing.publish, draft, desk.ben, clock.now())
    assert database.write_now(articles.synchronize, [SHIPPED], clock.now()) == 0
    assert database.write_now(articles.synchronize, [], clock.now()) == 0
    assert _read(database) == {"Unseres": "Text"}


def test_an_article_of_one_organization_is_nobody_else_s(database: Database, desk: Desk, clock: SetClock) -> None:
    own = database.write_now(editing.create, "Nur Alpha", "de", 1, "", desk.anna, clock.now())
    with pytest.raises(InvalidInput):
        database.write_now(editing.create, "Nochmal", "de", 1, "nur-alpha", desk.anna, clock.now())
    version = database.write_now(editing.save_draft, own, "Nur Alpha", "", "Geheim", desk.anna, clock.now())
    database.write_now(editing.publish, version, desk.ben, clock.now())
    assert "Nur Alpha" in _read(database, 1)
    assert "Nur Alpha" not in _read(database, 2)
    assert "Nur Alpha" not in _read(database)
    database.write_now(editing.withdraw, own, desk.ben, clock.now())
    assert "Nur Alpha" not in _read(database, 1)


def test_the_older_language_is_marked(database: Database, desk: Desk, clock: SetClock) -> None:
    clock.advance(days=1)
    english = database.write_now(editing.create, "Set up VPN", "en", None, "vpn", desk.anna, clock.now())
    version = database.write_now(editing.save_draft, english, "Set up VPN", "", "Open it", desk.anna, clock.now())
    database.write_now(editing.publish, version, desk.ben, clock.now())
    behind = {line.title: line.is_behind for line in database.read_now(editing.overview)}
    assert behind == {"VPN einrichten": True, "Set up VPN": False}


def test_an_empty_article_is_not_published(database: Database, desk: Desk, clock: SetClock) -> None:
    empty = database.write_now(editing.create, "Leer", "de", None, "", desk.anna, clock.now())
    opened = database.read_now(editing.open_article, empty)
    assert opened.draft is not None
    with pytest.raises(InvalidInput):
        database.write_now(editing.publish, opened.draft.id, desk.ben, clock.now())
