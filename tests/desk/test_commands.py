"""The command line and the settings: what an administrator types, and what they are told when it is wrong."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import settings as configuration
from config.settings import PACK, Settings, SettingsError
from core import intake, replies, schema
from core.blobs import FolderBlobStore
from core.clock import SystemClock
from core.database import Database
from core.errors import Conflict, InvalidInput
from core.models import Message, Organization, Ticket
from core.tickets import merging
from core.values import FormOfAddress
from desk import archive, checks, cli
from tests.core.desk import letter, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock


def _settings(data: Path, url: str = "") -> Settings:
    return configuration.load({"FIRSTLINE_DATA": str(data), "FIRSTLINE_DATABASE_URL": url})


def test_an_unknown_setting_is_an_error_wherever_it_stands(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"http\.prot: there is no such setting"):
        configuration.load({"FIRSTLINE_HTTP__PROT": "25"})
    (tmp_path / "a.toml").write_text("[http]\ncolour = 1\n")
    with pytest.raises(SettingsError, match=r"http\.colour"):
        configuration.load({}, tmp_path / "a.toml")


def test_secrets_come_from_files_and_variables_win(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    (tmp_path / "a.toml").write_text('log_level = "debug"\n')
    found = configuration.load(
        {"FIRSTLINE_SECRET_FILE": str(tmp_path / "key"), "FIRSTLINE_LOG_LEVEL": "error"}, tmp_path / "a.toml"
    )
    assert (found.secret.get_secret_value(), found.log_level) == ("from a file", "error")
    assert "from a file" not in repr(found)


def test_a_backup_moves_between_databases(database_url: str, postgres: object, tmp_path: Path, clock: SetClock) -> None:
    source = _settings(tmp_path / "one")
    source.data.mkdir()
    database = Database(source.effective_database_url)
    schema.upgrade(database.engine)
    desk = database.write_now(seed, clock)
    sha256 = FolderBlobStore(source.data / "blobs").put(b"a file")
    database.write_now(intake.receive, letter(desk, clock, raw=b"\x00raw\xff"), clock.now())
    later = database.write_now(intake.receive, letter(desk, clock), clock.now()).ticket_id or 0
    database.write_now(merging.merge, 1, later, desk.anna, clock.now())
    database.close()
    archive.backup(source, tmp_path / "desk.tar.gz")
    target = _settings(tmp_path / "two", database_url)
    archive.restore(target, tmp_path / "desk.tar.gz")
    assert FolderBlobStore(target.data / "blobs").get(sha256) == b"a file"
    restored = Database(target.effective_database_url)
    again = restored.write_now(intake.receive, letter(desk, clock), clock.now())
    assert again.ticket_id == 3, "new rows get new ids"
    assert restored.read_now(_count) == (3, 3)
    restored.close()
    with pytest.raises(Conflict, match="empty"):
        archive.restore(target, tmp_path / "desk.tar.gz")


def _count(session: Session) -> tuple[int, int]:
    tickets = session.scalar(select(func.count()).select_from(Ticket)) or 0
    return tickets, session.scalar(select(func.count()).select_from(Message)) or 0


def test_something_else_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(InvalidInput, match="no backup"):
        archive.restore(_settings(tmp_path / "data"), tmp_path / "x")


def test_the_doctor_says_what_to_do(tmp_path: Path) -> None:
    found = checks.examine(_settings(tmp_path / "nowhere"))
    missing = [finding for finding in found if not finding.good]
    assert any("firstline init" in finding.mend for finding in missing)


def test_init_then_doctor_then_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path / "data"))
    (tmp_path / "password").write_text("long enough a password")
    assert cli.main(["init"]) == 0
    user = ["user", "lea@desk.example", "--name", "Lea", "--team", "service-desk"]
    assert cli.main([*user, "--password-file", str(tmp_path / "password")]) == 0
    assert cli.main(["db", "check"]) == 0
    capsys.readouterr()
    cli.main(["doctor"])
    assert "1 people can sign in" in capsys.readouterr().out
    (tmp_path / "password").write_text("short")
    assert cli.main([*user, "--password-file", str(tmp_path / "password")]) == 2
    assert "at least 10 characters" in capsys.readouterr().err


def test_the_doctor_names_what_would_say_sie_to_people_who_hear_du(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "pack" / "organizations" / "alpha" / "domain"
    shutil.copytree(PACK, tmp_path / "pack")
    own.mkdir(parents=True)
    (own / "own.yml").write_text(
        "responses:\n  utter_greet: [{text: Womit kann ich Ihnen helfen?, translation: {en: How can I help?}}]\n"
    )
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FIRSTLINE_CONTENT__FOLDER", str(tmp_path / "pack"))
    assert cli.main(["init"]) == 0

    def doctor() -> str:
        capsys.readouterr()
        cli.main(["doctor"])
        return capsys.readouterr().out

    def change(session: Session) -> None:
        now = SystemClock().now()
        session.add(
            Organization(key="alpha", name="Alpha", form_of_address=FormOfAddress.INFORMAL, domains=[], created_at=now)
        )
        replies.save(session, None, "Techniker", "Er kommt zu Ihnen.", "He comes to you.", None, now)

    assert "say Sie" not in doctor()
    database = Database(f"sqlite:///{tmp_path / 'data' / 'firstline.db'}")
    database.write_now(change)
    database.close()
    said = doctor()
    assert "1 responses say Sie where the desk says du: utter_greet." in said
    assert "1 ready answers say Sie where the desk says du: “Techniker”." in said
    assert "No articles say Sie" in said


def test_nlu_parse_answers_every_line_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA", str(MODELS.folder))
    lines = ["Der Drucker druckt nicht", "", '{"text": "vpn down"}', "{not json", "🙂"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    assert cli.main(["nlu", "parse", "-"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(printed) == len(lines)
    assert printed[0]["intent"] == "printer_problem" and printed[2]["intent"] == "vpn_problem"
    keys = {"intent", "confidence", "fallback", "ranking", "entities", "language"}
    assert all(keys <= set(line) for line in printed)


def test_a_rehearsal_that_fails_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA", str(MODELS.folder))
    script = {
        "id": "a",
        "lang": "de",
        "channel": "chat",
        "turns": ["Mein Laptop wurde gestohlen"],
        "expect": "bot_resolved",
    }
    (tmp_path / "r.jsonl").write_text(json.dumps(script) + "\n")
    assert cli.main(["bot", "rehearse", str(tmp_path / "r.jsonl"), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["results"][0]["outcome"] == "handoff" and report["passed"] == 0
    (tmp_path / "r.jsonl").write_text('{"id": "a"}\n')
    assert cli.main(["bot", "rehearse", str(tmp_path / "r.jsonl")]) == 2
    assert "r.jsonl:1" in capsys.readouterr().err
