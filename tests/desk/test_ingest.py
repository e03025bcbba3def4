"""Mail from files: taken in as by a server, counted, and never twice."""

from __future__ import annotations

import json
import mailbox
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config import settings as configuration
from config.settings import Settings
from core.database import Database
from core.models import InboundReceipt, Inbox, InboxState, Message, Ticket, WorkRow
from desk import cli

MAIL = ["inbox", "add", "mail", "Support", "address=support@desk.example", "aliases=it@desk.example"]


def letter(number: int, text: str = "Der Drucker druckt nicht.", answers: int | None = None, sender: str = "") -> str:
    reference = f"In-Reply-To: <{answers}@alpha.example>\n" if answers is not None else ""
    return (
        f"From: {sender or 'Carla <carla@alpha.example>'}\nTo: support@desk.example\nSubject: Drucker\n"
        f"Message-ID: <{number}@alpha.example>\nDate: Mon, 2 Mar 2026 08:{59 - number:02d}:00 +0100\n"
        f"{reference}\n{text}\n"
    )


@pytest.fixture
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", database_url)
    return configuration.load()


@pytest.fixture
def support(settings: Settings) -> None:
    """A desk with a mailbox."""
    assert cli.main(["init"]) == cli.main(MAIL) == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mail, its answer under a name that comes first, a copy, one from nobody, and one of the desk's own."""
    place = tmp_path / "mails"
    place.mkdir()
    (place / "b.eml").write_text(letter(9))
    (place / "a.eml").write_text(letter(1, "Er druckt wieder.", answers=9))
    (place / "copy.eml").write_text(letter(9))
    (place / "nobody.eml").write_text("Subject: x\n\nx\n")
    (place / "own.eml").write_text(letter(5, sender="support@desk.example"))
    return place


def rows(settings: Settings, model: Any) -> list[Any]:
    database = Database(settings.effective_database_url)
    try:
        return database.read_now(lambda session: list(session.scalars(select(model).order_by(model.id))))
    finally:
        database.close()


def ingested(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, int]:
    assert cli.main(["mail", "ingest", "--json", *map(str, arguments)]) == 0
    found: dict[str, int] = json.loads(capsys.readouterr().out)
    return found


def test_the_ledger_says_what_became_of_each_and_again_they_are_all_duplicates(
    settings: Settings, support: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    first = ingested(capsys, folder)
    assert first == {"fetched": 5, "ticketed": 2, "duplicate": 1, "quarantined": 1, "ignored": 1}
    [ticket] = rows(settings, Ticket)
    assert [message.text for message in rows(settings, Message)] == ["Der Drucker druckt nicht.", "Er druckt wieder."]
    again = ingested(capsys, folder)
    assert again == {"fetched": 5, "ticketed": 0, "duplicate": 5, "quarantined": 0, "ignored": 0}
    assert rows(settings, Ticket)[0].version == ticket.version and len(rows(settings, InboundReceipt)) == 10


def test_people_read_where_those_lie_that_did_not_become_messages(
    support: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["mail", "ingest", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "5 fetched = 2 ticketed + 1 duplicate + 1 quarantined + 1 ignored" in said
    assert f"quarantined: {folder / 'nobody.eml'}: The mail has no sender" in said
    assert f"ignored: {folder / 'own.eml'}: sent by the desk itself" in said


def test_a_mailbox_for_a_desk_that_is_not_there_yet_says_what_comes_first(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(MAIL) == 2
    assert "run firstline init first" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--unanswered"]])
def test_old_mail_can_be_taken_in_without_a_word_to_its_senders(
    settings: Settings, support: None, folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    capsys.readouterr()
    assert ingested(capsys, folder, *options)["ticketed"] == 2
    [ticket] = rows(settings, Ticket)
    assert (ticket.level, ticket.waiting_since is None, rows(settings, WorkRow) == []) == (
        (1, True, True) if options else (0, False, False)
    )


def test_an_mbox_and_a_maildir_are_the_same_mail(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box, place = mailbox.mbox(tmp_path / "box"), mailbox.Maildir(tmp_path / "place")
    for number in range(3):
        box.add(letter(number))
        place.add(letter(number))
    box.close()
    assert ingested(capsys, tmp_path / "box")["ticketed"] == 3
    assert ingested(capsys, tmp_path / "place", tmp_path / "box")["duplicate"] == 6


def test_a_desk_without_a_mailbox_gets_one_that_rests(
    settings: Settings, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["mail", "ingest", str(folder)]) == 0
    assert "There was no mailbox" in capsys.readouterr().err
    ingested(capsys, folder)
    assert [inbox.state for inbox in rows(settings, Inbox) if inbox.channel == "mail"] == [InboxState.PAUSED]


def test_one_of_several_mailboxes_is_named(
    settings: Settings, support: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inbox", "add", "mail", "Sales", "address=sales@desk.example"]) == 0
    assert cli.main(["mail", "ingest", str(folder)]) == 2
    assert "sales@desk.example" in capsys.readouterr().err
    assert cli.main(["mail", "ingest", str(folder), "--inbox", "nobody@desk.example"]) == 2
    capsys.readouterr()
    assert ingested(capsys, folder, "--inbox", "IT@desk.example")["ignored"] == 1
    first, second = (inbox for inbox in rows(settings, Inbox) if inbox.channel == "mail")
    assert {receipt.inbox_id for receipt in rows(settings, InboundReceipt)} == {first.id}
    assert ingested(capsys, folder, "--inbox", str(second.id))["fetched"] == 5


def test_what_is_too_large_is_ignored_with_its_reason(
    support: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["inbox", "set", "2", "max_megabytes=1"]) == 0
    (tmp_path / "large.eml").write_text(letter(1, "x" * 1_100_000))
    assert cli.main(["mail", "ingest", str(tmp_path / "large.eml")]) == 0
    assert "large.eml: larger than 1 MB" in capsys.readouterr().out


def test_a_path_with_a_slip_makes_nothing(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["mail", "ingest", str(tmp_path / "mials")]) == 2
    assert "There is no file or folder" in capsys.readouterr().err
    assert not settings.data.exists()
