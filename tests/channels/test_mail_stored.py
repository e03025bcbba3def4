"""Mail that lies in files: each mail of an mbox, a Maildir or a folder once, and unchanged."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from channels.mail.stored import mails
from core.errors import InvalidInput

LARGEST = 1_000_000
FIRST = b"From: a@b.example\nDate: Mon, 2 Mar 2026 08:00:00 +0100\n\nHallo\n"
SECOND = b"From: a@b.example\nDate: Mon, 2 Mar 2026 08:30:00 +0200\n\nNoch etwas\n"
THIRD = b"From: a@b.example\n\nOhne Datum\n"


def found(path: Path, largest: int = LARGEST) -> list[bytes | None]:
    return [mail.raw for mail in mails(path, largest)]


def test_an_mbox_of_the_standard_library_comes_out_as_it_went_in(tmp_path: Path) -> None:
    texts = ["Eins\n\nFrom here it works.\nFrom: me\n", "> quoted\n>>From there\n", "Drei\n\n\n"]
    written = mailbox.mbox(tmp_path / "box")
    for text in texts:
        written.add(f"From: a@b.example\n\n{text}")
    written.close()
    assert [(raw or b"").decode().rstrip() for raw in found(tmp_path / "box")] == [
        "From: a@b.example\n\nEins\n\nFrom here it works.\nFrom: me",
        "From: a@b.example\n\n> quoted\n>From there",
        "From: a@b.example\n\nDrei",
    ]


SEPARATORS = {
    "classic": b"From carla@alpha.example Mon Mar  2 08:00:00 2026\n",
    "with a zone": b"From 1234@xxx Mon Mar 02 08:00:00 +0000 2026\n",
    "Thunderbird": b"From - Mon Mar 02 08:00:00 2026\r\n",
    "Thunderbird without a date": b"From \r\n",
    "a date of another kind": b"From carla@alpha.example 2026-03-02T08:00:00Z\n",
}


@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS)
def test_every_line_that_divides_an_mbox_is_known(tmp_path: Path, separator: bytes) -> None:
    (tmp_path / "box").write_bytes(b"".join(separator + raw + b"\n" for raw in (FIRST, SECOND, THIRD)))
    assert [raw and raw.strip() for raw in found(tmp_path / "box")] == [raw.strip() for raw in (FIRST, SECOND, THIRD)]


def test_somebody_who_writes_about_a_sender_divides_nothing(tmp_path: Path) -> None:
    raw = FIRST + b"\nFrom my side that is all.\nFrom Monday on: fine\n\nFrom Tuesday\n\nBye\n"
    (tmp_path / "box").write_bytes(SEPARATORS["classic"] + raw)
    assert found(tmp_path / "box") == [raw]


def test_an_mbox_says_what_came_from_nobody(tmp_path: Path) -> None:
    nobody = b"From MAILER-DAEMON Mon Mar  2 08:00:00 2026\n"
    (tmp_path / "box").write_bytes(nobody + FIRST + b"\n" + SEPARATORS["classic"] + SECOND)
    assert [mail.envelope_sender for mail in mails(tmp_path / "box", LARGEST)] == ["", None]


def test_a_folder_comes_in_the_order_in_which_it_was_written(tmp_path: Path) -> None:
    """The second was earlier: 8:30 in Athens is 7:30 in Berlin."""
    (tmp_path / "b").mkdir()
    (tmp_path / "a.eml").write_bytes(FIRST)
    (tmp_path / "b" / "Z.EML").write_bytes(SECOND)
    (tmp_path / "0.eml").write_bytes(THIRD)
    (tmp_path / "notes.txt").write_bytes(b"no mail")
    (tmp_path / "broken.eml").write_bytes(b"Date: 99 Foo 99999 99:99\n\xff\0")
    assert found(tmp_path) == [SECOND, FIRST, THIRD, b"Date: 99 Foo 99999 99:99\n\xff\0"]


def test_a_maildir_gives_what_was_read_and_what_was_not_but_no_drafts(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for raw, flags in ((FIRST, ""), (SECOND, "RS"), (THIRD, "D"), (THIRD, "ST")):
        message = mailbox.MaildirMessage(raw)
        message.set_flags(flags)
        message.set_subdir("cur" if flags else "new")
        box.add(message)
    box.add_folder("Sent").add(THIRD)
    assert sorted((raw or b"").strip() for raw in found(tmp_path / "box")) == sorted([FIRST.strip(), SECOND.strip()])


def test_a_mail_that_is_too_large_is_counted_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(FIRST)
    assert found(tmp_path / "a.eml", 10) == [None]
    large = b"From: a@b.example\n\n" + b"x" * 70 + b"\n"
    (tmp_path / "box").write_bytes(SEPARATORS["classic"] + large * 2 + b"\n" + SEPARATORS["classic"] + THIRD)
    assert found(tmp_path / "box", 100) == [None, THIRD]


@pytest.mark.parametrize("name", ["nowhere", "empty", "prose"])
def test_where_there_is_no_mail_it_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "prose").write_bytes(b"From where I stand\nthis is a letter\n")
    with pytest.raises(InvalidInput, match=name):
        list(mails(tmp_path / name, LARGEST))


def test_what_cannot_be_opened_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(FIRST)
    (tmp_path / "b.eml").write_bytes(SECOND)
    iterator = mails(tmp_path, LARGEST)
    (tmp_path / "a.eml").unlink()
    failures = [mail.failure for mail in iterator]
    assert sorted(failures) == ["", "No such file or directory"]
