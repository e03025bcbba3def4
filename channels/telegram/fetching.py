"""Fetching the files of messages from Telegram, as far as a bot may."""

from __future__ import annotations

import asyncio
from collections import Counter

from telegram.error import BadRequest, NetworkError

from channels.telegram.client import TRANSFER_TIMEOUT, Client
from channels.telegram.contents import MAX_DOWNLOAD, Extra, TelegramFile, What
from core.blobs import BlobStore
from core.values import StoredFile

ATTEMPTS = 3
"""After so many failed ones a message is taken without its file."""
AT_ONCE = 4


class Fetching:
    def __init__(self, client: Client, blobs: BlobStore) -> None:
        self._client = client
        self._blobs = blobs
        self._failed: Counter[str] = Counter()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, files: tuple[TelegramFile, ...]) -> tuple[tuple[StoredFile, ...], tuple[Extra, ...]]:
        """The files, stored, and words for those that cannot be had. Raises what may be over the next time."""
        stored: list[StoredFile] = []
        missing: list[Extra] = []
        for file in files:
            try:
                content = await self._download(file)
            except BadRequest as error:
                missing.append(_missing(file, "too big" in str(error).lower()))
            except NetworkError:
                self._failed[file.id] += 1
                if self._failed[file.id] < ATTEMPTS:
                    raise
                del self._failed[file.id]
                missing.append(_missing(file, is_too_large=False))
            else:
                sha256 = await asyncio.to_thread(self._blobs.put, content)
                stored.append(StoredFile(sha256, file.name, file.media_type, len(content)))
        return tuple(stored), tuple(missing)

    async def _download(self, file: TelegramFile) -> bytes:
        if (file.size or 0) > MAX_DOWNLOAD:
            raise BadRequest("file is too big")
        async with self._turn:
            found = await self._client.get_file(file.id)
            return bytes(await found.download_as_bytearray(read_timeout=TRANSFER_TIMEOUT))


def _missing(file: TelegramFile, is_too_large: bool) -> Extra:
    size = f"{(file.size or 0) / 1024 / 1024:.0f}"
    return Extra(What.TOO_LARGE if is_too_large else What.UNAVAILABLE, {"name": file.name, "size": size})
