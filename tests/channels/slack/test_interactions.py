"""The command, the form behind it, and tickets made of messages."""

from __future__ import annotations

from sqlalchemy import select

from core.models import Requester, Ticket
from core.values import Delivery
from tests.channels.slack.desk import ANNA, CARLA, DORA, GENERAL, HELP, SECRET, SlackDesk, until
from tests.fakes.slack_workspace import BOT_USER, shown


async def _whispers(desk: SlackDesk, count: int = 1) -> list[tuple[str, str]]:
    async def look() -> bool:
        return len(desk.slack.whispers) >= count

    await until(look, "an answer for one person")
    return desk.slack.whispers


async def test_a_command_with_a_text_becomes_a_thread_of_its_own(desk: SlackDesk) -> None:
    await desk.start()
    command = desk.slack.commands(CARLA, "Mein VPN geht nicht")
    await desk.slack.settle()
    assert command.attempts == ["acknowledged"]
    [message] = await desk.taken(1)
    assert message.text == "Mein VPN geht nicht"
    direct = desk.slack.direct(CARLA).id
    [root] = await desk.posted(direct)
    assert shown(root) == "Sie haben geschrieben:\n\nMein VPN geht nicht"
    await desk.say("Seit wann?")
    _, answer = await desk.posted(direct, 2)
    assert answer["thread_ts"] == root["ts"]
    desk.slack.says(CARLA, "@", "Seit heute", thread_ts=root["ts"])
    assert {one.ticket_id for one in await desk.taken(2)} == {1}
    assert await _whispers(desk) == [
        (CARLA, "Das ist jetzt Ticket FL-1001. Die Antwort kommt im Thread oder als Direktnachricht.")
    ]


async def test_a_command_by_http_works_alike(desk: SlackDesk) -> None:
    await desk.start(by_http=True)
    command = desk.slack.commands(DORA, "VPN is down & out <now>")
    await desk.slack.settle()
    assert command.attempts == ["200"]
    [message] = await desk.taken(1)
    assert message.text == "VPN is down & out <now>"
    assert (await _whispers(desk))[0][1].startswith("That is ticket FL-1001 now.")


async def test_without_a_text_a_form_asks(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.commands(CARLA, "  ")
    await desk.slack.settle()
    [view] = desk.slack.views.values()
    assert view["callback_id"] == "helpdesk_form" and view["submit"]["text"] == "Senden"
    empty = desk.slack.submits(CARLA, view, "   ")
    await desk.slack.settle()
    assert empty.answer == {
        "response_action": "errors",
        "errors": {"text": "Bitte schreiben Sie, worum es geht."},
    }
    file = desk.slack.file("Bild.png", "image/png", b"\x89PNG")
    sent = desk.slack.submits(CARLA, view, "Drucker\n<klemmt> &amp;", files=[file])
    await desk.slack.settle()
    assert sent.answer is None, "the form closes"
    [message] = await desk.taken(1)
    assert message.text == "Drucker\n<klemmt> &amp;" and await desk.files() == [("Bild.png", b"\x89PNG")]


async def test_a_form_that_cannot_open_says_what_else_to_do(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.failures["views.open"].append("expired_trigger_id")
    command = desk.slack.commands(CARLA, "")
    await desk.slack.settle()
    assert command.answer == {
        "text": "Das Formular lässt sich gerade nicht anzeigen. Bitte schreiben Sie Ihr Anliegen hinter den Befehl."
    }


async def test_a_command_is_taken_even_where_we_may_not_write(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.failures["conversations.open"].append("messages_tab_disabled")
    desk.slack.commands(CARLA, "Mein VPN geht nicht")
    await desk.taken(1)
    desk.slack.failures["chat.postMessage"].append("messages_tab_disabled")
    message_id = await desk.say("Seit wann?")

    async def look() -> bool:
        return (await desk.message(message_id)).delivery is Delivery.FAILED

    await until(look, "the reason at the message")
    assert "Messages tab" in (await desk.message(message_id)).delivery_reason


async def test_a_ticket_is_made_of_a_colleague_s_message(desk: SlackDesk) -> None:
    await desk.start()
    asked = desk.slack.says(CARLA, GENERAL, "Mein VPN geht nicht")
    desk.slack.chooses_shortcut(ANNA, GENERAL, asked["ts"])
    [message] = await desk.taken(1)
    assert message.text == "Mein VPN geht nicht\n[Als Ticket aufgenommen von Anna Ahrens]"
    assert message.author_name == "Carla Neumann"
    await desk.say("Seit wann?")
    [answer] = await desk.posted(GENERAL)
    assert answer["thread_ts"] == asked["ts"]
    desk.slack.chooses_shortcut(ANNA, GENERAL, asked["ts"])
    whispers = await _whispers(desk, 2)
    assert [who for who, _ in whispers] == [ANNA, ANNA]
    assert whispers[1][1] == "Das ist schon Ticket FL-1001."


async def test_a_public_channel_is_joined_for_it(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.add_channel("C0OPEN", "open", CARLA)
    message = desk.slack.says(CARLA, "C0OPEN", "Hilfe")
    desk.slack.chooses_shortcut(CARLA, "C0OPEN", message["ts"])
    await desk.taken(1)
    assert BOT_USER in desk.slack.channels["C0OPEN"].members


async def test_from_where_we_may_not_be_it_goes_on_in_direct_messages(desk: SlackDesk) -> None:
    await desk.start()
    asked = desk.slack.says(CARLA, SECRET, "Mein VPN geht nicht")
    desk.slack.chooses_shortcut(DORA, SECRET, asked["ts"])
    [message] = await desk.taken(1)
    assert message.author_name == "Carla Neumann"
    [root] = await desk.posted(desk.slack.direct(CARLA).id)
    assert shown(root) == "Dora Lang hat uns gebeten, Ihnen hierbei zu helfen:\n\nMein VPN geht nicht"


async def test_what_a_program_wrote_is_the_chooser_s(desk: SlackDesk) -> None:
    await desk.start()
    place = desk.slack.channels[HELP]
    alarm = desk.slack.add_message(place, "U0MONITOR", "Disk full", bot_id="B0MONITOR", subtype="bot_message")
    desk.slack.chooses_shortcut(ANNA, HELP, alarm["ts"])
    await desk.taken(1)
    query = select(Requester.name).join(Ticket, Ticket.requester_id == Requester.id)
    assert await desk.database.read(lambda session: session.scalars(query).one()) == "Anna Ahrens"


async def test_a_press_of_something_unknown_is_acknowledged(desk: SlackDesk) -> None:
    await desk.start()
    payload = desk.slack.interaction("block_actions", CARLA, trigger_id="1", actions=[{"action_id": "x"}])
    other = desk.slack.interaction("shortcut", CARLA, trigger_id="1", callback_id="x")
    deliveries = [desk.slack.deliver("interactive", one) for one in (payload, other)]
    await desk.slack.settle()
    assert [one.taken for one in deliveries] == [True, True]
