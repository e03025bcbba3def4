"""Search: words in any spelling, parts of compounds, filters; and whatever is typed is read or explained."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import intake
from core.database import Database
from core.errors import InvalidInput
from core.search import query as queries
from core.search.find import find
from core.search.index import index_more
from core.search.words import excerpt, fold, parts, variants
from core.tickets import actions
from core.values import Address
from tests.core.desk import Desk, chat_message, letter, seed
from tests.fakes.clock import SetClock


@pytest.fixture
def desk(database: Database, clock: SetClock) -> Desk:
    found = database.write_now(seed, clock)
    for text, sender in (
        ("Der Etagendrucker im 2. OG druckt nicht.", Address("email", "huber@alpha.example", "Jörg Huber")),
        ("Frau Müller kommt nicht ins VPN.", Address("email", "mueller@beta.example", "Käthe Müller")),
        ("My mailbox is full.", Address("email", "tom@beta.example", "Tom Baker")),
    ):
        database.write_now(intake.receive, letter(found, clock, text, subject=text[:20], sender=sender), clock.now())
    while database.write_now(index_more):
        pass
    return found


def _found(database: Database, desk: Desk, clock: SetClock, text: str) -> list[int]:
    hits = database.read_now(find, queries.read(text), desk.anna, clock.now())
    return sorted(hit.row.id for hit in hits)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("drucker", [1]),
        ("DRUCKER og", [1]),
        ("Müller", [2]),
        ("muller", [2]),
        ("mueller", [2]),
        ("huber", [1]),
        ("jorg", [1]),
        ("vpn drucker", []),
        ("FL-1003", [3]),
        ("from:huber", [1]),
        ("org:beta", [2, 3]),
        ("org:beta mailbox", [3]),
        ("channel:mail", [1, 2, 3]),
        ("channel:webchat", []),
        ("status:new level:0", [1, 2, 3]),
        ("status:gelöst", []),
        ("newer:1h", [1, 2, 3]),
        ("older:1h", []),
        ("assignee:nobody", [1, 2, 3]),
        ('"kommt nicht"', [2]),
        ("zz", [1, 2, 3]),
    ],
)
def test_what_is_typed_finds(database: Database, desk: Desk, clock: SetClock, typed: str, expected: list[int]) -> None:
    if typed == "zz" and not database.is_sqlite:
        expected = []  # a trigram index knows no words of two letters, the other one does
    assert _found(database, desk, clock, typed) == expected


def test_what_is_said_later_is_found_a_moment_later(database: Database, desk: Desk, clock: SetClock) -> None:
    database.write_now(intake.receive, chat_message(desk, clock, "Die Brombeere klemmt"), clock.now())
    assert _found(database, desk, clock, "brombeere") == []
    database.write_now(index_more)
    assert _found(database, desk, clock, "brombeere") == [4]
    database.write_now(actions.note, 4, desk.anna, "Siehe Holunderbusch", clock.now())
    database.write_now(index_more)
    assert _found(database, desk, clock, "holunder") == [4]


def test_a_hit_shows_where_the_word_stands(database: Database, desk: Desk, clock: SetClock) -> None:
    [hit] = database.read_now(find, queries.read("muller"), desk.anna, clock.now())
    assert ("Müller", True) in hit.excerpt


@pytest.mark.parametrize(("typed", "hint"), [("colour:red", "status:"), ("status:happy", "open"), ("older:soon", "3d")])
def test_a_filter_that_is_none_is_explained(typed: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=hint):
        queries.read(typed)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read_or_explained(typed: str) -> None:
    with contextlib.suppress(InvalidInput):
        queries.read(typed)


@pytest.mark.parametrize(
    "typed", ['"', "'", 'a"b', "*", "drucker*", "(", "NOT OR AND", "-x", "a:b:c", "😀😀😀", "\x00", "%", ":*"]
)
def test_nothing_typed_breaks_the_search(database: Database, desk: Desk, clock: SetClock, typed: str) -> None:
    try:
        query = queries.read(typed)
    except InvalidInput:
        return
    database.read_now(find, query, desk.anna, clock.now())


@given(st.text(max_size=60))
def test_an_excerpt_is_made_of_the_text(text: str) -> None:
    flat = " ".join(text.split())
    pieces = "".join(piece for piece, _ in excerpt(text, ["er", "ß"]))
    assert pieces.strip("… ") in flat or flat == ""


def test_umlauts_fold_and_unfold() -> None:
    assert fold("Größe MÜLLER") == "grosse muller"
    assert variants("Mueller") == ["mueller", "muller"]
    assert "drucker" in parts("Etagendrucker").split()
