"""Signing in by OAuth 2 at a real Dovecot and a real SMTP server, with a token endpoint that renews refresh tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from channels import registry
from channels.mail.adapter import KIND
from channels.trials import Trials
from core.errors import InboxProblem, Mistakes
from core.inboxes import configuring, editing
from core.inboxes.editing import Form
from core.tickets import actions
from core.values import Draft
from tests.channels.imap.place import ADDRESS, USER, Place, fetching, letter, text, until
from tests.channels.mailboxes import SEAL
from tests.channels.test_mailboxes import outgoing
from tests.fakes import dovecot
from tests.fakes.dovecot import Dovecot
from tests.fakes.http import serving
from tests.fakes.logs import everything
from tests.fakes.mailserver import text_of
from tests.fakes.ports import free_port
from tests.fakes.tokens import CLIENT, SECRET, TokenEndpoint, TokenMailServer

pytestmark = dovecot.needed


class Provider:
    """Who gives tokens, and the servers that take them."""

    def __init__(self, endpoint: TokenEndpoint, url: str, place: Place, outside: TokenMailServer) -> None:
        self.endpoint, self.url, self.place, self.outside = endpoint, url, place, outside

    def typed(self, **more: str) -> dict[str, str]:
        """What is typed for a mailbox there."""
        return {
            **outgoing(self.outside),
            "imap_password": "",
            "smtp_username": USER,
            "oauth": "yes",
            "oauth_token_url": f"{self.url}/token",
            "oauth_client_id": CLIENT,
            "oauth_client_secret": SECRET,
            "oauth_refresh_token": "refresh-0",
            **more,
        }

    async def try_out(self, **more: str) -> str:
        """What the button *Test* answers: nothing if it works, else what is wrong."""
        typed = {"address": ADDRESS, **fetching(self.place.server, **self.typed(**more))}
        settings = await self.place.database.read(editing.check, KIND, None, Form(name="Support", typed=typed), SEAL)
        try:
            await Trials(registry.adapters(), self.place.surroundings).test(settings)
        except InboxProblem as problem:
            assert problem.mend
            return str(problem)
        return ""


@pytest.fixture
async def provider(place: Place) -> AsyncIterator[Provider]:
    endpoint = TokenEndpoint(USER)
    async with serving(endpoint) as url:
        with Dovecot(introspection=f"{url}/introspect") as server, TokenMailServer(endpoint) as outside:
            place.server = server
            yield Provider(endpoint, url, place, outside)


async def test_mail_is_read_and_sent_with_tokens_that_are_renewed_and_never_logged(provider: Provider) -> None:
    place, endpoint = provider.place, provider.endpoint
    place.server.deliver(USER, letter(1))
    with everything() as logs:
        await place.set_up(**provider.typed())
        async with place.process().running():
            await until(place.texts, [text(1)])
            await place.database.write(actions.reply, 1, 1, Draft("Bitte neu starten."), place.clock.now())
            place.clock.advance(seconds=6)
            [mail] = await asyncio.to_thread(provider.outside.wait_for, 1)
            assert "Bitte neu starten." in text_of(mail)
            assert provider.outside.shown == ["access-1"], "one token for both, as long as it is good"
            endpoint.good.clear()
            place.server.kick(USER)
            place.server.deliver(USER, letter(2))
            await until(place.texts, [text(1), text(2)])
        async with place.process().running():
            place.server.deliver(USER, letter(3))
            await until(place.texts, [text(1), text(2), text(3)])
    assert endpoint.issued == 3, "the second and third with refresh tokens that were never entered"
    for secret in (SECRET, "refresh-", "access-"):
        assert secret not in logs.text


async def test_entering_another_refresh_token_makes_the_kept_one_void(provider: Provider) -> None:
    place, endpoint = provider.place, provider.endpoint
    await place.set_up(**provider.typed())
    async with place.process().running():
        await place.works()
        endpoint.refresh = "revoked"
        endpoint.good.clear()
        place.server.kick(USER)
        ended = "does not take the refresh token any more: invalid_grant: AADSTS700082"
        await place.health(lambda one: ended in str(one.current_problem))
        endpoint.refresh = "refresh-new"
        await place.set_up(**provider.typed(oauth_refresh_token="refresh-new"))
        await place.works()


async def test_each_way_it_can_fail_is_said_in_plain_words(provider: Provider) -> None:
    place, endpoint = provider.place, provider.endpoint
    assert await provider.try_out() == ""
    assert "does not take the refresh token" in await provider.try_out()
    assert "does not know the app" in await provider.try_out(oauth_client_secret="falsch")
    endpoint.refresh = "refresh-0"
    assert "did not let us in as hr by OAuth 2" in await provider.try_out(imap_username="hr")
    endpoint.refresh = "refresh-0"
    assert "did not let us in as hr by OAuth 2" in await provider.try_out(smtp_username="hr")
    nobody = f"http://127.0.0.1:{free_port()}/token"
    assert "Nothing listens on 127.0.0.1" in await provider.try_out(oauth_token_url=nobody)
    assert "gives us no access token" in await provider.try_out(oauth_token_url=f"{provider.url}/elsewhere")
    assert await place.ledger() == {}


def test_what_is_missing_is_said_at_its_field(place: Place) -> None:
    with pytest.raises(Mistakes) as raised:
        configuring.parse(KIND, {"address": ADDRESS, "oauth": "yes"})
    assert set(raised.value.fields) == {"oauth_token_url", "oauth_client_id", "oauth_refresh_token"}
    with pytest.raises(Mistakes) as raised:
        configuring.parse(KIND, {"address": ADDRESS, "oauth_token_url": "http://provider.example/token"})
    assert set(raised.value.fields) == {"oauth_token_url"}
