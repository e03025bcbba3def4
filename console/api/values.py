"""What goes in and out of the REST API, as JSON. Times are ISO 8601 in UTC; an unknown field is an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from core.knowledge.editing import Opened
from core.models import (
    ArticleVersion,
    Attachment,
    Message,
    Requester,
    RequesterAddress,
)
from core.values import Direction, ResolutionCode, Scale, Status, TicketKind


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Row(_Value):
    """What has the names of what it shows."""

    @classmethod
    def of(cls, source: object) -> Self:
        return cls(**{name: getattr(source, name) for name in cls.model_fields})


class TicketOut(_Row):
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
    snoozed_until: datetime | None
    resolved_at: datetime | None
    merged_into_id: int | None = Field(description="Where everything said on it went, and goes")


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


class TakeOver(_Value):
    force: bool = Field(False, description="Also from a colleague, which leads and admins may")


class HandBack(_Value):
    """Where the bot goes on; without any of the three at the beginning of the topic."""

    ask: str = Field("", max_length=120, description="The slot it asks for")
    step: str = Field("", max_length=120, description="The id of a step")
    topic: str = Field("", max_length=120, description="The topic whose guide people went through")
    reason: str = Field("", max_length=10_000)


class Escalate(_Value):
    team: str = Field(max_length=64, description="The key of a team")
    reason: str = Field(min_length=1, max_length=10_000)
    tried: str = Field("", max_length=10_000)


class Why(_Value):
    reason: str = Field(min_length=1, max_length=10_000)


class Snooze(_Value):
    until: AwareDatetime


class Correct(_Value):
    intent: str = Field(min_length=1, max_length=80)


class HistoryOut(_Row):
    id: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    action: str
    reason: str
    detail: dict[str, Any]


class TeamOut(_Row):
    id: int
    key: str
    name: str
    level: int


class AgentOut(_Value):
    id: int
    name: str
    role: str


class FileOut(_Value):
    id: int
    filename: str
    media_type: str
    size: int = Field(description="In bytes")


class MessageOut(_Value):
    id: int
    ticket_id: int
    author_kind: str
    author_name: str
    outbound: bool
    is_note: bool
    text: str
    delivery: str | None
    delivery_reason: str
    attachments: list[FileOut]
    created_at: datetime

    @classmethod
    def of(cls, message: Message, files: list[Attachment]) -> MessageOut:
        told = [FileOut(**{name: getattr(file, name) for name in FileOut.model_fields}) for file in files]
        own = {name: getattr(message, name) for name in cls.model_fields if name != "attachments"}
        return cls(**own, attachments=told)


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


class RequesterChange(_Value):
    """What is named is changed, the rest stays."""

    name: str | None = Field(None, max_length=200)
    organization_id: int | None = None
    vip: bool | None = None


class ArticleText(_Value):
    title: str = Field(min_length=1, max_length=300)
    summary: str = Field("", max_length=10_000)
    body: str = Field("", max_length=100_000, description="Markdown")


class ArticleIn(ArticleText):
    language: str = Field(pattern="^(de|en)$")
    organization_id: int | None = Field(None, description="The only organization that may see it")
    key: str = Field("", max_length=120, description="The key of the article that this is the translation of")


class ArticleState(_Value):
    """An article as it is being worked on: its draft if there is one (``is_draft``), else what is published."""

    id: int
    key: str
    language: str
    organization_id: int | None
    is_published: bool
    is_draft: bool
    title: str
    summary: str
    body: str
    version: int | None = Field(description="The number of what is shown here; none if it was never changed")
    used: int = Field(description="On how many tickets it was offered")
    helped: int = Field(description="How many of them it solved")

    @classmethod
    def of(cls, opened: Opened) -> ArticleState:
        article, shown = opened.article, opened.draft or opened.article
        numbers = {version.id: version.number for version, _ in opened.versions}
        live = numbers.get(opened.live_id) if opened.live_id is not None else None
        return cls(
            **{name: getattr(article, name) for name in ("id", "key", "language", "organization_id", "is_published")},
            **{name: getattr(shown, name) for name in ("title", "summary", "body")},
            is_draft=opened.draft is not None,
            version=opened.draft.number if opened.draft is not None else live,
            used=opened.used,
            helped=opened.helped,
        )


class VersionOut(_Value):
    number: int
    title: str
    summary: str
    body: str
    author: str
    at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, version: ArticleVersion, author: str) -> VersionOut:
        own = {name: getattr(version, name) for name in cls.model_fields if name != "author"}
        return cls(**own, author=author)


class Answer(_Value):
    """What is said to one question. ``seen`` is its stamp as it was read: nobody's newer answer is written over."""

    slot: str = Field(max_length=120)
    do: Literal["answer", "skip", "take_back"] = "answer"
    value: str = Field("", max_length=2000, description="For a step: true if it helped, false if not")
    seen: str = Field(max_length=2200)
    insist: bool = Field(False, description="Keep it although the guide does not accept it")


class Guide(_Value):
    topic: str = Field(min_length=1, max_length=80)
    answers: list[Answer] = Field(min_length=1, max_length=50)


class GuideItem(_Value):
    slot: str | None = Field(description="None where nothing is asked")
    label: str
    text: str
    type: str | None
    mark: str = Field(description="open, answered, helped, not_helped, skipped or told")
    value: str
    seen: str


class GuideOut(_Value):
    topic: str
    items: list[GuideItem]
    ending: str | None = Field(description="Where it leads, once nothing is open that could change it")


class CallIn(_Value):
    """A call as it was written down. The same ``token`` again makes no second one."""

    token: str = Field(min_length=8, max_length=100)
    notes: str = Field("", max_length=100_000)
    direction: Direction = Direction.IN
    reached: bool = True
    call_id: int | None = Field(None, description="The call that a telephone system told of")
    ticket_id: int | None = Field(None, description="The ticket it belongs to; without one it becomes one")
    requester_id: int | None = Field(None, description="Without one the caller is new")
    name: str = Field("", max_length=200)
    number: str = Field("", max_length=40)
    organization_id: int | None = None
    subject: str = Field("", max_length=300)
    intent: str | None = Field(None, max_length=80)
    kind: TicketKind | None = None
    impact: Scale | None = None
    urgency: Scale | None = None
    solved: ResolutionCode | None = None
    team: str = Field("", max_length=64, description="The key of the team that goes on; else the token’s agent does")
    language: str = Field("de", pattern="^(de|en)$")


class CallOut(_Row):
    id: int
    inbox_id: int
    direction: Direction
    number: str
    line: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    result: str | None
    ticket_id: int | None
    agent_id: int | None


class ArticleOut(_Row):
    id: int
    key: str
    language: str
    title: str
    summary: str
    body: str


class Problem(BaseModel):
    """RFC 9457."""

    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, str]] = []
