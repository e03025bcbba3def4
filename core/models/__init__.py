"""The one persistent model: SQLAlchemy declarative classes, a file per aggregate."""

from core.models.base import Base, PromiseState
from core.models.call import Call
from core.models.conversation import Conversation, InboundReceipt
from core.models.desk import BusinessCalendar, DeskSettings
from core.models.inbox import Inbox, InboxPosition, InboxRun, InboxState, RunState
from core.models.knowledge import Article, ArticleVersion
from core.models.organization import Organization, Requester, RequesterAddress
from core.models.picture import Finding, PictureRow
from core.models.promise import ArrivalRow, CardRow, OutboxRow, RereadRow, WorkKind, WorkRow
from core.models.staff import Agent, ApiToken, Role, StaffSession, Team, TeamMember, TeamRoom
from core.models.ticket import Attachment, HistoryEntry, Message, Participant, Ticket
from core.models.workplace import CannedReply, Correction, Mention, Presence, Reading, SavedView, SentForm

__all__ = [
    "Agent",
    "ApiToken",
    "ArrivalRow",
    "Article",
    "ArticleVersion",
    "Attachment",
    "Base",
    "BusinessCalendar",
    "Call",
    "CannedReply",
    "CardRow",
    "Conversation",
    "Correction",
    "DeskSettings",
    "Finding",
    "HistoryEntry",
    "InboundReceipt",
    "Inbox",
    "InboxPosition",
    "InboxRun",
    "InboxState",
    "Mention",
    "Message",
    "Organization",
    "OutboxRow",
    "Participant",
    "PictureRow",
    "Presence",
    "PromiseState",
    "Reading",
    "Requester",
    "RequesterAddress",
    "RereadRow",
    "Role",
    "RunState",
    "SavedView",
    "SentForm",
    "StaffSession",
    "Team",
    "TeamMember",
    "TeamRoom",
    "Ticket",
    "WorkKind",
    "WorkRow",
]
