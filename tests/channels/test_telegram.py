"""Telegram with a real Bot API server at the other side: commands, buttons, files, groups, trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.telegram import channel as telegram_channel
from channels.telegram.channel import Telegram
from channels.telegram.configuration import API
from channels.telegram.contents import MAX_DOWNLOAD
from core.database import Database
from core.errors import InboxProblem
from core.models import InboundReceipt, Requester, Ticket, WorkKind, WorkRow
from core.tickets import actions
from core.values import Choice, Delivery, Draft, InboundMessage, Outcome, Receipt, StoredFile
from tests.contract.bench import until
from tests.contract.ground import Ground
from tests.contract.telegram import PEOPLE, TelegramBench, TelegramWebhookBench, bot_inbox
from tests.fakes.clock import SetClock
from tests.fakes.telegram import FakeTelegram, Json, Message, Person, Refused

SECRET = "4711:a_secret_of_the_tests"
CARLA, DORA = PEOPLE["carla"], PEOPLE["dora"]
JOHN = Person(503, "John", "en")
GROUP: Json = {"id": -100200300, "type": "supergroup", "title": "Vertrieb"}
CHOICES = (Choice("Gelöst", "/solved"), Choice("Noch nicht", "/not_yet"))


@pytest.fixture
async def ground(database: Database, clock: SetClock, tmp_path: Path) -> Ground:
    return await Ground.lay(database, clock, tmp_path)


@pytest.fixture
async def line(ground: Ground) -> AsyncIterator[TelegramBench]:
    """A bot that polls."""
    async with TelegramBench(ground) as line:
        yield line


@pytest.fixture
async def webhook(ground: Ground) -> AsyncIterator[TelegramWebhookBench]:
    line = TelegramWebhookBench(ground)
    async with line:
        yield line


def command(text: str) -> dict[str, Any]:
    return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}]}


async def answers(line: TelegramBench, count: int, person: Person = CARLA) -> list[Message]:
    async def look() -> list[Message]:
        found = line.bot.to(person)
        return found if len(found) >= count else []

    await line.settle()
    return await until(look, f"{count} answers")


async def count_work(ground: Ground) -> int:
    understand = select(WorkRow.id).where(WorkRow.kind == WorkKind.UNDERSTAND)
    return len(await ground.database.read(lambda session: session.scalars(understand).all()))


# -- commands -------------------------------------------------------------------------------------------------------


async def test_start_tells_each_in_their_language_what_is_kept_and_opens_no_ticket(line: TelegramBench) -> None:
    await line.bot.say(CARLA, **command("/start"))
    await line.bot.say(JOHN, **command("/start"))
    [german] = await answers(line, 1)
    [english] = await answers(line, 1, JOHN)
    assert "einverstanden" in german.text and "agree" in english.text
    assert await line.ground.taken() == []
    assert await line.ground.ledger() == [Outcome.IGNORED, Outcome.IGNORED]


async def test_the_menu_is_registered_in_both_languages(line: TelegramBench) -> None:
    menus = {
        language: {one["command"]: one["description"] for one in menu} for language, menu in line.bot.commands.items()
    }
    assert menus["de"]["human"] == menus[""]["human"] == "Mit einem Menschen sprechen"
    assert menus["en"]["human"] == "Talk to a person"


async def test_status_says_who_has_the_request(line: TelegramBench) -> None:
    await line.bot.say(CARLA, **command("/status"))
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.bot.say(CARLA, **command("/status"))
    nothing, with_bot = await answers(line, 2)
    assert "noch kein Anliegen" in nothing.text
    assert with_bot.text.startswith("FL-1001 – VPN geht nicht\nWir beide")
    await line.ground.database.write(actions.take_over, 1, line.ground.desk.anna, line.ground.clock.now())
    await line.bot.say(CARLA, **command("/status"))
    assert (await answers(line, 3))[-1].text.endswith("Anna kümmert sich darum.")


async def test_human_hands_the_wish_over_once(line: TelegramBench) -> None:
    await line.bot.say(CARLA, **command("/human"))
    await line.settle()
    [message] = await line.ground.taken()
    assert (message.text, message.meta["payload"]) == ("Ich möchte mit einem Menschen sprechen.", "/human")
    await line.ground.database.write(actions.take_over, 1, line.ground.desk.anna, line.ground.clock.now())
    await line.bot.say(CARLA, **command("/human"))
    [answer] = await answers(line, 1)
    assert "FL-1001 liegt schon bei unseren Leuten" in answer.text
    assert len(await line.ground.taken()) == 1


async def test_a_language_can_be_chosen_and_is_remembered(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.bot.say(CARLA, **command("/language"))
    [question] = await answers(line, 1)
    query = await line.bot.press(CARLA, question, "English")
    await line.settle()
    assert (question.text, question.buttons) == ("From now on I answer in English.", [])
    assert query in line.bot.answered
    await line.bot.say(CARLA, **command("/start"))
    assert "agree" in (await answers(line, 2))[-1].text

    def languages(session: Session) -> tuple[str | None, str]:
        return session.scalars(select(Requester.language)).one(), session.scalars(select(Ticket.language)).one()

    assert await line.ground.database.read(languages) == ("en", "en")


# -- buttons --------------------------------------------------------------------------------------------------------


async def _asked(line: TelegramBench, person: Person = CARLA) -> Message:
    await line.bot.say(person, "VPN geht nicht")
    await line.settle()
    await line.ground.say("Hat das geholfen?", choices=CHOICES)
    return (await answers(line, 1, person))[-1]


async def test_a_choice_is_marked_answered_and_has_no_buttons_any_more(line: TelegramBench) -> None:
    question = await _asked(line)
    query = await line.bot.press(CARLA, question, "Gelöst")
    await line.settle()
    assert (question.text, question.buttons) == ("Hat das geholfen?\n\n✓ Gelöst", [])
    assert line.bot.answered[query] == ""
    assert [(one.text, one.meta["payload"]) for one in (await line.ground.taken())[1:]] == [("Gelöst", "/solved")]


async def test_only_the_first_press_counts(line: TelegramBench) -> None:
    question = await _asked(line)
    first = await line.bot.press(CARLA, question, "Gelöst")
    second = await line.bot.press(CARLA, question, "Noch nicht")
    third = await line.bot.press(CARLA, question, "Gelöst")
    await line.settle()
    assert question.text.endswith("✓ Gelöst")
    notices = [line.bot.answered[query] for query in (first, second, third)]
    assert notices == ["", "Das haben Sie schon beantwortet: Gelöst", ""]
    assert len(await line.ground.taken()) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_press_survives_a_crash(line: TelegramBench, moment: str) -> None:
    question = await _asked(line)
    line.ground.dies = [moment]
    await line.bot.press(CARLA, question, "Noch nicht")
    await line.settle()
    assert question.text.endswith("✓ Noch nicht") and question.buttons == []
    assert [one.text for one in await line.ground.taken()] == ["VPN geht nicht", "Noch nicht"]


async def test_a_new_question_takes_the_buttons_of_the_one_before(line: TelegramBench) -> None:
    first = await _asked(line)
    await line.bot.say(CARLA, "Moment, ich versuche es")
    await line.settle()
    await line.ground.say("Hat das jetzt geholfen?", choices=CHOICES)
    second = (await answers(line, 2))[-1]

    async def look() -> bool:
        return first.buttons == []

    await until(look, "the old buttons to go")
    assert first.text == "Hat das geholfen?" and len(second.buttons[0]) == 2


@pytest.mark.parametrize("data", ["c:2:7", "c:99999:0", "nonsense"])
async def test_a_button_of_nothing_we_asked_is_explained(line: TelegramBench, data: str) -> None:
    question = await _asked(line)
    query = await line.bot.call_back(CARLA, question, data)
    await line.settle()
    assert line.bot.answered[query].startswith("Dieser Knopf gilt nicht mehr")
    assert len(await line.ground.taken()) == 1


async def test_nobody_answers_what_somebody_else_was_asked(line: TelegramBench) -> None:
    theirs = (await _asked(line)).buttons[0][0]["callback_data"]
    mine = await _asked(line, DORA)
    query = await line.bot.call_back(DORA, mine, theirs)
    await line.settle()
    assert line.bot.answered[query].startswith("Dieser Knopf gilt nicht mehr")
    assert len(await line.ground.taken()) == 2


# -- files ----------------------------------------------------------------------------------------------------------


async def test_a_file_that_is_too_large_leaves_a_word_and_its_sender_hears_so(line: TelegramBench) -> None:
    document = line.bot.file(b"x", MAX_DOWNLOAD + 1, file_name="Film.mov", mime_type="video/quicktime")
    await line.bot.say(CARLA, document=document, caption="Siehe Film")
    [answer] = await answers(line, 1)
    assert "„Film.mov“" in answer.text and "20 MB" in answer.text
    [message] = await line.ground.taken()
    assert message.text.startswith("Siehe Film\n[Die Datei „Film.mov“ (20 MB) ist zu groß")
    assert message.meta["words"] == "Siehe Film"


async def test_a_file_whose_size_nobody_told_may_be_too_large_all_the_same(line: TelegramBench) -> None:
    document = line.bot.file(b"x", MAX_DOWNLOAD + 1, file_name="Film.mov")
    del document["file_size"]
    await line.bot.say(CARLA, document=document)
    await answers(line, 1)
    [message] = await line.ground.taken()
    assert "ist zu groß" in message.text


async def test_a_download_that_fails_is_tried_again(line: TelegramBench) -> None:
    line.bot.failing_downloads = 2
    await line.bot.say(CARLA, voice=line.bot.file(b"OggS", duration=3, mime_type="audio/ogg"))
    await line.settle()
    [(name, content)] = await line.ground.files()
    assert name.startswith("voice-") and content == b"OggS"


async def test_a_file_that_never_comes_holds_up_nobody_for_ever(line: TelegramBench) -> None:
    line.bot.failing_downloads = 1000
    await line.bot.say(CARLA, document=line.bot.file(b"x", file_name="a.pdf"))
    await line.bot.say(DORA, "Drucker geht nicht")
    await line.settle()
    texts = {message.text for message in await line.ground.taken()}
    assert texts == {"[Die Datei „a.pdf“ konnte bei Telegram nicht abgeholt werden.]", "Drucker geht nicht"}


async def test_an_album_is_answered_once(line: TelegramBench) -> None:
    for number in range(3):
        photo = [line.bot.file(bytes([number]), width=9, height=9)]
        more: dict[str, Any] = {"caption": "Fehler"} if number == 0 else {}
        await line.bot.say(CARLA, photo=photo, media_group_id="77", **more)
    await line.settle()
    assert len(await line.ground.files()) == 3
    assert await count_work(line.ground) == 1


async def test_a_picture_telegram_cannot_show_goes_as_a_file(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.settle()
    line.bot.refusals.append(Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    file = StoredFile(line.ground.blobs.put(b"\x89PNG"), "lang.png", "image/png", 4)
    message_id = await line.ground.say("", attachments=(file,))
    [shown] = await answers(line, 1)
    assert shown.file == ("lang.png", b"\x89PNG")
    assert [method for method, _ in line.bot.calls if method.startswith("send")] == ["sendPhoto", "sendDocument"]
    assert (await line.ground.message(message_id)).meta["sent_as"]


# -- groups ---------------------------------------------------------------------------------------------------------


def mention(text: str) -> dict[str, Any]:
    return {"text": f"@desk_bot {text}", "entities": [{"type": "mention", "offset": 0, "length": 9}]}


async def test_in_a_group_only_what_is_addressed_is_kept(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "Mittagessen um zwölf?", GROUP)
    asked = await line.bot.say(CARLA, chat=GROUP, **mention("der Drucker geht nicht"))
    await line.settle()
    assert [message.text for message in await line.ground.taken()] == ["der Drucker geht nicht"]
    kept = await line.ground.database.read(lambda session: list(session.scalars(select(InboundReceipt.raw))))
    assert await line.ground.ledger() == [Outcome.IGNORED, Outcome.TICKETED] and kept == [None, None]
    await line.ground.say("Welcher Drucker?")

    async def look() -> list[Message]:
        return line.bot.sent

    [answer] = await until(look, "an answer")
    assert (answer.chat_id, answer.reply_to) == (GROUP["id"], asked["message_id"])


async def test_a_group_is_one_conversation_of_several_people(line: TelegramBench) -> None:
    await line.bot.say(CARLA, chat=GROUP, **mention("der Drucker geht nicht"))
    await line.bot.say(DORA, chat=GROUP, **mention("bei mir auch nicht"))
    await line.bot.say(DORA, "VPN auch nicht")
    await line.settle()
    taken = {message.text: message for message in await line.ground.taken()}
    first, second, elsewhere = (
        taken[text] for text in ("der Drucker geht nicht", "bei mir auch nicht", "VPN auch nicht")
    )
    assert (first.author_name, second.author_name, elsewhere.author_name) == ("Carla", "Dora", "Dora")
    assert first.ticket_id == second.ticket_id != elsewhere.ticket_id


@pytest.mark.parametrize("told", [True, False])
async def test_a_conversation_goes_on_in_a_group_that_moved(line: TelegramBench, told: bool) -> None:
    old: Json = {"id": -5, "type": "group", "title": "Vertrieb"}
    new: Json = {"id": -1005, "type": "supergroup", "title": "Vertrieb"}
    await line.bot.say(CARLA, chat=old, **mention("der Drucker geht nicht"))
    await line.settle()
    line.bot.chats |= {-5: {**old, "moved_to": -1005}, -1005: new}
    if told:
        await line.bot.push("message", {"message_id": 9, "date": 1, "chat": old, "migrate_to_chat_id": -1005})
        await line.settle()
    message_id = await line.ground.say("Welcher Drucker?")

    async def look() -> bool:
        return (await line.ground.message(message_id)).delivery is Delivery.SENT

    await until(look, "it to be sent")
    assert [message.chat_id for message in line.bot.sent] == [-1005]
    await line.bot.say(CARLA, chat=new, **mention("der im Flur"))
    await line.settle()
    assert len({message.ticket_id for message in await line.ground.taken()}) == 1


async def test_answers_go_to_the_topic_of_a_forum(line: TelegramBench) -> None:
    await line.bot.say(CARLA, chat=GROUP, is_topic_message=True, message_thread_id=33, **mention("Hilfe"))
    await line.settle()
    await line.ground.say("Wobei?")

    async def look() -> list[Message]:
        return line.bot.sent

    assert [message.thread_id for message in await until(look, "an answer")] == [33]


# -- several bots ---------------------------------------------------------------------------------------------------


async def test_one_person_on_two_bots_has_two_tickets(line: TelegramBench) -> None:
    ground, token = line.ground, "815:BBF-another_secret"
    other = line.server.add_bot(token, "other_bot")
    inbox_id = await ground.open_inbox("telegram", "815")
    second = Telegram(bot_inbox(inbox_id, token, line.server), ground.surroundings("", "secret"))
    running = asyncio.create_task(second.run(ground.receive, lambda: None))
    await line.bot.say(CARLA, "VPN geht nicht")
    await other.say(CARLA, "Urlaub beantragen")

    async def look() -> bool:
        return not line.bot.pending and not other.pending

    await until(look, "both bots to be done")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    taken = await ground.taken()
    assert len({message.ticket_id for message in taken}) == 2
    requesters = await ground.database.read(lambda session: session.scalars(select(Requester.id)).all())
    assert len(requesters) == 1, "and is one person"
    assert line.bot.sent == other.sent == []


async def test_a_conversation_of_a_former_bot_says_so(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.settle()
    ground = line.ground
    await ground.stop_delivering()
    inbox = bot_inbox(line.channel.inbox_id, "999:another_secret", line.server)
    ground.deliver_through(Telegram(inbox, ground.surroundings("", "secret")))
    message_id = await ground.say("Hallo")

    async def look() -> bool:
        return (await ground.message(message_id)).delivery is Delivery.FAILED

    await until(look, "a refusal")
    assert (await ground.message(message_id)).delivery_reason.startswith("This conversation is with another bot")


# -- sending --------------------------------------------------------------------------------------------------------


async def test_a_blocked_bot_is_shown_in_plain_words(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.settle()
    line.bot.blocked_by.add(CARLA.id)
    message_id = await line.ground.say("Hallo")

    async def look() -> bool:
        return (await line.ground.message(message_id)).delivery is Delivery.FAILED

    await until(look, "a refusal")
    assert (await line.ground.message(message_id)).delivery_reason == "The person has blocked the bot."


async def test_a_long_message_goes_on_where_it_was_interrupted(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.settle()
    paragraphs = [f"Absatz {number}. " + "Wort " * 500 for number in range(5)]
    calls = 0

    def refuse_the_third(method: str) -> None:
        nonlocal calls
        calls += method == "sendMessage"
        if calls == 3:
            calls += 1
            line.bot.refusals.append(Refused(429, "Too Many Requests: retry after 5", retry_after=5))

    line.bot.on_call = refuse_the_third
    message_id = await line.ground.say("\n\n".join(paragraphs))

    async def tried() -> bool:
        return (await line.ground.owed(message_id)).last_error is not None

    await until(tried, "a first attempt")
    assert len((await line.ground.message(message_id)).meta["sent_as"]) == 2
    line.ground.clock.advance(seconds=6)

    async def sent() -> bool:
        return (await line.ground.message(message_id)).delivery is Delivery.SENT

    await until(sent, "all of it")
    whole = "\n\n".join(message.text for message in line.bot.to(CARLA))
    assert [whole.count(f"Absatz {number}.") for number in range(5)] == [1] * 5


async def test_people_are_named_and_the_bot_is_not(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.settle()
    await line.ground.say("Guten Tag")
    await answers(line, 1)  # an agent's reply takes back what the bot has not sent yet
    await line.ground.database.write(actions.reply, 1, line.ground.desk.anna, Draft("Hallo"), line.ground.clock.now())
    texts = [message.text for message in await answers(line, 2)]
    assert texts == ["Guten Tag", "Anna:\nHallo"]


# -- fetching -------------------------------------------------------------------------------------------------------


async def test_what_a_killed_process_had_in_hand_is_taken_by_the_next(line: TelegramBench) -> None:
    """Killed in the very moment after the commit, before anything is confirmed."""
    reached, documented = asyncio.Event(), line.ground.receive

    async def hang(message: InboundMessage) -> Receipt:
        await documented(message)
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    line.ground.receive = hang  # type: ignore[method-assign]
    await line.restart()
    await line.bot.say(CARLA, "Erstens")
    await reached.wait()
    await line.bot.say(CARLA, "Zweitens")
    line.ground.receive = documented  # type: ignore[method-assign]
    await line.restart()
    await line.settle()
    assert [message.text for message in await line.ground.taken()] == ["Erstens", "Zweitens"]


async def test_a_bot_that_was_quiet_for_a_week_gets_other_numbers(line: TelegramBench) -> None:
    await line.bot.say(CARLA, "Erstens")
    await line.settle()
    line.bot.renumber(from_=7)
    await line.bot.say(CARLA, "Zweitens")
    await line.settle()
    assert [message.text for message in await line.ground.taken()] == ["Erstens", "Zweitens"]


async def test_one_unreadable_update_is_kept_aside_and_the_rest_goes_on(line: TelegramBench) -> None:
    await line.bot.push("message", {"message_id": 1, "date": "never", "chat": CARLA.chat, "from": 17})
    await line.bot.say(CARLA, "VPN geht nicht")
    await line.settle()
    assert sorted(await line.ground.ledger()) == [Outcome.QUARANTINED, Outcome.TICKETED]
    raw = select(InboundReceipt.raw).where(InboundReceipt.outcome == Outcome.QUARANTINED)
    assert b"never" in (await line.ground.database.read(lambda session: session.scalars(raw).one()) or b"")


async def test_what_is_newer_than_the_library_is_named(line: TelegramBench) -> None:
    await line.bot.say(CARLA, poll={"id": "1", "question": "?"})
    await line.settle()
    [message] = await line.ground.taken()
    assert message.text == "[Etwas, das nur in Telegram zu sehen ist]"


async def _problem_of(ground: Ground, server: FakeTelegram, token: str, **changes: Any) -> InboxProblem:
    inbox_id = await ground.open_inbox("telegram", token)
    inbox = bot_inbox(inbox_id, token, server, **changes)
    adapter = Telegram(inbox, ground.surroundings("http://127.0.0.1:9", "secret"))
    with pytest.raises(InboxProblem) as found:
        await adapter.run(ground.receive, lambda: None)
    return found.value


async def test_a_second_program_is_named_as_the_problem(ground: Ground) -> None:
    async with FakeTelegram() as server:
        bot = server.add_bot(SECRET)
        failing = asyncio.create_task(_problem_of(ground, server, SECRET))

        async def polls() -> bool:
            return bot.is_polled

        await until(polls, "a long poll")
        async with httpx.AsyncClient() as other:
            await other.post(f"{server.url}/bot{SECRET}/getUpdates", data={"timeout": 1})
        problem = await failing
    assert str(problem).startswith("Another program fetches the messages of this bot too")


@pytest.mark.parametrize("token", ["4711:no_longer_valid"])
async def test_a_token_that_is_refused_is_not_repeated_in_the_error(ground: Ground, token: str) -> None:
    async with FakeTelegram() as server:
        problem = await _problem_of(ground, server, token)
    assert str(problem) == "Telegram does not accept the token."


async def test_no_connection_is_the_problem(ground: Ground) -> None:
    async with FakeTelegram() as server:
        server.add_bot(SECRET)
    problem = await _problem_of(ground, server, SECRET)
    assert str(problem).startswith("Telegram cannot be reached: ") and "secret" not in str(problem)


async def test_updates_that_waited_for_a_webhook_are_fetched(ground: Ground) -> None:
    bench = TelegramBench(ground)
    bench.bot.set_webhook({"url": "http://127.0.0.1:9/gone"})
    await bench.bot.say(CARLA, "VPN geht nicht")
    async with bench:
        await bench.settle()
        assert bench.bot.webhook == {}
        assert [message.text for message in await ground.taken()] == ["VPN geht nicht"]


# -- a webhook ------------------------------------------------------------------------------------------------------


async def test_only_telegram_may_call(webhook: TelegramWebhookBench) -> None:
    url = webhook.bot.webhook["url"]
    update = {
        "update_id": 1,
        "message": {"message_id": 1, "date": 1, "chat": CARLA.chat, "from": CARLA.as_user, "text": "x"},
    }
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.post(url, json=update)).status_code == 403
        header = {b"X-Telegram-Bot-Api-Secret-Token": "gerätselt".encode()}
        assert (await stranger.post(url, json=update, headers=header)).status_code == 403
    assert await webhook.ground.ledger() == []


async def test_a_webhook_is_answered_after_the_commit_and_called_again_otherwise(webhook: TelegramWebhookBench) -> None:
    webhook.ground.dies = ["before", "after"]
    await webhook.bot.say(CARLA, "VPN geht nicht")
    await webhook.settle()
    assert [message.text for message in await webhook.ground.taken()] == ["VPN geht nicht"]
    assert webhook.bot.last_error["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"


async def test_trouble_with_the_webhook_is_told_until_it_is_over(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram_channel, "LOOK_EVERY", 0.02)
    async with FakeTelegram() as server:
        bot = server.add_bot(SECRET)
        await bot.say(CARLA, "VPN geht nicht")
        problem = await _problem_of(ground, server, SECRET, receive="webhook")
    assert str(problem) == "Telegram cannot hand over 1 messages. It says: Connection refused"
    assert "http://127.0.0.1:9/telegram/" in problem.mend.format(**problem.values)


async def test_a_webhook_needs_https(ground: Ground) -> None:
    inbox = bot_inbox(1, SECRET, FakeTelegram(), receive="webhook", api_url=API)
    adapter = Telegram(inbox, ground.surroundings("http://desk.example", "secret"))
    with pytest.raises(InboxProblem, match="over HTTPS only"):
        adapter._require_https()


async def test_a_trial_changes_nothing(ground: Ground) -> None:
    async with FakeTelegram() as server:
        bot = server.add_bot(SECRET)
        adapter = Telegram(bot_inbox(0, SECRET, server), ground.surroundings("", "secret"))
        await adapter.test()
        bot.set_webhook({"url": "https://elsewhere.example/hook"})
        with pytest.raises(InboxProblem, match=r"https://elsewhere\.example/hook"):
            await adapter.test()
        assert bot.webhook == {"url": "https://elsewhere.example/hook"}
        assert {method for method, _ in bot.calls} == {"getMe", "getWebhookInfo"}
