"""The trained model of the shipped content, made once for all tests of a run."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from functools import cached_property
from pathlib import Path

from bot import content as contents
from bot.content import Content
from config.settings import PACK
from desk.understanding import load_model
from nlu.engine import Model


class _Models:
    """Kept in the temporary directory under the content's version, so that workers and later runs share it."""

    @cached_property
    def content(self) -> Content:
        return contents.load(PACK)

    @cached_property
    def folder(self) -> Path:
        """A data folder that holds the model."""
        code = hashlib.sha256()
        for path in sorted((PACK.parent.parent / "nlu").rglob("*.py")):
            code.update(path.read_bytes())
        name = f"firstline-tests-{self.content.version[:12]}-{code.hexdigest()[:12]}"
        folder = Path(tempfile.gettempdir()) / name
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            load_model(self.content.nlu_folder, folder)
        return folder

    @cached_property
    def model(self) -> Model:
        return load_model(self.content.nlu_folder, self.folder)

    def share_with(self, data: Path) -> None:
        """Let a desk with that data folder find the model."""
        if not (data / "models").exists():
            (data / "models").symlink_to(self.folder / "models")


MODELS = _Models()
