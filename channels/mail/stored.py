"""Mail that lies in files: an mbox, a Maildir, a folder of ``.eml`` files, or one file. Nothing of it is changed.

What is in a folder comes in the order in which it was written, so that an answer finds what it answers; an mbox has an
order of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from itertools import chain, pairwise
from pathlib import Path

from channels.mail import mime
from core.errors import InvalidInput

HEAD = 64 * 1024
"""Bytes of a file in which its date is looked for."""
LAST = 1 << 62

_SEPARATOR = b"From "
_DATED = re.compile(rb"(?:mon|tue|wed|thu|fri|sat|sun) [a-z]{3} [ \d]\d \d\d:\d\d", re.IGNORECASE)
_FIELD = re.compile(rb"[!-9;-~]{1,100}:")
_STUFFED = re.compile(rb"^>(>*From )", re.MULTILINE)
_NOT_MAIL = re.compile(r":2,\w*[DT]")
"""What a Maildir marks as a draft, or to be removed."""


@dataclass(frozen=True, slots=True)
class StoredMail:
    """``origin`` says where it lies; ``raw`` is None if it is too large, or if it could not be opened, for which
    ``failure`` is the reason. ``envelope_sender`` is None where nothing tells, empty if it came from nobody."""

    origin: str
    raw: bytes | None
    envelope_sender: str | None = None
    failure: str = ""


def mails(path: Path, largest: int) -> Iterator[StoredMail]:
    """Every mail in a file or folder; of one with more than ``largest`` bytes only that it is there.

    Raises ``InvalidInput``, at once, where there is no mail.
    """
    if path.is_dir():
        files = _maildir(path) if (path / "cur").is_dir() and (path / "new").is_dir() else _folder(path)
        return chain.from_iterable(_of(file, file.suffix.lower() == ".mbox", largest) for file in files)
    if not path.exists():
        raise InvalidInput("There is no file or folder {path}.", path=path)
    if not path.is_file():
        raise InvalidInput("{path} is neither a file nor a folder.", path=path)
    return _of(path, path.suffix.lower() != ".eml" and _is_mbox(path), largest)


def _of(path: Path, is_mbox: bool, largest: int) -> Iterator[StoredMail]:
    try:
        if is_mbox:
            yield from _mbox(path, largest)
        else:
            yield StoredMail(str(path), path.read_bytes() if path.stat().st_size <= largest else None)
    except OSError as error:
        yield StoredMail(str(path), None, failure=error.strerror or type(error).__name__)


# -- folders ---------------------------------------------------------------------------------------------------------


def _folder(path: Path) -> list[Path]:
    found = [one for one in path.rglob("*") if one.suffix.lower() in (".eml", ".mbox") and one.is_file()]
    if not found:
        raise InvalidInput("In {path} there is no mail: no Maildir, and no file that ends in .eml or .mbox.", path=path)
    return sorted(found, key=_written)


def _maildir(path: Path) -> list[Path]:
    """Its own mails, read and unread; folders within it are Maildirs of their own (``.Sent``, ``.Trash``)."""
    found = [one for place in ("cur", "new") for one in (path / place).iterdir() if not one.name.startswith(".")]
    return sorted((one for one in found if one.is_file() and not _NOT_MAIL.search(one.name)), key=_written)


def _written(path: Path) -> tuple[float, str]:
    """When its mail was written, as it says itself; what does not say so comes last."""
    try:
        with path.open("rb") as file:
            date = parsedate_to_datetime(mime.read_headers(file.read(HEAD)).text("date"))
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp(), str(path)
    except (OSError, ValueError, TypeError, IndexError, OverflowError):
        return float(LAST), str(path)


# -- mbox (RFC 4155; mboxo, mboxrd) ----------------------------------------------------------------------------------


def _is_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SEPARATOR)) == _SEPARATOR
    except OSError:
        return False


def _mbox(path: Path, largest: int) -> Iterator[StoredMail]:
    number, size, separator, lines, is_blank = 0, 0, b"", list[bytes](), True
    with path.open("rb") as file:
        for line, following in pairwise(chain(file, (b"",))):
            if _separates(line, following, is_blank):
                if separator:
                    yield _from_mbox(f"{path}, mail {number}", separator, lines if size <= largest else None)
                number, size, separator, lines = number + 1, 0, line, []
            else:
                size += len(line)
                if size <= largest:
                    lines.append(line)
            is_blank = not line.strip(b"\r\n")
    if separator:
        yield _from_mbox(f"{path}, mail {number}", separator, lines if size <= largest else None)
    elif size:
        raise InvalidInput("{path} is no mbox: it does not begin with a line “From …”.", path=path)


def _separates(line: bytes, following: bytes, is_blank: bool) -> bool:
    """Whether a mail begins here: some programs write no date, some no blank line, and some do not mark such lines
    within a mail."""
    if not line.startswith(_SEPARATOR):
        return False
    signs = is_blank, _DATED.search(line) is not None, _FIELD.match(following) is not None
    return sum(signs) >= 2


def _from_mbox(origin: str, separator: bytes, lines: list[bytes] | None) -> StoredMail:
    is_from_nobody = separator.split()[1:2] in ([b"MAILER-DAEMON"], [b"<>"])
    raw = _STUFFED.sub(rb"\1", b"".join(lines)) if lines is not None else None
    return StoredMail(origin, raw, "" if is_from_nobody else None)
