"""Files that go with a reply or a note: stored as they arrive, and carried on if something is wrong with the form."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from starlette.datastructures import FormData, UploadFile

from core.blobs import BlobStore
from core.errors import InvalidInput
from core.values import StoredFile
from web.outside import file_name
from web.signing import InvalidToken, Signer

MOST = 10
LARGEST = 25 * 1024 * 1024
"""Bytes; most mail servers take no more."""
KEPT = timedelta(days=2)
"""How long a form may stand open with a file in it."""


class Uploads:
    """In a form, ``upload`` are new files and ``kept`` the tokens of those it already brought once."""

    def __init__(self, blobs: BlobStore, secret: str) -> None:
        self._blobs = blobs
        self._signer = Signer(secret, "console.upload")

    async def of(self, form: FormData) -> tuple[StoredFile, ...]:
        """The files of a form, in the store. Raises ``InvalidInput`` for too many or too large ones."""
        kept = [self._known(str(token)) for token in form.getlist("kept")]
        fresh = [one for one in form.getlist("upload") if isinstance(one, UploadFile) and one.filename]
        if len(kept) + len(fresh) > MOST:
            raise InvalidInput("At most {most} files go with a message.", "upload", most=MOST)
        if any((file.size or 0) > LARGEST for file in fresh):
            raise InvalidInput("The file is larger than {most} MB.", "upload", most=LARGEST // 1024 // 1024)
        return (*kept, *[await self._store(file) for file in fresh])

    def carried(self, files: Sequence[StoredFile]) -> list[tuple[str, StoredFile]]:
        """Files with the tokens that bring them back."""
        return [(self._signer.sign([one.sha256, one.filename, one.media_type, one.size]), one) for one in files]

    async def _store(self, file: UploadFile) -> StoredFile:
        content = await file.read()
        sha256 = await asyncio.to_thread(self._blobs.put, content)
        return StoredFile(
            sha256, file_name(file.filename or ""), file.content_type or "application/octet-stream", len(content)
        )

    def _known(self, token: str) -> StoredFile:
        try:
            return StoredFile(*self._signer.read(token, KEPT))
        except InvalidToken:
            raise InvalidInput("A file is no longer there. Please attach it again.", "upload") from None
