"""Files that people put into Slack: fetched with our token, and never waited for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from channels.base import DeliveryError
from channels.slack.client import NOT_FETCHED, FileNotFetched
from channels.slack.configuration import MEGABYTE
from channels.slack.errors import UNREACHABLE
from channels.slack.parse import Profile, SlackFile
from channels.slack.workspace import PATIENCE, Workspace
from core.values import StoredFile

TIMEOUT = 30.0
"""Seconds for all files of a message, tried once."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """``missing`` has a line for each file that could not be had, in the person's language."""

    stored: tuple[StoredFile, ...]
    missing: str


async def fetch(workspace: Workspace, files: Sequence[SlackFile], profile: Profile, attempts: int) -> Fetched:
    """Fetch and store. Raises ``DeliveryError`` as long as it is worth trying again."""
    tasks = [asyncio.create_task(_fetch(workspace, file)) for file in files]
    if tasks:
        await asyncio.wait(tasks, timeout=TIMEOUT)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    stored, missing = [], []
    for file, result in zip(files, results, strict=True):
        match result:
            case StoredFile():
                stored.append(result)
            case FileNotFetched():
                missing.append(_line(workspace, str(result), file, profile))
            case DeliveryError() | asyncio.CancelledError():
                if attempts < PATIENCE:
                    raise DeliveryError(UNREACHABLE, permanent=False)
                missing.append(_line(workspace, NOT_FETCHED, file, profile))
            case BaseException():
                raise result
    return Fetched(tuple(stored), "\n".join(missing))


async def _fetch(workspace: Workspace, file: SlackFile) -> StoredFile:
    content = await workspace.web.fetch(file, workspace.settings.max_megabytes * MEGABYTE)
    sha256 = await asyncio.to_thread(workspace.blobs.put, content)
    return StoredFile(sha256, file.name[:200], file.media_type[:127], len(content))


def _line(workspace: Workspace, reason: str, file: SlackFile, profile: Profile) -> str:
    _ = workspace.words_for(profile)
    size = f"{file.size / MEGABYTE:.0f}"
    return f"[{_(reason).format(name=file.name, size=size, url=file.url)}]"
