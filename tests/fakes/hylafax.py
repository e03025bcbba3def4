"""HylaFAX's client programs as their manual pages describe them, with a spool of their own in place of a server.

``sendfax`` parses its options as the real one does (sendfax(1)), prints ``request id is N …`` and exits 0, or says on
the standard error why not and exits 255. ``faxstat`` lists jobs in the layout of the default JobFmt (faxstat(1)).
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

BUSY = "Busy signal detected"
NO_ANSWER = "No answer from remote"

_COMMON = """#!{python}
import getopt, json, pathlib, sys
SPOOL = pathlib.Path({spool!r})
if (SPOOL / "down").exists():
    sys.stderr.write('Can not reach server at host "localhost", port 4559.\\n')
    sys.exit(255)
"""
_SENDFAX = (
    _COMMON
    + """
options, files = getopt.getopt(sys.argv[1:], "a:b:B:c:C:d:f:F:h:i:I:k:M:o:P:r:s:S:t:T:V:x:X:y:Y:123lmnpvwDENRGg")
told = dict(options)
if not told.get("-d"):
    sys.stderr.write("sendfax: No destination specified.\\n")
    sys.exit(255)
refusals = sorted(SPOOL.glob("refuse-*"))
if refusals:
    sys.stderr.write(refusals[0].read_text() + "\\n")
    refusals[0].unlink()
    sys.exit(255)
for file in files:
    head = pathlib.Path(file).read_bytes()[:4]
    if head not in (b"%PDF", b"II*\\0", b"%!PS"):
        sys.stderr.write(file + ": Can not determine file type.\\n")
        sys.exit(255)
number = 1
while True:
    try:
        (SPOOL / f"taken-{number}").touch(exist_ok=False)
        break
    except FileExistsError:
        number += 1
for file in files:
    (SPOOL / f"job-{number}.pdf").write_bytes(pathlib.Path(file).read_bytes())
job = {"id": number, "number": told["-d"], "tag": told.get("-i", ""), "host": told.get("-h", ""),
       "from": told.get("-f", ""), "cover": "-n" not in told, "state": "W", "status": ""}
temporary = SPOOL / f".job-{number}"
temporary.write_text(json.dumps(job))
temporary.rename(SPOOL / f"job-{number}.json")
print(f"request id is {number} (group id {number}) for host {told.get('-h', 'localhost')} (1 file)")
"""
)
_FAXSTAT = (
    _COMMON
    + """
print("HylaFAX scheduler on localhost: Running")
print("Modem ttyS0 (+49.30.555000): Running and idle")
print()
print("JID  Pri S  Owner Number       Pages Dials     TTS Status")
for path in sorted(SPOOL.glob("job-*.json")):
    job = json.loads(path.read_text())
    row = ("%-4s %3i %1s %6.6s %-12.12s %5s %5s %7s %.25s"
           % (job["id"], 127, job["state"], "desk", job["number"], "0:1", "1:12", "", job["status"]))
    print(row.rstrip())
"""
)


class HylaFax:
    """The programs in a folder of their own; ``with`` puts it in front of PATH."""

    def __init__(self, folder: Path) -> None:
        self._spool = folder / "hylafax-spool"
        self._programs = folder / "hylafax-bin"
        self._path = ""
        self._refusals = 0

    def __enter__(self) -> HylaFax:
        for place in (self._spool, self._programs):
            place.mkdir(exist_ok=True)
        for name, source in (("sendfax", _SENDFAX), ("faxstat", _FAXSTAT)):
            program = self._programs / name
            text = source.replace("{python}", sys.executable).replace("{spool!r}", repr(str(self._spool)))
            program.write_text(text)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self._path = os.environ["PATH"]
        os.environ["PATH"] = f"{self._programs}:{self._path}"
        return self

    def __exit__(self, *_: object) -> None:
        os.environ["PATH"] = self._path

    def refuse_next(self, answer: str) -> None:
        """The server answers the next letter so, instead of taking it."""
        self._refusals += 1
        (self._spool / f"refuse-{self._refusals:03}").write_text(answer)

    def go_down(self) -> None:
        (self._spool / "down").touch()

    def come_up(self) -> None:
        (self._spool / "down").unlink()

    def jobs(self) -> list[dict[str, Any]]:
        """What was taken, in its order; ``letter`` holds the bytes."""
        numbers = sorted(int(path.stem.removeprefix("job-")) for path in self._spool.glob("job-*.json"))
        return [{**json.loads((self._spool / f"job-{n}.json").read_text()), "letter": self._letter(n)} for n in numbers]

    def becomes(self, number: int, state: str, status: str = "") -> None:
        """A job goes on: ``D`` done, ``F`` failed, ``S`` asleep until the next try."""
        path = self._spool / f"job-{number}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "state": state, "status": status}))

    def _letter(self, number: int) -> bytes:
        return (self._spool / f"job-{number}.pdf").read_bytes()
