"""The benches: every test of the contract runs on each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core import schema
from core.database import Database
from tests.contract.bench import Bench
from tests.contract.fax import FaxBench, FaxByMailBench
from tests.contract.ground import Ground
from tests.contract.imap import ImapBench
from tests.contract.mail import MailBench
from tests.contract.phone import PhoneBench
from tests.contract.slack import SlackBench, SlackHttpBench
from tests.contract.telegram import TelegramBench, TelegramWebhookBench
from tests.contract.webchat import WebChatBench
from tests.fakes import dovecot
from tests.fakes.clock import SetClock

BENCHES: dict[str, type[Bench]] = {
    "webchat": WebChatBench,
    "mail": MailBench,
    "mail by imap": ImapBench,
    "slack": SlackBench,
    "slack by http": SlackHttpBench,
    "telegram": TelegramBench,
    "telegram by webhook": TelegramWebhookBench,
    "phone": PhoneBench,
    "fax": FaxBench,
    "fax by mail": FaxByMailBench,
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """SQLite only: the contract is about adapters, and the core is tested on both databases."""
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    schema.upgrade(database.engine)
    yield database
    database.close()


@pytest.fixture(params=[pytest.param(name, marks=dovecot.needed if name == "mail by imap" else ()) for name in BENCHES])
async def bench(
    request: pytest.FixtureRequest, database: Database, clock: SetClock, tmp_path: Path
) -> AsyncIterator[Bench]:
    async with BENCHES[request.param](await Ground.lay(database, clock, tmp_path)) as bench:
        yield bench
