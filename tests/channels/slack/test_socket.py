"""Socket Mode: what is not acknowledged comes again, connections come and go, and what an admin must mend is said."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import InboxProblem
from tests.channels.slack.desk import CARLA, HELP, PATIENCE, SlackDesk
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN


async def test_what_is_kept_is_acknowledged(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.says(CARLA, HELP, "Drucker")
    await desk.slack.settle()
    assert [one.attempts for one in desk.slack.deliveries] == [["acknowledged"]]
    await desk.taken(1)


async def test_a_connection_is_followed_by_the_next_before_it_ends(desk: SlackDesk) -> None:
    await desk.start()
    for reason in ("warning", "refresh_requested"):
        await desk.slack.announce_end(reason)
        desk.slack.says(CARLA, HELP, reason)
    assert [one.text for one in await desk.taken(2)] == ["warning", "refresh_requested"]


async def test_a_lost_connection_is_opened_again(desk: SlackDesk) -> None:
    await desk.start()
    asked = desk.slack.says(CARLA, HELP, "Drucker")
    await desk.taken(1)
    desk.slack.drop_sockets()
    desk.slack.says(CARLA, HELP, "Immer noch", thread_ts=asked["ts"])
    found = await desk.taken(2)
    assert {one.ticket_id for one in found} == {1}


async def test_what_was_on_its_way_when_the_connection_broke_comes_again_once(desk: SlackDesk) -> None:
    await desk.start()
    write, slow = desk.database.write, asyncio.Event()

    async def waiting(use_case: object, *args: object, **kwargs: object) -> object:
        found: object = await write(use_case, *args, **kwargs)  # type: ignore[arg-type]
        if getattr(use_case, "__name__", "") == "keep" and not slow.is_set():
            slow.set()
            desk.slack.drop_sockets()
        return found

    desk.database.write = waiting  # type: ignore[assignment,method-assign]
    desk.slack.says(CARLA, HELP, "Drucker")
    await desk.slack.settle()
    [delivery] = desk.slack.deliveries
    assert delivery.attempts == ["timeout", "acknowledged"]
    await desk.taken(1)


@pytest.mark.parametrize("revoked", [APP_TOKEN, BOT_TOKEN])
async def test_a_revoked_token_ends_the_run_in_plain_words(desk: SlackDesk, revoked: str) -> None:
    desk.slack.tokens.discard(revoked)
    await desk.start()
    with pytest.raises(InboxProblem, match="does not accept the app's token") as caught:
        await desk.running
    assert revoked not in str(caught.value) and "copy its tokens" in caught.value.mend


async def test_a_token_revoked_later_is_noticed(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.tokens.discard(APP_TOKEN)
    desk.slack.drop_sockets()
    with pytest.raises(InboxProblem):
        await asyncio.wait_for(desk.running, PATIENCE)


async def test_without_a_network_it_says_so(desk: SlackDesk) -> None:
    await desk.start(api_url="http://127.0.0.1:9/api/")
    with pytest.raises(InboxProblem, match="cannot be reached"):
        await desk.running
