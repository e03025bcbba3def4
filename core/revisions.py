"""What a person changes after sending it: the new words count, the former ones stay on the ticket."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core import rows
from core.models import Attachment, Conversation, Message
from core.outbox import attach
from core.search.index import index_anew
from core.tickets.history import touched, write
from core.values import Actor, ActorKind, InboundMessage, Outcome, Receipt

KEPT = 50
"""Of a message that is changed for ever, the first version and so many of the last stay."""

_SAME = (
    Conversation.inbox_id == bindparam("inbox"),
    Message.external_id == bindparam("original"),
    Message.outbound.is_(False),
)
_BY_ID = select(Message).join(Conversation, Conversation.id == Message.conversation_id).where(*_SAME)
_ORIGINAL = _BY_ID.where(Conversation.thread_key == bindparam("thread")).with_for_update(of=Message)
_THREAD = (
    select(Conversation.thread_key).join(Message, Message.conversation_id == Conversation.id).where(*_SAME).limit(1)
)
_FILES = select(Attachment.sha256).where(Attachment.message_id == bindparam("message"))


def shown_text(inbound: InboundMessage) -> str:
    """A message's words as they stand on the ticket."""
    return "\n".join(part for part in (inbound.text, inbound.placeholder) if part)


def revise(session: Session, inbound: InboundMessage, now: datetime) -> Receipt | None:
    """Put a new version in the place of the message it revises. None if there is no such message.

    The bot reads the new words if it has not read the old ones yet; it does not answer twice.
    """
    message = session.scalar(
        _ORIGINAL, {"inbox": inbound.inbox_id, "thread": inbound.thread_key, "original": inbound.revises}
    )
    if message is None:
        return None
    text, known = shown_text(inbound), set(rows.execute(session, _FILES, message=message.id).scalars())
    files = [file for file in inbound.attachments if file.sha256 not in known]
    place = message.ticket_id, message.conversation_id, message.id, message.seq
    if text == message.text and not files:
        return Receipt(Outcome.IGNORED, *place, reason="nothing in it changed")
    kept = {key: value for key, value in message.meta.items() if key != "words"}
    former = [*kept.get("former", ()), {"text": message.text, "until": now.isoformat()}]
    if len(former) > KEPT:
        del former[1]
    message.meta = {**kept, **own_words(inbound), "former": former}
    message.text = text
    message.full_text = inbound.full_text if inbound.full_text != inbound.text else None
    session.flush()
    attach(session, message.id, files)
    index_anew(session, message.id)
    author = Actor(ActorKind.REQUESTER, message.author_id)
    write(session, message.ticket_id, author, "revised", now, message_id=message.id)
    touched(session, message.ticket_id, now)
    return Receipt(Outcome.TICKETED, *place, reason="a new version of an earlier message")


def withdraw(session: Session, inbox_id: int, external_id: str, now: datetime) -> bool:
    """The author deleted a message: from now on it says so, and stays. False if there is no such message here."""
    message = session.scalar(_BY_ID.with_for_update(of=Message), {"inbox": inbox_id, "original": external_id})
    if message is None or "withdrawn" in message.meta:
        return False
    message.meta = {**message.meta, "withdrawn": now.isoformat()}
    author = Actor(ActorKind.REQUESTER, message.author_id)
    write(session, message.ticket_id, author, "withdrawn", now, message_id=message.id)
    touched(session, message.ticket_id, now)
    return True


def thread_of(session: Session, inbox_id: int, external_id: str) -> str | None:
    """The thread of a message that somebody sent here; None if there is none of that id."""
    found: str | None = rows.scalar(session, _THREAD, inbox=inbox_id, original=external_id)
    return found


def own_words(inbound: InboundMessage) -> dict[str, str]:
    """What a message's ``meta`` keeps of the person's own words where the desk added to them."""
    return {"words": inbound.text} if inbound.placeholder else {}
