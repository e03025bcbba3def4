"""What the REST API can do."""

from __future__ import annotations

from console.api.knowledge import KNOWLEDGE
from console.api.requesters import REQUESTERS
from console.api.tickets import TICKETS
from console.api.work import WORK

OPERATIONS = (*TICKETS, *WORK, *REQUESTERS, *KNOWLEDGE)
