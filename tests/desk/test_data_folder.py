"""The data folder: whose it is, who may read it, and what is said when it cannot be used."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import tarfile
import time
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP, SMTPResponseException

import httpx
import pytest

from config import settings as configuration
from config.settings import PACK, Settings
from core.errors import Conflict, InvalidInput
from desk import archive, cli
from desk.data import alone, open_database, with_secret
from desk.demo.run import MARK
from desk.serve import GRACE
from tests.desk.process import DeskProcess
from tests.fakes.mailserver import MailServer
from tests.fakes.ports import free_port


def _settings(data: Path) -> Settings:
    return configuration.load({"FIRSTLINE_DATA": str(data)})


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _refused(error: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that does not work says."""
    assert cli.main(arguments) == 2
    said = error.readouterr().err
    assert said.startswith("firstline: ") and "Traceback" not in said
    return said


def test_nobody_else_may_read_what_the_desk_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path / "data"))
    assert cli.main(["init"]) == 0 and cli.main(["backup", str(tmp_path / "desk.tar.gz")]) == 0
    assert _mode(tmp_path / "data") == 0o700
    assert {_mode(tmp_path / "data" / name) for name in ("secret", "firstline.db")} == {0o600}
    assert _mode(tmp_path / "desk.tar.gz") == 0o600


def test_a_folder_has_one_desk_at_a_time(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    with alone(settings), pytest.raises(Conflict, match="running already"), alone(settings):
        pass
    with alone(settings):
        pass
    with alone(settings.model_copy(update={"database_url": "postgresql+psycopg://elsewhere/desk"})):
        pass


def test_a_second_process_on_the_same_folder_is_turned_away_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    with MailServer() as outside:
        desk = DeskProcess(tmp_path / "data", outside.port)
        desk.start(understanding=False)
        try:
            with pytest.raises(subprocess.CalledProcessError) as refused:
                desk.run("serve")
            assert "running already" in refused.value.stderr
            with pytest.raises(subprocess.CalledProcessError) as refused:
                desk.run("restore", __file__)
            assert httpx.get(f"{desk.base}/healthz").status_code == 200
        finally:
            desk.stop()


def test_a_full_disc_refuses_mail_and_the_desk_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    def hand_over() -> int:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "eva@kunde.example", "desk@desk.example", "Störung"
        mail.set_content("Der Drucker druckt nicht.\n" * 200)
        with SMTP("127.0.0.1", desk.smtp_port, timeout=20) as client:
            try:
                client.send_message(mail)
            except SMTPResponseException as error:
                return error.smtp_code
        return 250

    with MailServer() as outside:
        desk = DeskProcess(tmp_path / "data", outside.port)
        desk.start(understanding=False)
        try:
            assert hand_over() == 250
            most = resource.prlimit(desk.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(desk.pid, resource.RLIMIT_FSIZE, (4096, most[1]))
            assert hand_over() == 451
            time.sleep(1)  # the search index and the bot write by themselves, and fail as well
            assert httpx.get(f"{desk.base}/healthz").status_code == 200
            resource.prlimit(desk.pid, resource.RLIMIT_FSIZE, most)
            assert hand_over() == 250
        finally:
            assert desk.stop() == 0


def test_a_desk_that_is_stopped_while_it_learns_stops_at_once(tmp_path: Path) -> None:
    content = tmp_path / "content"
    shutil.copytree(PACK, content)
    examples = "\n".join(f"      - Der Drucker Nummer {number} druckt nicht" for number in range(400))
    (content / "nlu" / "de" / "own.yml").write_text(
        f'version: "3.1"\nnlu:\n  - intent: printer_problem\n    examples: |\n{examples}\n'
    )
    with MailServer() as outside:
        desk = DeskProcess(tmp_path / "data", outside.port, content=content)
        desk.start(understanding=False)
        children = Path(f"/proc/{desk.pid}/task/{desk.pid}/children")
        deadline = time.monotonic() + 30
        while not children.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        learning = children.read_text().split()
        assert learning, "it learns in a process of its own"
        started = time.monotonic()
        assert desk.stop() == 0
        assert time.monotonic() - started < GRACE
        deadline = time.monotonic() + 10
        while any(_is_alive(child) for child in learning):
            assert time.monotonic() < deadline, "what learned goes with it"
            time.sleep(0.05)


def _is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_demo_leaves_what_is_not_its_own_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").write_text("mine")
    demo = ("demo", "--data", str(tmp_path), "--port", str(free_port()), "--smtp-port", str(free_port()))
    for arguments in (demo, (*demo, "--fresh")):
        assert "not a demo's" in _refused(capsys, *arguments)
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_demo_that_cannot_start_forgets_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (MARK, "firstline.db"):
        (tmp_path / name).write_text("from last time")
    with MailServer() as busy:
        said = _refused(capsys, "demo", "--fresh", "--data", str(tmp_path), "--port", str(busy.port))
    assert "in use" in said and (tmp_path / "firstline.db").read_text() == "from last time"
    with alone(_settings(tmp_path)):
        said = _refused(capsys, "demo", "--fresh", "--data", str(tmp_path), "--port", str(free_port()))
    assert "running already" in said and (tmp_path / "firstline.db").exists()


def test_an_archive_that_is_damaged_or_something_else_makes_no_desk(tmp_path: Path) -> None:
    source, target = _settings(tmp_path / "one"), _settings(tmp_path / "two")
    with pytest.raises(Conflict, match="firstline init"):
        archive.backup(source, tmp_path / "desk.tar.gz")
    assert not source.data.exists()
    database = open_database(with_secret(source))
    database.close()
    with pytest.raises(Conflict, match="schema"):
        archive.backup(source, tmp_path / "desk.tar.gz")
    assert cli.main(["--config", _file(tmp_path, source), "init"]) == 0
    with pytest.raises(InvalidInput, match="is a folder"):
        archive.backup(source, tmp_path)
    with pytest.raises(InvalidInput, match="cannot be written"):
        archive.backup(source, tmp_path / "nowhere" / "desk.tar.gz")
    archive.backup(source, tmp_path / "desk.tar.gz")
    whole = (tmp_path / "desk.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "plain.tar", "w") as plain:
        plain.add(tmp_path / "one" / "secret", "about.json")
    for name, content in (("cut", whole[: len(whole) // 2]), ("plain", (tmp_path / "plain.tar").read_bytes())):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput, match=r"no (whole )?backup"):
            archive.restore(target, tmp_path / name)
    assert not (tmp_path / "two" / "firstline.db").exists()


def _file(folder: Path, settings: Settings) -> str:
    path = folder / f"{settings.data.name}.toml"
    path.write_text(f'data = "{settings.data}"\n')
    return str(path)


@pytest.mark.parametrize("place", ["a file", "a file/below"])
def test_what_is_no_folder_is_said_to_be_none(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path / place))
    for command in (["init"], ["serve"], ["db", "check"]):
        assert "cannot be the data folder" in _refused(capsys, *command)
    assert cli.main(["doctor"]) == 1
    assert "does not exist" in capsys.readouterr().out


def test_a_password_file_that_is_missing_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(capsys, "user", "a@b.example", "--name", "A", "--password-file", str(tmp_path / "none"))
    assert "none cannot be read" in said


def test_a_port_in_use_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA", str(tmp_path / "data"))
    with MailServer() as busy:
        monkeypatch.setenv("FIRSTLINE_HTTP__PORT", str(busy.port))
        assert f"Port {busy.port} is in use" in _refused(capsys, "serve")
    assert not os.path.exists(tmp_path / "data" / "firstline.db")  # noqa: PTH110 - the file, or a link to nowhere
