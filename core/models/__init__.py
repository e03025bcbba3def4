"""The one persistent model: SQLAlchemy declarative classes, a file per aggregate."""

from core.models.base import Base, PromiseState
from core.models.conversation import Conversation, InboundReceipt
from core.models.desk import BusinessCalendar, DeskSettings
from core.models.inbox import Inbox, InboxRun, InboxState, RunState
from core.models.knowledge import Article, ArticleVersion
from core.models.organization import Organization, Requester, RequesterAddress
from core.models.promise import OutboxRow, WorkKind, WorkRow
from core.models.staff import Agent, ApiToken, Role, StaffSession, Team, TeamMember
from core.models.ticket import Attachment, HistoryEntry, Message, Participant, Ticket
from core.models.workplace import CannedReply, Correction, Presence, Reading, SavedView

__all__ = [
    "Agent",
    "ApiToken",
    "Article",
    "ArticleVersion",
    "Attachment",
    "Base",
    "BusinessCalendar",
    "CannedReply",
    "Conversation",
    "Correction",
    "DeskSettings",
    "HistoryEntry",
    "InboundReceipt",
    "Inbox",
    "InboxRun",
    "InboxState",
    "Message",
    "Organization",
    "OutboxRow",
    "Participant",
    "Presence",
    "PromiseState",
    "Reading",
    "Requester",
    "RequesterAddress",
    "Role",
    "RunState",
    "SavedView",
    "StaffSession",
    "Team",
    "TeamMember",
    "Ticket",
    "WorkKind",
    "WorkRow",
]
