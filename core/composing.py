"""A stored message as the value a channel sends."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core import rows
from core.models import Attachment, Conversation, Message, Organization, RequesterAddress, Ticket
from core.values import Address, Choice, OutboundMessage, StoredFile

REFERENCES = 20
"""How many earlier Message-IDs a reply names at most."""

_MESSAGE = (
    select(
        Message.id,
        Message.conversation_id,
        Message.ticket_id,
        Message.external_id,
        Message.author_kind,
        Message.author_name,
        Message.text,
        Message.subject,
        Message.created_at,
        Message.seq,
        Message.in_reply_to,
        Message.choices,
        Message.offers_help,
        Message.meta,
        Conversation.inbox_id,
        Conversation.thread_key,
        RequesterAddress.kind,
        RequesterAddress.value,
        RequesterAddress.name,
        Ticket.language,
        Organization.form_of_address,
    )
    .join(Conversation, Conversation.id == Message.conversation_id)
    .join(RequesterAddress, RequesterAddress.id == Conversation.address_id)
    .join(Ticket, Ticket.id == Message.ticket_id)
    .outerjoin(Organization, Organization.id == Ticket.organization_id)
    .where(Message.id == bindparam("message"))
)
_REFERENCES = (
    select(Message.external_id)
    .where(
        Message.conversation_id == bindparam("conversation"),
        Message.seq < bindparam("before"),
        Message.external_id.is_not(None),
    )
    .order_by(Message.seq.desc())
    .limit(REFERENCES)
)
_FILES = (
    select(Attachment.sha256, Attachment.filename, Attachment.media_type, Attachment.size, Attachment.content_id)
    .where(Attachment.message_id == bindparam("message"))
    .order_by(Attachment.id)
)


def compose(session: Session, message_id: int) -> OutboundMessage:
    """Everything a channel needs to send a message, now and again."""
    found = rows.execute(session, _MESSAGE, message=message_id).one()
    earlier = rows.execute(session, _REFERENCES, conversation=found.conversation_id, before=found.seq).scalars().all()
    return OutboundMessage(
        message_id=found.id,
        conversation_id=found.conversation_id,
        ticket_id=found.ticket_id,
        inbox_id=found.inbox_id,
        thread_key=found.thread_key,
        recipient=Address(found.kind, found.value, found.name),
        external_id=found.external_id or "",
        author_kind=found.author_kind,
        author_name=found.author_name,
        text=found.text,
        subject=found.subject,
        language=found.language,
        created_at=found.created_at,
        seq=found.seq,
        form_of_address=found.form_of_address,
        in_reply_to=found.in_reply_to,
        references=tuple(reversed(earlier)),
        choices=tuple(Choice(choice["title"], choice["payload"]) for choice in found.choices),
        offers_help=found.offers_help,
        attachments=tuple(StoredFile(*file) for file in rows.execute(session, _FILES, message=message_id)),
        sent_as=tuple(found.meta.get("sent_as", ())),
    )
