"""Where people write in Slack and where they are answered: direct messages, mentions, watched channels, threads."""

from __future__ import annotations

from sqlalchemy import select

from core.models import WorkKind, WorkRow
from core.values import Choice, Outcome, StoredFile
from tests.channels.slack.desk import CARLA, DORA, GENERAL, HELP, SlackDesk, until
from tests.fakes.slack_workspace import BOT_USER, TEAM, shown


async def test_direct_messages_are_one_conversation(desk: SlackDesk) -> None:
    await desk.start()
    direct = desk.slack.says(CARLA, "@", "Mein VPN geht nicht")["channel"]
    await desk.taken(1)
    await desk.say("Steht im Fenster eine Nummer?")
    [question] = await desk.posted(direct)
    assert "thread_ts" not in question, "people answer below, not beside"
    desk.slack.says(CARLA, "@", "Ja, 691")
    first, second = await desk.taken(2)
    assert (first.text, second.text) == ("Mein VPN geht nicht", "Ja, 691")
    assert first.ticket_id == second.ticket_id and first.author_name == "Carla Neumann"


async def test_an_answer_beside_a_direct_message_belongs_to_it(desk: SlackDesk) -> None:
    await desk.start()
    direct = desk.slack.says(CARLA, "@", "Mein VPN geht nicht")["channel"]
    await desk.taken(1)
    await desk.say("Steht im Fenster eine Nummer?")
    [question] = await desk.posted(direct)
    desk.slack.says(CARLA, direct, "Ja, 691", thread_ts=question["ts"])
    first, second = await desk.taken(2)
    assert first.ticket_id == second.ticket_id


async def test_a_mention_opens_a_thread_that_goes_on_without_it(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.says(DORA, GENERAL, "Lunch?")
    asked = desk.slack.says(CARLA, GENERAL, f"<@{BOT_USER}> der Drucker im 2. Stock <@{DORA}> druckt nicht")
    [message] = await desk.taken(1)
    assert message.text == "der Drucker im 2. Stock @Dora Lang druckt nicht"
    await desk.say("Leuchtet er?")
    [answer] = await desk.posted(GENERAL)
    assert answer["thread_ts"] == asked["ts"]
    desk.slack.says(CARLA, GENERAL, "Ja, rot", thread_ts=asked["ts"])
    desk.slack.says(DORA, GENERAL, "Bei mir auch", thread_ts=asked["ts"])
    found = await desk.taken(3)
    assert {one.ticket_id for one in found} == {1}
    assert [one.author_name for one in found] == ["Carla Neumann", "Carla Neumann", "Dora Lang"]


async def test_in_a_watched_channel_every_message_is_a_request(desk: SlackDesk) -> None:
    await desk.start()
    first = desk.slack.says(CARLA, HELP, "Drucker")
    second = desk.slack.says(DORA, HELP, "VPN")
    found = await desk.taken(2)
    assert {one.ticket_id for one in found} == {1, 2}
    await desk.say("Eins", 1)
    await desk.say("Zwei", 2)
    posted = await desk.posted(HELP, 2)
    by_text = {one.text: one for one in found}
    answers = {by_text["Drucker"].ticket_id: first["ts"], by_text["VPN"].ticket_id: second["ts"]}
    assert {shown(one): one["thread_ts"] for one in posted} == {"Eins": answers[1], "Zwei": answers[2]}


async def test_what_colleagues_say_among_themselves_is_not_kept(desk: SlackDesk) -> None:
    await desk.start()
    root = desk.slack.says(CARLA, GENERAL, "Wer kommt mit?")
    desk.slack.says(DORA, GENERAL, "Ich", thread_ts=root["ts"])
    desk.slack.says(CARLA, "@", "Hallo")
    await desk.slack.settle()
    [message] = await desk.taken(1)
    assert message.text == "Hallo"
    assert [outcome for outcome, _ in await desk.ledger()] == [Outcome.TICKETED]


async def test_programs_are_counted_and_not_answered(desk: SlackDesk) -> None:
    await desk.start()
    place = desk.slack.channels[HELP]
    message = desk.slack.add_message(place, "U0MONITOR", "Disk full", bot_id="B0MONITOR", subtype="bot_message")
    for event in desk.slack.message_events(place, message):
        desk.slack.deliver("events_api", event)
    desk.slack.says(CARLA, "@", "Hallo")
    await desk.taken(1)

    async def look() -> bool:
        return (Outcome.IGNORED, "written by a program") in await desk.ledger()

    await until(look, "the program to be counted")
    await desk.say("Eigene Worte")
    await desk.slack.settle()
    assert len(await desk.ledger()) == 2, "our own echo is nothing at all"


async def test_the_conversation_is_found_again_after_a_restart(desk: SlackDesk) -> None:
    await desk.start()
    asked = desk.slack.says(CARLA, HELP, "Drucker")
    await desk.taken(1)
    await desk.stop()
    await desk.start()
    desk.slack.says(CARLA, HELP, "Immer noch", thread_ts=asked["ts"])
    found = await desk.taken(2)
    assert {one.ticket_id for one in found} == {1}


async def test_edits_and_deletions_are_recorded(desk: SlackDesk) -> None:
    await desk.start()
    asked = desk.slack.says(CARLA, HELP, "Drucker geht nciht")
    other = desk.slack.says(CARLA, HELP, "Erledigt", thread_ts=asked["ts"])
    await desk.taken(2)
    desk.slack.edits(HELP, asked["ts"], "Drucker geht nicht")
    desk.slack.deletes(HELP, other["ts"])

    async def look() -> bool:
        return bool(await desk.history("withdrawn") and await desk.history("revised"))

    await until(look, "both to be recorded")
    first, second = await desk.taken(2)
    assert first.text == "Drucker geht nicht" and first.meta["former"][0]["text"] == "Drucker geht nciht"
    assert second.text == "Erledigt" and "withdrawn" in second.meta


async def test_an_edit_of_a_foreign_message_is_nothing(desk: SlackDesk) -> None:
    await desk.start()
    foreign = desk.slack.says(CARLA, GENERAL, "Lunch?")
    desk.slack.edits(GENERAL, foreign["ts"], "Mittag?")
    desk.slack.says(CARLA, "@", "Hallo")
    await desk.slack.settle()
    assert [one.text for one in await desk.taken(1)] == ["Hallo"]


async def test_the_bot_is_seen_writing_below_a_thread(desk: SlackDesk) -> None:
    await desk.start()
    asked = desk.slack.says(CARLA, HELP, "Drucker")

    async def look() -> bool:
        return bool(desk.slack.statuses)

    await until(look, "a status")
    assert desk.slack.statuses == [(HELP, asked["ts"], "schreibt …")]
    await desk.reply("Ich komme vorbei.")
    await desk.posted(HELP)
    desk.slack.says(CARLA, HELP, "Danke", thread_ts=asked["ts"])
    await desk.taken(2)
    await desk.slack.settle()
    assert len(desk.slack.statuses) == 1, "people have it now"


async def test_a_choice_is_made_once_and_stands_there_afterwards(desk: SlackDesk) -> None:
    await desk.start()
    direct = desk.slack.says(CARLA, "@", "VPN")["channel"]
    await desk.taken(1)
    await desk.say("Hat das geholfen?", choices=(Choice("Gelöst", "/solved"), Choice("Noch nicht", "/not_yet")))
    [question] = await desk.posted(direct)
    desk.slack.presses(CARLA, direct, question["ts"], "Noch nicht")
    desk.slack.presses(CARLA, direct, question["ts"], "Gelöst")
    answer = (await desk.taken(2))[-1]
    assert answer.meta["payload"] in ("/solved", "/not_yet")

    async def look() -> bool:
        return not any(block["type"] == "actions" for block in question["blocks"])

    await until(look, "the buttons to be gone")
    await desk.slack.settle()
    assert f"✓ {answer.text}" in shown(question), "what counted stands there"


async def test_an_offer_of_help_has_its_two_buttons(desk: SlackDesk) -> None:
    await desk.start()
    direct = desk.slack.says(DORA, "@", "VPN is down")["channel"]
    await desk.taken(1)
    await desk.say("Try this.", offers_help=True)
    [question] = await desk.posted(direct)
    titles = [one["text"]["text"] for one in question["blocks"][-1]["elements"]]
    assert titles == ["Solved", "I still need help"]
    desk.slack.presses(DORA, direct, question["ts"], "Solved")
    assert (await desk.taken(2))[-1].meta["payload"] == "/solved"


async def test_an_agent_s_answer_says_whose_it_is_and_goes_by_no_mail_as_well(desk: SlackDesk) -> None:
    await desk.start()
    direct = desk.slack.says(CARLA, "@", "VPN")["channel"]
    await desk.taken(1)
    await desk.reply("Ich schaue nach.")
    [post] = await desk.posted(direct)
    assert shown(post) == "*Anna*\n\nIch schaue nach."
    kinds = await desk.database.read(lambda session: list(session.scalars(select(WorkRow.kind))))
    assert WorkKind.CONTINUE_BY_MAIL not in kinds, "they see it in Slack"


async def test_files_go_both_ways(desk: SlackDesk) -> None:
    await desk.start()
    files = [
        desk.slack.file("Fehler.png", "image/png", b"\x89PNG"),
        desk.slack.file("groß.iso", "application/octet-stream", b"x" * 1_200_000),
        desk.slack.file("Seite.html", "text/html", b"<p>x</p>"),
        desk.slack.file(
            "Liste", "application/vnd.google-apps", b"", is_external=True, url_private="https://docs.example/1"
        ),
    ]
    direct = desk.slack.says(CARLA, "@", "", files=files)["channel"]
    [message] = await desk.taken(1)
    assert await desk.files() == [("Fehler.png", b"\x89PNG"), ("Seite.html", b"<p>x</p>")]
    assert "„groß.iso“ ist zu groß" in message.text and "„Liste“ liegt außerhalb" in message.text
    file = StoredFile(desk.blobs.put(b"%PDF"), "Anleitung.pdf", "application/pdf", 4)
    await desk.say("Bitte lesen:", attachments=(file,))
    posted = await desk.posted(direct, 2)
    assert posted[1]["files"][0]["name"] == "Anleitung.pdf"
    assert desk.slack.files[posted[1]["files"][0]["id"]][1] == b"%PDF"


async def test_who_writes_is_known_by_the_workspace(desk: SlackDesk) -> None:
    await desk.start()
    desk.slack.says(CARLA, "@", "Hallo")
    await desk.taken(1)
    [(_, address)] = [(one.id, one) for one in await desk.addresses("slack")]
    assert (address.value, address.name) == (f"{TEAM}/{CARLA}", "Carla Neumann")
    [mail] = await desk.addresses("email")
    assert (mail.value, mail.verified_at) == ("carla@alpha.example", None), "a claim, unless an admin says otherwise"
    assert (await desk.ticket()).language == "de"


async def test_an_admin_may_take_the_workspace_s_word(desk: SlackDesk) -> None:
    await desk.start(trust_emails=True)
    desk.slack.add_user("U0GUEST", "Gina Gast", "gina@alpha.example", is_restricted=True)
    desk.slack.says(CARLA, "@", "Hallo")
    await desk.taken(1)
    desk.slack.direct("U0GUEST")
    desk.slack.says("U0GUEST", "@", "Hallo")
    await desk.taken(2)
    verified = {one.value: one.verified_at is not None for one in await desk.addresses("email")}
    assert verified == {"carla@alpha.example": True, "gina@alpha.example": False}, "guests are no members"
