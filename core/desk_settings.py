"""What an admin sets for the whole desk. It is read where it is needed, so a change is live everywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from core import rows
from core.calendars import Hours
from core.errors import InvalidInput, Mistakes
from core.models import BusinessCalendar, Conversation, DeskSettings, Inbox, Organization, Ticket
from core.signals import Signal, Topic, emit
from core.tickets.calendar import Calendar
from core.values import FormOfAddress

NAME, LANGUAGE, LANGUAGES = "Service Desk", "de", ("de", "en")
FORM = FormOfAddress.FORMAL
LONGEST_NAME = 120

_newest_conversation = (
    select(Conversation.inbox_id)
    .where(Conversation.ticket_id == Ticket.id)
    .order_by(Conversation.id.desc())
    .limit(1)
    .correlate(Ticket)
    .scalar_subquery()
)
_DESK = (
    DeskSettings.name,
    DeskSettings.default_language,
    DeskSettings.form_of_address,
    DeskSettings.threshold,
    DeskSettings.reads_pictures,
)
_HOURS = (
    BusinessCalendar.time_zone,
    BusinessCalendar.hours,
    BusinessCalendar.country,
    BusinessCalendar.region,
    BusinessCalendar.days,
)
_OF_TICKET = (
    select(*_DESK, *_HOURS)
    .select_from(Ticket)
    .outerjoin(Organization, Organization.id == Ticket.organization_id)
    .outerjoin(Inbox, Inbox.id == _newest_conversation)
    .outerjoin(DeskSettings, DeskSettings.id == 1)
    .outerjoin(
        BusinessCalendar,
        BusinessCalendar.id == func.coalesce(Organization.calendar_id, Inbox.calendar_id, DeskSettings.calendar_id),
    )
    .where(Ticket.id == bindparam("ticket"))
)
_OF_DESK = (
    select(*_DESK, *_HOURS)
    .join(BusinessCalendar, BusinessCalendar.id == DeskSettings.calendar_id)
    .where(DeskSettings.id == 1)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is set at this moment: for the whole desk, or for one ticket with the hours that are promised there.

    ``threshold`` None takes the value found in training.
    """

    name: str
    default_language: str
    form_of_address: FormOfAddress
    threshold: float | None
    reads_pictures: bool
    calendar: Calendar


def of_desk(session: Session) -> Standing:
    """What is set for the whole desk."""
    return _standing(rows.first(session, _OF_DESK))


def of_ticket(session: Session, ticket_id: int) -> Standing:
    """The same with the calendar of the ticket's customer, else of the inbox it came to, else of the desk."""
    return _standing(rows.first(session, _OF_TICKET, ticket=ticket_id))


def _standing(found: Row[*tuple[Any, ...]] | None) -> Standing:
    name, language, form, threshold, pictures, *hours = found if found is not None else (None,) * 10
    calendar = Hours.of(*hours) if hours[0] is not None else Hours()
    reads = pictures if pictures is not None else True
    return Standing(name or NAME, language or LANGUAGE, form or FORM, threshold, reads, calendar.calendar())


def read(session: Session) -> DeskSettings:
    """The row; before there is one, what it would begin with."""
    row = session.get(DeskSettings, 1)
    if row is not None:
        return row
    return DeskSettings(
        id=1, name=NAME, default_language=LANGUAGE, form_of_address=FORM, threshold=None, reads_pictures=True
    )


def save(
    session: Session,
    name: str,
    default_language: str,
    form_of_address: FormOfAddress,
    threshold: float | None,
    now: datetime,
    reads_pictures: bool = True,
) -> None:
    """Change what is set. Raises ``Mistakes``."""
    name, wrong = name.strip(), {}
    if not name or len(name) > LONGEST_NAME:
        wrong["name"] = InvalidInput("Give the desk a name of at most {most} characters.", "name", most=LONGEST_NAME)
    if default_language not in LANGUAGES:
        wrong["default_language"] = InvalidInput("Please choose one of the values offered.", "default_language")
    if threshold is not None and not 0 <= threshold <= 1:
        wrong["threshold"] = InvalidInput("The threshold is a number from 0 to 100 %, or empty.", "threshold")
    if wrong:
        raise Mistakes(wrong)
    row = session.get_one(DeskSettings, 1)
    row.name, row.default_language, row.form_of_address = name, default_language, form_of_address
    row.threshold, row.reads_pictures, row.updated_at = threshold, reads_pictures, now
    # What inboxes call the desk may have changed.
    emit(session, Signal(Topic.INBOX))
