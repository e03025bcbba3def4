"""Where the corpora lie that stay outside the repository, and how a test says that they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPORA = Path(os.environ.get("FIRSTLINE_CORPORA", Path(__file__).parents[2].parent / "shared" / "corpora"))
MAIL, REPLIES = CORPORA / "mail", CORPORA / "replies"

needs_mail = pytest.mark.skipif(
    not MAIL.is_dir(), reason=f"the mail corpus is not in {MAIL} (name its parent folder in FIRSTLINE_CORPORA)"
)
needs_replies = pytest.mark.skipif(
    not REPLIES.is_dir(), reason=f"the replies corpus is not in {REPLIES} (name its parent folder in FIRSTLINE_CORPORA)"
)
