"""The same rights on the pages and in the REST API; pages offer only what one may."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from console.administration import PAGES
from console.api.app import Api
from core import intake, replies, tokens
from core.database import Database
from core.models import Role
from core.tickets import actions
from tests.console.site import signed_in
from tests.core.desk import Desk, letter, make, seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock


@pytest.fixture
async def desk(database: Database, clock: SetClock) -> Desk:
    """Ben's open ticket, and an answer of everybody's."""
    desk = await database.write(seed, clock)
    await database.write(intake.receive, letter(desk, clock), clock.now())
    await database.write(actions.take_over, 1, desk.ben, clock.now())
    await database.write(replies.save, None, "Gruß", "Hallo", "Hello", None, clock.now())
    return desk


async def test_an_agent_is_offered_what_an_agent_may(
    database: Database, desk: Desk, clock: SetClock, tmp_path: Path
) -> None:
    async with signed_in(database, clock, tmp_path, Role.AGENT) as anna:
        ticket = await anna.page("/console/tickets/1")
        assert "Call the lead" in ticket
        for more in ("/1/take-over", "/1/escalate", "/1/assign", "/1/hand-back"):
            assert more not in ticket
        assert "/console/admin/" not in ticket and "All teams" not in ticket
        answers = await anna.page("/console/replies?edit=1")
        assert "Delete" not in answers and ">Hallo</pre>" in answers
        for path in (*(f"/console/admin/{page}" for page in PAGES), "/console/views/team?team=security"):
            assert (await anna.get(path)).status_code == 403, path
        refused = await anna.post("/console/tickets/1/assign", assignee=str(desk.anna), view="person")
        assert refused.status_code == 403 and "A colleague has this ticket." in refused.text
        assert (await anna.post("/console/replies", id="1", title="x", text_de="x", text_en="x")).status_code == 403
        await anna.post("/console/replies", title="Meine", text_de="Hallo", text_en="Hello")
        assert "only mine" in await anna.page("/console/replies")
        shared = await anna.post("/console/search", q="drucker", name="Drucker", shared="yes")
        assert shared.status_code == 403
        article = (await anna.post("/console/knowledge", title="VPN", language="de")).headers["location"]
        text = {"title": "VPN", "summary": "", "body": "So geht es."}
        draft = await anna.post(article, publish="yes", **text)
        assert draft.status_code == 403 and "So geht es." in draft.text, "what was written is still there"
        assert (await anna.post(article, **text)).status_code == 303
        assert "A lead reads drafts and publishes them." in await anna.page(article)


async def test_a_lead_is_offered_more_and_an_admin_everything(
    database: Database, desk: Desk, clock: SetClock, tmp_path: Path
) -> None:
    async with signed_in(database, clock, tmp_path, Role.LEAD) as anna:
        ticket = await anna.page("/console/tickets/1")
        for more in ("/1/take-over", "/1/escalate", "/1/assign", "/1/hand-back", "All teams"):
            assert more in ticket
        assert "/console/admin/" not in ticket
        assert "Netzwerk" in await anna.page("/console/views/team?team=network-l2")
        assert (await anna.get("/console/views/team?team=nobody")).status_code == 404
        assert (await anna.post("/console/tickets/1/assign", assignee=str(desk.anna), view="person")).status_code == 303
        assert (await anna.post("/console/replies", id="1", title="x", text_de="x", text_en="x")).status_code == 303
        assert (await anna.post("/console/replies", id="1", remove="yes")).status_code == 303
    async with signed_in(database, clock, tmp_path, Role.ADMIN) as anna:
        for page in PAGES:
            await anna.page(f"/console/admin/{page}")
        assert "Everything an agent may." in await anna.page("/console/admin/staff")


async def test_a_mistake_in_the_staff_form_keeps_everything_that_was_chosen(
    database: Database, desk: Desk, clock: SetClock, tmp_path: Path
) -> None:
    async with signed_in(database, clock, tmp_path, Role.ADMIN) as admin:
        typed = {"name": "Neu", "email": "nonsense", "role": "lead", "language": "en", "team": ["2", "3"]}
        answer = (await admin.post("/console/admin/staff", **typed)).text
        assert '<option value="lead" selected>' in answer and '<option value="en" lang="en" selected>' in answer
        assert answer.count(" checked>") == 2 and 'value="nonsense"' in answer


async def test_the_api_asks_the_same_rights(database: Database, desk: Desk, clock: SetClock) -> None:
    token = await database.write(tokens.issue, "test", list(tokens.SCOPES), desk.anna, clock.now())
    transport = httpx.ASGITransport(Starlette(routes=list(Api(database, clock, MODELS.content).routes)))
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://desk/api/v1", headers=headers) as api:
        refused = await api.patch("/tickets/1", json={"assignee_id": desk.anna})
        assert refused.status_code == 403 and "A colleague has this ticket." in refused.json()["title"]
        await database.write(make, desk.anna, Role.LEAD)
        given = await api.patch("/tickets/1", json={"assignee_id": desk.anna})
        assert given.status_code == 200 and given.json()["assignee_id"] == desk.anna
