"""A mailbox as a source of mail: resumed by its numbers, read in batches, tidied after the commit, then watched.

How far it is read lies in our database (``core.inboxes.positions``): never in the server's marks, which others set as
well, and never in dates. What was documented and not remembered, because the process died in between, is read again,
and the ledger knows it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

import structlog

from channels.base import Surroundings
from channels.mail.configuration import MEGABYTE, MailConfiguration
from channels.mail.imap import problems
from channels.mail.imap.aside import SetAside
from channels.mail.imap.connection import Folder, Listed, Refused
from channels.mail.imap.lanes import lanes, return_path
from channels.mail.imap.line import Line, connection_to
from channels.mail.oauth import Tokens
from core.errors import InboxProblem
from core.inboxes import positions
from core.inboxes.kinds import InboxSettings
from core.inboxes.positions import Position
from core.values import Outcome, Receipt

log = structlog.get_logger(__name__)

LISTED_AT_ONCE = 500
BATCH, BATCH_BYTES = 50, 8 * MEGABYTE
"""So many mails are fetched together, or so many bytes; a larger one comes alone."""
AT_ONCE = 8
"""So many mails are documented beside each other."""
ATTEMPTS = 3
"""A mail that fails so often while the desk and the server work is set aside, and the others are read on."""

TOO_LARGE = "The mail is larger than this inbox takes. It still lies in the mailbox."
NOT_GIVEN = "The mail server cannot give out this mail. It still lies in the mailbox."

TakeIn = Callable[[bytes, str | None], Awaitable[Receipt]]


class Mailbox:
    """Reads one folder. ``take_in`` documents a raw mail and returns after the commit."""

    def __init__(
        self, inbox: InboxSettings[MailConfiguration], desk: Surroundings, tokens: Tokens, take_in: TakeIn
    ) -> None:
        self._inbox_id = inbox.id
        self._tokens = tokens
        self._settings = inbox.configuration
        self._database = desk.database
        self._clock = desk.clock
        self._take_in = take_in
        self._aside = SetAside(inbox.id, desk)
        self._failures: Counter[int] = Counter()
        self._alone_to = 0
        self._unreadable: set[int] = set()

    async def run(self, connected: Callable[[], None]) -> None:
        """Read until cancelled. Raises ``InboxProblem``; what could not be read on lies in the mailbox."""
        async with connection_to(self._settings, self._tokens, f"imap-{self._inbox_id}") as (line, folder):
            position = await self._resume(folder)
            connected()
            while True:
                position = await self._read_on(line, position)
                position = await self._tidy_up(line, position)
                await line.call(line.connection.wait)

    # -- where we are -----------------------------------------------------------------------------------------------

    async def _resume(self, folder: Folder) -> Position:
        settings, last = self._settings, folder.uid_next - 1
        source = f"{settings.imap_username}@{settings.imap_host.lower()}/{settings.imap_folder}"[:1000]
        kept = await self._database.read(positions.read, self._inbox_id)
        is_same = kept is not None and (kept.source, kept.generation) == (source, folder.uid_validity)
        # Numbers never fall (RFC 3501, 2.3.1.1), except where somebody put a mailbox back from a backup.
        if kept is not None and is_same and kept.read_to <= last:
            return kept
        self._failures.clear()
        self._unreadable.clear()
        self._alone_to = 0
        old = last if settings.imap_begin == "new" else 0
        if kept is None:
            begin = Position(source, folder.uid_validity, old, old, self._clock.now())
        else:
            log.warning("mailbox_read_again", inbox=self._inbox_id, mails_up_to=last)
            begin = Position(source, folder.uid_validity, 0, 0, kept.begun_at, reread_to=old)
        return await self._save(begin)

    async def _save(self, position: Position) -> Position:
        await self._database.write(positions.save, self._inbox_id, position)
        return position

    def _is_due(self, mail: Listed, position: Position) -> bool:
        """Not if it was there before the inbox was, and was to be left."""
        return mail.uid > position.reread_to or mail.arrived_at >= position.begun_at

    # -- reading ----------------------------------------------------------------------------------------------------

    async def _read_on(self, line: Line, position: Position) -> Position:
        waiting = await line.call(line.connection.after, position.read_to)
        if waiting:
            log.info("mails_waiting", inbox=self._inbox_id, count=len(waiting))
        alone = [uid for uid in waiting if uid <= self._alone_to]
        for some in (*([uid] for uid in alone), *_chunks(waiting[len(alone) :], LISTED_AT_ONCE)):
            listed = await self._list(line, some)
            for batch in self._batches([mail for mail in listed if self._is_due(mail, position)]):
                position = await self._take_batch(line, position, batch)
            position = await self._arrive(position, some[-1])
        return position

    async def _list(self, line: Line, uids: Sequence[int]) -> list[Listed]:
        if len(uids) == 1 and self._failures[uids[0]] >= ATTEMPTS:
            return [Listed(uids[0], 0, self._clock.now())]
        try:
            return await line.call(line.connection.listed, uids)
        except InboxProblem:
            self._suspect(uids)
            raise

    def _suspect(self, uids: Sequence[int]) -> None:
        """Perhaps one of these mails is what the server dies of: look at them one by one, and not for ever."""
        if len(uids) == 1:
            self._failures[uids[0]] += 1
        else:
            self._alone_to = uids[-1]

    def _batches(self, listed: Sequence[Listed]) -> Iterator[list[Listed]]:
        batch: list[Listed] = []
        size = 0
        for mail in listed:
            alone = mail.uid <= self._alone_to or self._is_too_large(mail)
            if batch and (alone or len(batch) == BATCH or size + mail.size > BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch, size = [*batch, mail], size + mail.size
            if alone:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    async def _take_batch(self, line: Line, position: Position, batch: Sequence[Listed]) -> Position:
        try:
            mails = await self._fetch(line, batch)
        except Refused:
            for mail in batch:
                position = await self._take_batch(line, position, [mail])
            return position
        if failed := await self._document(mails):
            uid, error = failed
            await self._save(replace(position, read_to=max(uid - 1, position.read_to)))
            raise error
        is_tidy = position.tidied_to == position.read_to
        position = await self._save(replace(position, read_to=batch[-1].uid))
        if is_tidy:
            try:
                await self._tidy(line, [mail.uid for mail in batch])
            except InboxProblem as problem:
                log.warning("mails_not_tidied", inbox=self._inbox_id, reason=str(problem))
            else:
                position = await self._save(replace(position, tidied_to=position.read_to))
        return position

    async def _arrive(self, position: Position, uid: int) -> Position:
        """Everything up to this mail is documented, or was not to be."""
        if uid <= position.read_to:
            return position
        is_tidy = position.tidied_to == position.read_to
        return await self._save(replace(position, read_to=uid, tidied_to=uid if is_tidy else position.tidied_to))

    async def _fetch(self, line: Line, batch: Sequence[Listed]) -> dict[int, bytes]:
        """The mails; one that cannot be had is set aside after some attempts. Raises ``Refused`` for several."""
        first, is_alone = batch[0], len(batch) == 1
        if is_alone and self._is_too_large(first):
            return await self._leave(line, first, TOO_LARGE)
        if is_alone and self._failures[first.uid] >= ATTEMPTS:
            return await self._leave(line, first, NOT_GIVEN)
        uids = [mail.uid for mail in batch]
        try:
            return await line.call(line.connection.fetch, uids)
        except Refused as error:
            self._suspect(uids)
            if not is_alone:
                raise
            raise problems.not_given(self._settings, str(error)) from None
        except InboxProblem:
            self._suspect(uids)
            raise

    async def _leave(self, line: Line, mail: Listed, reason: str) -> dict[int, bytes]:
        head = b""
        if self._failures[mail.uid] <= ATTEMPTS:
            # If the server dies of this as well, it is not asked again.
            self._failures[mail.uid] = ATTEMPTS + 1
            head = await line.call(line.connection.head, mail.uid)
        await self._aside.unseen(head or f"{self._settings.imap_folder} {mail.uid}".encode(), mail.size, reason)
        del self._failures[mail.uid]
        self._unreadable.add(mail.uid)
        return {}

    def _is_too_large(self, mail: Listed) -> bool:
        return mail.size > self._settings.max_megabytes * MEGABYTE

    # -- documenting ------------------------------------------------------------------------------------------------

    async def _document(self, mails: dict[int, bytes]) -> tuple[int, Exception] | None:
        """The first mail that failed, and why: it stays in the mailbox, and comes again."""
        room = asyncio.Semaphore(AT_ONCE)
        ends = await asyncio.gather(*(self._document_lane(lane, mails, room) for lane in lanes(mails)))
        return min((end for end in ends if end is not None), key=lambda end: end[0], default=None)

    async def _document_lane(
        self, uids: Sequence[int], mails: dict[int, bytes], room: asyncio.Semaphore
    ) -> tuple[int, Exception] | None:
        for uid in uids:
            try:
                async with room:
                    receipt = await self._document_one(uid, mails[uid])
            except Exception as error:  # it is raised as soon as the others have ended
                return uid, error
            if receipt.outcome is Outcome.QUARANTINED:
                self._unreadable.add(uid)
        return None

    async def _document_one(self, uid: int, raw: bytes) -> Receipt:
        try:
            receipt = await self._take_in(raw, return_path(raw))
        except Exception as error:  # if it is not the mail, setting aside fails as well
            self._failures[uid] += 1
            if self._failures[uid] < ATTEMPTS:
                raise
            log.exception("mail_fails_again", inbox=self._inbox_id, uid=uid)
            receipt = await self._aside.seen(raw, f"{type(error).__name__}: {error}")
        del self._failures[uid]
        return receipt

    # -- tidying ----------------------------------------------------------------------------------------------------

    async def _tidy_up(self, line: Line, position: Position) -> Position:
        """What was documented before a crash, or before somebody made it possible. Raises ``InboxProblem``."""
        if position.tidied_to == position.read_to:
            return position
        left = [uid for uid in await line.call(line.connection.after, position.tidied_to) if uid <= position.read_to]
        for some in _chunks(left, LISTED_AT_ONCE):
            listed = await line.call(line.connection.listed, some)
            await self._tidy(line, [mail.uid for mail in listed if self._is_due(mail, position)])
        return await self._save(replace(position, tidied_to=position.read_to))

    async def _tidy(self, line: Line, uids: Sequence[int]) -> None:
        settings, connection = self._settings, line.connection
        read = [uid for uid in uids if uid not in self._unreadable]
        unreadable = [uid for uid in uids if uid in self._unreadable]
        folder = ""
        try:
            if read and settings.imap_afterwards == "seen":
                await line.call(connection.mark, read)
            if read and settings.imap_afterwards == "move":
                folder = settings.imap_done_folder
                await line.call(connection.move, read, folder)
            if unreadable and settings.imap_unreadable_folder:
                folder = settings.imap_unreadable_folder
                await line.call(connection.move, unreadable, folder)
        except Refused as error:
            raise problems.not_tidied(settings, folder, str(error)) from None
        self._unreadable.difference_update(unreadable)


def _chunks(uids: Sequence[int], length: int) -> Iterator[Sequence[int]]:
    for begin in range(0, len(uids), length):
        yield uids[begin : begin + length]
