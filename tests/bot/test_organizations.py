"""What is meant for one customer is never said or shown to another: everybody's questions, asked as everybody else."""

from __future__ import annotations

import shutil

import pytest
from sqlalchemy import select

from bot import content as contents
from bot.answers import KnowledgeIndex
from bot.worker import Worker, claim_one
from config.settings import PACK
from core import intake
from core.database import Database
from core.flood import Flood
from core.knowledge import articles
from core.models import Message
from core.values import Address
from tests.core.desk import Desk, letter, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

CUSTOMERS = ("alpha", "beta")
QUESTIONS = {
    "alpha": "Wie öffne ich das Rolltor in Halle Nord?",
    "beta": "Wie buche ich das Segelboot der Betriebssportgruppe?",
}
SECRETS = {"alpha": "Torcode 4711", "beta": "Steg 7"}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> contents.Content:
    """The shipped content, and an article and a response of each customer."""
    folder = tmp_path_factory.mktemp("content") / "pack"
    shutil.copytree(PACK, folder)
    for customer in CUSTOMERS:
        own = folder / "organizations" / customer
        (own / "knowledge" / "de").mkdir(parents=True)
        (own / "domain").mkdir()
        (own / "knowledge" / "de" / f"{customer}.md").write_text(
            f"---\ntitle: {QUESTIONS[customer]}\nsummary: Nur für {customer}.\nintents: []\nkeywords: []\n---\n"
            f"## So gehen Sie vor\n1. {QUESTIONS[customer]} Hier: {SECRETS[customer]}.\n2. Fertig.\n",
            "utf-8",
        )
        (own / "domain" / "own.yml").write_text(
            'version: "3.1"\nresponses:\n  utter_greet:\n'
            f"    - text: Willkommen bei {SECRETS[customer]}\n"
            f"      translation: {{en: Welcome to {SECRETS[customer]}}}\n",
            "utf-8",
        )
    return contents.load(folder)


def test_responses_are_seen_by_their_own_organization_alone(content: contents.Content) -> None:
    for customer in (*CUSTOMERS, None):
        said = content.of(customer).responses["utter_greet"][0].text["de"]
        assert [secret for secret in SECRETS.values() if secret in said] == (
            [SECRETS[customer]] if customer is not None else []
        )


def test_the_search_of_one_never_finds_what_is_another_s(
    content: contents.Content, database: Database, clock: SetClock
) -> None:
    database.write_now(seed, clock)
    database.write_now(articles.synchronize, content.articles, clock.now())
    for reader, organization_id in (("alpha", 1), ("beta", 2), (None, None)):
        index = KnowledgeIndex(database.read_now(articles.visible, organization_id), MODELS.model.embed)
        for owner, question in QUESTIONS.items():
            found = {hit.article.organization for hit in index.search(question, "de", limit=50)}
            assert found <= {None, reader}
            assert (owner in found) == (owner == reader)


async def test_the_bot_tells_nobody_else(content: contents.Content, database: Database, clock: SetClock) -> None:
    desk: Desk = await database.write(seed, clock)
    await database.write(articles.synchronize, content.articles, clock.now())
    worker = Worker(database, clock, content, lambda claimed: None, Flood())
    worker.ready(MODELS.model)
    for asker in (*CUSTOMERS, "stranger"):
        for owner, question in QUESTIONS.items():
            message = letter(desk, clock, question, subject=question, sender=Address("email", f"x@{asker}.example"))
            receipt = await database.write(intake.receive, message, clock.now())
            worker.start(await database.write(claim_one, clock.now(), receipt.work_id or 0))
            await worker.drain()
            said = await database.read(
                lambda session, ticket_id: "\n".join(
                    session.scalars(select(Message.text).where(Message.ticket_id == ticket_id, Message.outbound))
                ),
                receipt.ticket_id,
            )
            assert said, "everybody is answered"
            assert (SECRETS[owner] in said) == (asker == owner), (asker, owner, said)
