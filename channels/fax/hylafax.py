"""HylaFAX's client programs: ``sendfax`` hands a letter over, ``faxstat`` says what became of it.

sendfax(1): exit code 0 and ``request id is N (group id N) for host H (1 file)`` when the job is queued; 255 and the
reason on the standard error otherwise. The server's answers begin with a code as those of FTP do (RFC 959): 4xx not
now, 5xx never. faxstat(1): one line a job in the layout of JobFmt, here the one it comes with.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from channels.base import DeliveryError
from core.errors import InboxProblem

TIMEOUT = 40.0
"""Seconds that one of the programs may take."""
INSTALL = "apt install hylafax-client"
SOON = timedelta(minutes=2)

_REQUEST = re.compile(r"request id is (\S+)")
_CODE = re.compile(r"(?:^|[\s:])([45]\d\d)[ -](.+)", re.MULTILINE)
_UNREACHABLE = re.compile(
    r"can ?not (?:reach|connect)|can't connect|unknown host|connection (?:refused|timed out|reset)|no response"
    r"|service not available|network is unreachable|no route to host|lost connection",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"null destination|destination|dial ?string|invalid|malformed|unsupported|can not convert|bad ", re.I
)
_JOB = re.compile(
    r"^\s*(?P<job>\d+)\s+\d+\s+(?P<state>[?TPSBWRDF])\s+\S+\s+\S+\s+\d+:\d+\s+\d+:\d+(?:\s+\d\d:\d\d)?(?P<status>.*)$"
)


@dataclass(frozen=True, slots=True)
class Job:
    """What the server says of a job. ``status`` is why it was not sent yet, or never will be."""

    id: str
    state: str
    status: str

    @property
    def is_done(self) -> bool:
        return self.state == "D"

    @property
    def has_failed(self) -> bool:
        return self.state == "F"


async def send(server: str, number: str, letter: bytes, sender: str, tag: str) -> str:
    """Queue a letter (PDF) for a number; the job's id. Raises ``DeliveryError`` or ``InboxProblem``."""
    with tempfile.TemporaryDirectory(prefix="firstline-fax-") as folder:
        path = Path(folder) / "letter.pdf"
        await asyncio.to_thread(path.write_bytes, letter)
        # Without a cover page (the letter has its own head), fine resolution, no mail about it.
        arguments = ["-n", "-N", "-m", "-h", server, "-f", sender, "-i", tag, "-d", number, str(path)]
        code, said, complaint = await _run("sendfax", arguments)
    found = _REQUEST.search(said)
    if code == 0 and found:
        return found.group(1)
    raise _refusal(complaint.strip() or said.strip() or f"exit code {code}", server)


async def jobs(server: str) -> list[Job]:
    """The jobs that are waiting and those that are over. Raises ``InboxProblem``."""
    code, said, complaint = await _run("faxstat", ["-h", server, "-s", "-d"])
    if code != 0:
        raise _unreachable(server, complaint.strip() or f"exit code {code}")
    found = (_JOB.match(line) for line in said.splitlines())
    return [Job(one["job"], one["state"], one["status"].strip()) for one in found if one is not None]


async def try_out(server: str) -> None:
    """Whether both programs are here and the server answers. Raises ``InboxProblem``."""
    _program("sendfax")
    await jobs(server)


def _refusal(said: str, server: str) -> DeliveryError | InboxProblem:
    line = " ".join(said.split())[:300]
    if _UNREACHABLE.search(said):
        return _unreachable(server, line)
    code = _CODE.search(said)
    if code is not None and code.group(1) in ("530", "531", "550"):
        return InboxProblem(
            "{server} does not let us send faxes: {answer}",
            "Let this machine and the user that runs Firstline send faxes there (hosts.hfaxd).",
            server=server,
            answer=line,
        )
    is_final = code.group(1).startswith("5") if code is not None else _NEVER.search(said) is not None
    return DeliveryError(line, permanent=is_final, retry_after=None if is_final else SOON)


def _unreachable(server: str, answer: str) -> InboxProblem:
    return InboxProblem(
        "The fax server {server} cannot be reached: {answer}",
        "Does HylaFAX (hfaxd) run there, and is its name right? It is tried again by itself.",
        server=server,
        answer=answer,
    )


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise InboxProblem(
            "The program {name} is missing, so answers cannot be faxed.",
            "Install HylaFAX’s client programs: {install}",
            name=name,
            install=INSTALL,
        )
    return path


async def _run(name: str, arguments: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, output, complaints."""
    process = await asyncio.create_subprocess_exec(
        _program(name),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            said, complaint = await process.communicate()
    except TimeoutError:
        raise InboxProblem(
            "{name} did not come to an end.",
            "Does HylaFAX (hfaxd) run there, and is its name right? It is tried again by itself.",
            name=name,
        ) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
    return process.returncode or 0, said.decode("utf-8", "replace"), complaint.decode("utf-8", "replace")
