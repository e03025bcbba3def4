"""Damages real mails and reads them: none may crash the reader, keep it busy, or come out as nothing can store it.

    uv run python -m bench.fuzz_mail [MAILS] [SEED]

With 20,000 mails unless told otherwise. What fails is written down as ``fuzz-SEED-NUMBER.eml`` in the temporary folder;
the exit code is 1 then. Time is the processor's: a mail has one second.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from itertools import islice
from pathlib import Path

from tests.channels.corpora import MAIL
from tests.channels.mutations import damaged, mails
from tests.channels.soundness import check

MAILS, SEED = 20_000, 1
MOST = 1.0
"""Seconds that a damaged mail of at most 200 kB may take."""


def main(count: int = MAILS, seed: int = SEED) -> int:
    known = mails()
    print(f"{count} mails made of {len(known)}, seed {seed}; the corpus is {'there' if MAIL.is_dir() else 'missing'}")
    spent: list[float] = []
    unread = failed = 0
    for number, raw in enumerate(islice(damaged(seed, known), count)):
        started = time.process_time()
        try:
            if check(raw) is None:
                unread += 1
                check(b"From: somebody@else.example\n" + raw)
            spent.append(time.process_time() - started)
            if spent[-1] > MOST:
                raise TimeoutError(f"{spent[-1]:.1f} seconds")
        except Exception:  # whatever it is, it is what is looked for
            failed += 1
            path = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{number}.eml"
            path.write_bytes(raw)
            print(f"\n{path}:\n{traceback.format_exc()}")
    spent.sort()
    print(f"{count - unread - failed} read, {unread} from nobody, {failed} failed")
    if spent:
        middle, last = spent[len(spent) // 2], spent[-1]
        most = spent[-len(spent) // 100 - 1]
        times = f"{middle * 1e3:.2f} ms in the middle, {most * 1e3:.0f} ms at 99 %, {last * 1e3:.0f} ms at most"
        print(f"a mail takes {times}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
