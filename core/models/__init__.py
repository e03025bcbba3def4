"""The one persistent model: SQLAlchemy declarative classes, a file per aggregate."""

from core.models.base import Base, PromiseState
from core.models.conversation import Conversation, InboundReceipt, Inbox
from core.models.knowledge import Article, ArticleVersion
from core.models.organization import Organization, Requester, RequesterAddress
from core.models.promise import OutboxRow, RereadRow, WorkKind, WorkRow
from core.models.staff import Agent, ApiToken, Role, StaffSession, Team, TeamMember
from core.models.ticket import Attachment, HistoryEntry, Message, Participant, Ticket
from core.models.workplace import CannedReply, Correction, Mention, Presence, Reading, SavedView

__all__ = [
    "Agent",
    "ApiToken",
    "Article",
    "ArticleVersion",
    "Attachment",
    "Base",
    "CannedReply",
    "Conversation",
    "Correction",
    "HistoryEntry",
    "InboundReceipt",
    "Inbox",
    "Mention",
    "Message",
    "Organization",
    "OutboxRow",
    "Participant",
    "Presence",
    "PromiseState",
    "Reading",
    "Requester",
    "RequesterAddress",
    "RereadRow",
    "Role",
    "SavedView",
    "StaffSession",
    "Team",
    "TeamMember",
    "Ticket",
    "WorkKind",
    "WorkRow",
]
