"""What goes in and out of the REST API, as JSON. Times are ISO 8601 in UTC; an unknown field is an error."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.knowledge.articles import ArticleText
from core.models import Message, Requester, RequesterAddress, Ticket
from core.values import ResolutionCode, Scale, Status, TicketKind


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TicketOut(_Value):
    id: int
    number: str
    subject: str
    status: Status
    kind: TicketKind
    impact: Scale
    urgency: Scale
    priority: int
    level: int
    team_id: int | None
    assignee_id: int | None
    requester_id: int
    organization_id: int | None
    language: str
    intent: str | None
    resolution_code: ResolutionCode | None
    created_at: datetime
    updated_at: datetime
    waiting_since: datetime | None
    resolved_at: datetime | None
    merged_into_id: int | None = Field(description="Where everything said on it went, and goes")

    @classmethod
    def of(cls, ticket: Ticket) -> TicketOut:
        return cls(**{name: getattr(ticket, name) for name in cls.model_fields})


class TicketIn(_Value):
    """A new ticket, as if its requester had written a mail; answers go to that address."""

    email: str = Field(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    name: str = Field("", max_length=200)
    subject: str = Field("", max_length=300)
    text: str = Field(min_length=1, max_length=100_000)
    language: str | None = Field(None, pattern="^(de|en)$")
    key: str | None = Field(None, max_length=100, description="The same key again makes no second ticket.")


class TicketChange(_Value):
    """What is named is changed, the rest stays."""

    kind: TicketKind | None = None
    impact: Scale | None = None
    urgency: Scale | None = None
    status: Status | None = Field(None, description="open, pending or on_hold; resolve and reopen by themselves")
    assignee_id: int | None = None


class Merge(_Value):
    into_id: int = Field(description="The ticket that is left")
    message: str = Field(
        "",
        max_length=100_000,
        description="What the requester is told, if they have heard of the merged ticket and both are theirs",
    )


class Resolve(_Value):
    code: ResolutionCode = ResolutionCode.SOLVED
    reason: str = Field("", max_length=10_000)


class MessageOut(_Value):
    id: int
    ticket_id: int
    author_kind: str
    author_name: str
    outbound: bool
    is_note: bool
    text: str
    delivery: str | None
    created_at: datetime

    @classmethod
    def of(cls, message: Message) -> MessageOut:
        return cls(**{name: getattr(message, name) for name in cls.model_fields})


class MessageIn(_Value):
    text: str = Field(min_length=1, max_length=100_000)
    note: bool = Field(False, description="An internal note instead of an answer to the requester")


class AddressOut(_Value):
    kind: str
    value: str
    verified: bool


class RequesterOut(_Value):
    id: int
    name: str
    language: str | None
    vip: bool
    organization_id: int | None
    addresses: list[AddressOut]

    @classmethod
    def of(cls, requester: Requester, addresses: list[RequesterAddress]) -> RequesterOut:
        return cls(
            id=requester.id,
            name=requester.name,
            language=requester.language,
            vip=requester.vip,
            organization_id=requester.organization_id,
            addresses=[
                AddressOut(kind=one.kind, value=one.value, verified=one.verified_at is not None) for one in addresses
            ],
        )


class ArticleOut(_Value):
    id: int
    key: str
    language: str
    title: str
    summary: str
    body: str

    @classmethod
    def of(cls, article: ArticleText) -> ArticleOut:
        return cls(**{name: getattr(article, name) for name in cls.model_fields})


class Problem(BaseModel):
    """RFC 9457."""

    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, str]] = []
