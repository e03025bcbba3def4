"""What the other side gave in place of a secret: kept sealed, and void as soon as another one is entered."""

from __future__ import annotations

from core.database import Database
from core.inboxes import editing, renewals
from core.models import Inbox
from core.sealing import Seal
from tests.core.desk import seed
from tests.fakes.clock import SetClock

SEAL = Seal("a secret of the tests")


async def test_the_newest_is_used_until_another_one_is_entered(database: Database, clock: SetClock) -> None:
    inbox_id = (await database.write(seed, clock)).mail
    assert await database.read(renewals.newest, inbox_id, "entered", SEAL) == "entered"
    await database.write(renewals.keep, inbox_id, "entered", "renewed", SEAL)
    assert await database.read(renewals.newest, inbox_id, "entered", SEAL) == "renewed"
    assert await database.read(renewals.newest, inbox_id, "another", SEAL) == "another"
    stored = await database.read(lambda session: session.get_one(Inbox, inbox_id).renewed)
    assert "renewed" not in str(stored)


async def test_it_survives_another_secret_of_the_desk_if_that_was_named(database: Database, clock: SetClock) -> None:
    inbox_id = (await database.write(seed, clock)).mail
    await database.write(renewals.keep, inbox_id, "entered", "renewed", SEAL)
    assert await database.read(renewals.newest, inbox_id, "entered", Seal("a new secret")) == "entered"
    await database.write(editing.seal_anew, Seal("a new secret", ["a secret of the tests"]))
    assert await database.read(renewals.newest, inbox_id, "entered", Seal("a new secret")) == "renewed"


async def test_trying_out_what_is_not_saved_keeps_nothing(database: Database) -> None:
    await database.write(renewals.keep, 0, "entered", "renewed", SEAL)
    assert await database.read(renewals.newest, 0, "entered", SEAL) == "entered"
