"""Requesters over the REST API. They are changed on a ticket of theirs, as in the console."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.api.operation import Call, Operation, number, page
from console.api.values import RequesterOut
from core.errors import NotFound
from core.models import Requester, RequesterAddress


def requester_out(session: Session, requester: Requester) -> RequesterOut:
    addresses = session.scalars(select(RequesterAddress).where(RequesterAddress.requester_id == requester.id))
    return RequesterOut.of(requester, list(addresses))


def _list_requesters(session: Session, call: Call) -> list[RequesterOut]:
    after, limit = page(call)
    query = select(Requester).where(Requester.id > after).order_by(Requester.id).limit(limit)
    for kind, value in (("email", call.query.get("email", "").lower()), ("phone", call.query.get("phone", ""))):
        if value:
            of_address = select(RequesterAddress.requester_id).where(
                RequesterAddress.kind == kind, RequesterAddress.value == value
            )
            query = query.where(Requester.id.in_(of_address))
    if (organization_id := number(call, "organization_id")) is not None:
        query = query.where(Requester.organization_id == organization_id)
    return [requester_out(session, requester) for requester in session.scalars(query)]


def _get_requester(session: Session, call: Call) -> RequesterOut:
    requester = session.get(Requester, call.ids["requester"])
    if requester is None:
        raise NotFound("There is no such requester.")
    return requester_out(session, requester)


_READ = "requesters:read"
REQUESTERS = (
    Operation("GET", "/requesters", _READ, "List requesters", _list_requesters, RequesterOut, is_list=True,
              filters=("email", "phone", "organization_id")),
    Operation("GET", "/requesters/{requester:int}", _READ, "One requester", _get_requester, RequesterOut),
)  # fmt: skip
