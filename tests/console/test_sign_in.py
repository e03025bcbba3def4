"""Signing in: who guesses passwords is slowed down, and nobody else with them."""

from __future__ import annotations

from pathlib import Path

import httpx
from sqlalchemy import update
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from console.auth import GUESSES_AT_ONE, GUESSES_PER_MINUTE
from core import staff
from core.database import Database
from core.models import Agent
from tests.console.site import console_of
from tests.core.desk import seed
from tests.desk.model import MODELS
from tests.fakes.clock import SetClock

PASSWORD = "the right password"


async def test_wrong_passwords_are_throttled_for_who_guesses_and_right_ones_never(
    database: Database, clock: SetClock, tmp_path: Path
) -> None:
    def give_password(session: Session) -> None:
        session.execute(update(Agent).values(password_hash=staff.hash_password(PASSWORD)))

    await database.write(seed, clock)
    await database.write(give_password)
    routes = list(console_of(database, clock, tmp_path, MODELS.content).routes)

    async def sign_in(address: str, email: str, password: str) -> int:
        transport = httpx.ASGITransport(Starlette(routes=routes), client=(address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as client:
            answer = await client.post("/console/login", data={"email": email, "password": password})
        return answer.status_code

    anna, ben = "anna@desk.example", "ben@desk.example"
    assert {await sign_in("10.0.0.1", anna, PASSWORD) for _ in range(GUESSES_PER_MINUTE + 2)} == {303}
    assert {await sign_in("10.0.0.2", ben, "wrong") for _ in range(GUESSES_PER_MINUTE)} == {401}
    assert await sign_in("10.0.0.2", ben, PASSWORD) == 429
    assert await sign_in("10.0.0.3", ben, PASSWORD) == 303, "the person is not locked out from elsewhere"
    for guess in range(GUESSES_AT_ONE - GUESSES_PER_MINUTE):
        await sign_in(f"10.0.1.{guess}", ben, "wrong")
    assert await sign_in("10.0.0.4", ben, PASSWORD) == 429, "many who guess together are slowed down as well"
    assert await sign_in("10.0.0.4", anna, PASSWORD) == 303
