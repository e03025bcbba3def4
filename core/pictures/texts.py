"""What was read in pictures, and the promises to read them: once for each picture, whichever messages show it.

A picture is content-addressed like its bytes: the same logo on a thousand mails is read once. Understanding a message
waits for its pictures, but never for long: when the time is over it goes on without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from core import desk_settings, rows
from core.models import Attachment, Finding, Message, PictureRow, PromiseState, Ticket, WorkKind, WorkRow
from core.pictures.reading import MOST_BYTES
from core.promises import PICTURES, Looking
from core.search.index import index_anew
from core.signals import Signal, Topic, emit
from core.tickets.history import touched
from core.values import StoredFile

KINDS = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-ms-bmp", "image/tiff", "image/avif"}
)
MOST = 5
"""So many pictures of one message are read."""
LEAST_BYTES = 2_000
"""Smaller ones are icons and dots that count who reads."""
PATIENCE = timedelta(seconds=15)
"""How long understanding a message waits for its pictures."""
LONGEST = 4_000
"""Characters of all pictures of a message that understanding gets."""

_picture = PictureRow.__table__
_DUE = PICTURES.due(limit=1)
_KNOWN = select(PictureRow.id, PictureRow.state).where(PictureRow.sha256 == bindparam("sha256"))
_SETTLE = (
    update(_picture)  # type: ignore[arg-type]
    .where(_picture.c.id == bindparam("row"))
    .values(text=bindparam("words"), finding=bindparam("found"))
)
_OF_MESSAGE = (
    select(PictureRow.text)
    .join(Attachment, Attachment.sha256 == PictureRow.sha256)
    .where(Attachment.message_id == bindparam("message"), PictureRow.text != "")
    .order_by(Attachment.id)
)
_SHOWING = (
    select(Message.id, Message.ticket_id)
    .join(Attachment, Attachment.message_id == Message.id)
    .where(Attachment.sha256 == bindparam("sha256"))
    .order_by(Message.id.desc())
    .limit(100)
)
_UNREAD = (
    select(PictureRow.id)
    .join(Attachment, Attachment.sha256 == PictureRow.sha256)
    .where(Attachment.message_id == bindparam("message"), PictureRow.state == PromiseState.PENDING)
    .limit(1)
)


def readable(file: StoredFile) -> bool:
    """Whether a file is a picture in which text is looked for."""
    return file.media_type.lower() in KINDS and LEAST_BYTES <= file.size <= MOST_BYTES


def owe(session: Session, files: Sequence[StoredFile], now: datetime) -> bool:
    """Promise to read the pictures among the files of a message. Whether any of them is still to be read."""
    pictures = list(dict.fromkeys(file.sha256 for file in files if readable(file)))[:MOST]
    if not pictures or not desk_settings.of_desk(session).reads_pictures:
        return False
    waiting = False
    for sha256 in pictures:
        known = rows.first(session, _KNOWN, sha256=sha256)
        if known is None:
            rows.insert(session, PictureRow, sha256=sha256, lane=0, due_at=now)
        waiting = waiting or known is None or known[1] is PromiseState.PENDING
    if waiting:
        emit(session, Signal(Topic.PICTURE))
    return waiting


def know(session: Session, texts: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep what was read already, as (SHA-256, text); what is known stays as it is."""
    for sha256, text in texts:
        if rows.first(session, _KNOWN, sha256=sha256) is None:
            rows.insert(
                session,
                PictureRow,
                sha256=sha256,
                lane=0,
                due_at=now,
                state=PromiseState.DONE,
                finished_at=now,
                text=text,
                finding=Finding.READ if text else Finding.EMPTY,
            )


def claim(session: Session, now: datetime) -> list[Looking]:
    """Lease the picture that has waited longest."""
    return PICTURES.claim(session, _DUE, now)


def read(session: Session, held: Looking, finding: Finding, text: str, now: datetime) -> None:
    """It was read, with whatever result: whoever waited for it goes on, and it is found from now on."""
    if PICTURES.finish(session, held.id, held.lease, now) is None:
        return
    rows.execute(session, _SETTLE, row=held.id, words=text, found=finding)
    for message_id, ticket_id in rows.execute(session, _SHOWING, sha256=held.sha256).all():
        if rows.first(session, _UNREAD, message=message_id) is None:
            _go_on(session, message_id, now)
        if text:
            index_anew(session, message_id)
            touched(session, ticket_id, now)


def look_again(session: Session, now: datetime) -> None:
    """Tesseract is here now: what could not be read without it is read after all."""
    missed = update(PictureRow).where(PictureRow.finding == Finding.MISSING)
    session.execute(missed.values(state=PromiseState.PENDING, finding=None, due_at=now, finished_at=None, attempts=0))


def in_message(session: Session, message_id: int) -> str:
    """The text in a message's pictures."""
    texts = rows.execute(session, _OF_MESSAGE, message=message_id).scalars()
    return "\n\n".join(dict.fromkeys(texts))[:LONGEST]


def on_ticket(session: Session, ticket_id: int) -> dict[str, PictureRow]:
    """What is known of the pictures on a ticket, by their SHA-256."""
    query = (
        select(PictureRow)
        .join(Attachment, Attachment.sha256 == PictureRow.sha256)
        .join(Message, Message.id == Attachment.message_id)
        .join(Ticket, Ticket.id == Message.ticket_id)
        .where(Ticket.id == ticket_id)
    )
    return {picture.sha256: picture for picture in session.scalars(query)}


def _go_on(session: Session, message_id: int, now: datetime) -> None:
    """All pictures of a message are read: nothing has to wait for them any more."""
    waiting = update(WorkRow).where(
        WorkRow.message_id == message_id,
        WorkRow.kind == WorkKind.UNDERSTAND,
        WorkRow.state == PromiseState.PENDING,
        WorkRow.lease.is_(None),
        WorkRow.due_at > now,
        WorkRow.attempts == 0,
    )
    if session.execute(waiting.values(due_at=now)).rowcount:  # type: ignore[attr-defined]
        emit(session, Signal(Topic.WORK))
