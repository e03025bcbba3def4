"""What Slack says to what the desk sends: limits obeyed, refusals explained, and nothing sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from channels.slack.client import NOT_FETCHED, TOO_LARGE
from channels.slack.errors import CONNECTION, MENDING, SLOWLY, UNREACHABLE, WORDS
from channels.slack.parse import ELSEWHERE, HIDDEN
from core.models import OutboxRow
from core.values import Delivery, StoredFile
from tests.channels.slack.desk import CARLA, HELP, SlackDesk, until
from tests.fakes.slack import RateLimited
from tests.fakes.slack_workspace import shown
from web.languages import catalogue


async def _asked(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.says(CARLA, HELP, "Drucker")
    await desk.taken(1)


async def _until(desk: SlackDesk, message_id: int, state: Delivery) -> None:
    async def look() -> bool:
        return (await desk.message(message_id)).delivery is state

    await until(look, f"the message to be {state}")


async def _owed(desk: SlackDesk, message_id: int) -> OutboxRow:
    query = select(OutboxRow).where(OutboxRow.message_id == message_id)
    return await desk.database.read(lambda session: session.scalars(query).one())


async def _tried(desk: SlackDesk, message_id: int) -> None:
    """A first attempt was made, in vain."""

    async def look() -> bool:
        owed = await _owed(desk, message_id)
        return owed.attempts == 1 and owed.lease is None

    await until(look, "a first attempt")


@pytest.mark.parametrize(
    "code", ["channel_not_found", "not_in_channel", "is_archived", "cannot_reply_to_message", "restricted_action"]
)
async def test_a_refusal_for_good_is_shown_in_plain_words(desk: SlackDesk, code: str) -> None:
    await _asked(desk)
    desk.slack.failures["chat.postMessage"].append(code)
    message_id = await desk.say("Hallo")
    await _until(desk, message_id, Delivery.FAILED)
    assert (await desk.message(message_id)).delivery_reason == WORDS[code]
    assert code not in WORDS[code]


@pytest.mark.parametrize("code", ["account_inactive", "token_revoked", "missing_scope"])
async def test_what_is_wrong_with_the_app_stands_at_the_message_until_it_is_mended(desk: SlackDesk, code: str) -> None:
    await _asked(desk)
    desk.slack.failures["chat.postMessage"].append(code)
    message_id = await desk.say("Hallo")
    await _tried(desk, message_id)
    message = await desk.message(message_id)
    assert (message.delivery, message.delivery_reason) == (Delivery.QUEUED, WORDS[code])
    desk.clock.advance(minutes=1)
    await _until(desk, message_id, Delivery.SENT)
    assert (await desk.message(message_id)).delivery_reason == ""


async def test_as_long_as_slack_asked_for_is_waited(desk: SlackDesk) -> None:
    await _asked(desk)
    desk.slack.failures["chat.postMessage"].append(RateLimited(37))
    message_id = await desk.say("Hallo")
    await _tried(desk, message_id)
    assert (await _owed(desk, message_id)).due_at == desk.clock.now() + timedelta(seconds=37)
    desk.clock.advance(seconds=38)
    await _until(desk, message_id, Delivery.SENT)


@pytest.mark.parametrize("failure", ["503", "internal_error", "service_unavailable"])
async def test_trouble_at_slack_passes(desk: SlackDesk, failure: str) -> None:
    await _asked(desk)
    desk.slack.failures["chat.postMessage"].append(failure)
    message_id = await desk.say("Hallo")
    await _tried(desk, message_id)
    desk.clock.advance(minutes=1)
    await _until(desk, message_id, Delivery.SENT)
    [post] = await desk.posted(HELP)
    assert shown(post) == "Hallo"


async def test_a_long_text_comes_in_parts_and_none_of_them_twice(desk: SlackDesk) -> None:
    await _asked(desk)
    paragraphs = [f"Absatz {number}: " + "immer weiter, Wort für Wort & <Zeichen>. " * 20 for number in range(40)]
    desk.slack.failures["files.getUploadURLExternal"].append(RateLimited(1))
    file = StoredFile(desk.blobs.put(b"1"), "a.txt", "text/plain", 1)
    message_id = await desk.say("\n\n".join(paragraphs), attachments=(file,))
    await _tried(desk, message_id)
    desk.clock.advance(seconds=2)
    await _until(desk, message_id, Delivery.SENT)
    posted = [one for one in desk.slack.channels[HELP].messages if one.get("bot_id")]
    words = " ".join(" ".join(shown(one) for one in posted).split())
    assert words == " ".join(" ".join(paragraphs).split()), "each part once, in order, and nothing lost"
    assert len(posted) > 2 and len({one.get("thread_ts") for one in posted}) == 1
    assert sum("files" in one for one in posted) == 1


async def test_words_arrive_as_they_were_written(desk: SlackDesk) -> None:
    await _asked(desk)
    text = "A & B <b> *kein Fett* _x_ `y` <@U0CARLA> <!channel> siehe https://help.example/a?b=1&c=2."
    await desk.say(text)
    [post] = await desk.posted(HELP)
    assert shown(post) == text
    [section] = post["blocks"][0]["elements"]
    assert [one["url"] for one in section["elements"] if one["type"] == "link"] == ["https://help.example/a?b=1&c=2"]
    assert "<!channel>" not in post["text"] and "&lt;!channel&gt;" in post["text"], "nobody is called by accident"


def test_every_reason_has_a_german_one() -> None:
    texts = {
        *WORDS.values(),
        *MENDING.values(),
        UNREACHABLE,
        CONNECTION,
        SLOWLY,
        NOT_FETCHED,
        TOO_LARGE,
        ELSEWHERE,
        HIDDEN,
    }
    assert texts - set(catalogue("de")) == set()
