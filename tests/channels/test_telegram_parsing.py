"""What updates say: people, groups, files, what cannot be shown, and what is none of the desk's business."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update

from channels.telegram import words
from channels.telegram.contents import What
from channels.telegram.parse import Command, Me, Moved, Parsed, Passed, Pressed, Said, bare, chat_of, parse
from channels.telegram.place import Place
from core.values import Address

ME = Me(4711, "Desk_Bot")
CARLA = {"id": 501, "is_bot": False, "first_name": "Carla", "last_name": "Neumann", "language_code": "de-AT"}
PRIVATE = {"id": 501, "type": "private", "first_name": "Carla"}
GROUP = {"id": -100200300, "type": "supergroup", "title": "Vertrieb"}


def update(kind: str = "message", user: dict[str, Any] = CARLA, **message: Any) -> Update:
    content = {"message_id": 7, "date": 1764061200, "chat": PRIVATE, "from": user, **message}
    found = Update.de_json({"update_id": 9, kind: content}, None)
    assert found is not None
    return found


def read(kind: str = "message", **message: Any) -> Parsed:
    return parse(update(kind, **message), ME)


def said(kind: str = "message", **message: Any) -> Said:
    parsed = read(kind, **message)
    assert isinstance(parsed, Said), parsed
    return parsed


def entity(kind: str, offset: int, length: int, **more: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "offset": offset, "length": length, **more}]


def test_a_message_names_bot_chat_and_person() -> None:
    message = said(text="VPN geht nicht")
    assert message.origin.place == Place(4711, 501)
    assert message.origin.place.thread_key == "4711:501"
    assert message.origin.sender == Address("telegram", "501", "Carla Neumann")
    assert (message.origin.language, message.text) == ("de", "VPN geht nicht")
    assert (message.dedupe_key, message.external_id, message.is_revision) == ("4711:501:7", "4711:501:7", False)


def test_the_same_person_at_another_bot_is_in_another_thread() -> None:
    other = parse(update(text="Hallo"), Me(815, "other_bot"))
    assert isinstance(other, Said)
    assert other.origin.place.thread_key != said(text="Hallo").origin.place.thread_key
    assert other.external_id != said(text="Hallo").external_id


def test_a_forum_s_topics_are_threads_of_their_own() -> None:
    place = said(chat=GROUP, text="@desk_bot x", entities=entity("mention", 0, 9), is_topic_message=True,
                 message_thread_id=33).origin.place  # fmt: skip
    assert place == Place(4711, -100200300, 33) == Place.of(place.thread_key)


@pytest.mark.parametrize(
    ("code", "expected"), [("de", "de"), ("de-CH", "de"), ("en-GB", "en"), ("fr", None), (None, None)]
)
def test_the_language_of_telegram_is_taken_where_we_speak_it(code: str | None, expected: str | None) -> None:
    user = {**CARLA, "language_code": code} if code else {k: v for k, v in CARLA.items() if k != "language_code"}
    assert said(text="x", user=user).origin.language == expected


def test_links_behind_words_are_not_lost() -> None:
    text = "👍 siehe hier, bitte"
    message = said(text=text, entities=entity("text_link", 9, 4, url="https://böse.example/"))
    assert message.text == "👍 siehe hier (https://böse.example/), bitte"


def test_a_quoted_message_is_kept_beside_the_words() -> None:
    answered = {"message_id": 3, "date": 1, "chat": PRIVATE, "from": CARLA, "text": "Schritt 1"}
    assert said(text="Hilft nicht", reply_to_message=answered).quoted == "Schritt 1"


# -- groups ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "shown"),
    [
        ("@desk_bot der Drucker!", {"entities": entity("mention", 0, 9)}, "der Drucker!"),
        ("Hallo @DESK_BOT, hilf", {"entities": entity("mention", 6, 9)}, "Hallo , hilf"),
        (
            "Desk hilf",
            {"entities": entity("text_mention", 0, 4, user={"id": 4711, "is_bot": True, "first_name": "Desk"})},
            "Desk hilf",
        ),
        (
            "Geht nicht",
            {
                "reply_to_message": {
                    "message_id": 1,
                    "date": 1,
                    "chat": GROUP,
                    "from": {"id": 4711, "is_bot": True, "first_name": "Desk"},
                    "text": "Bitte neu starten",
                }
            },
            "Geht nicht",
        ),
        ("/drucker@desk_bot kaputt", {"entities": entity("bot_command", 0, 17)}, "/drucker kaputt"),
    ],
)
def test_in_a_group_what_is_addressed_to_the_bot_is_taken(text: str, message: dict[str, Any], shown: str) -> None:
    assert said(chat=GROUP, text=text, **message).text == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Mittagessen?", {}),
        ("@other_bot hilf", {"entities": entity("mention", 0, 10)}),
        ("/status@other_bot", {"entities": entity("bot_command", 0, 17)}),
        ("/drucker", {"entities": entity("bot_command", 0, 8)}),
    ],
)
def test_in_a_group_everything_else_is_left_alone(text: str, message: dict[str, Any]) -> None:
    parsed = read(chat=GROUP, text=text, **message)
    assert isinstance(parsed, Passed) and parsed.reason == "not addressed to the bot"


def test_a_mention_below_a_picture_counts() -> None:
    photo = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
    message = said(chat=GROUP, photo=photo, caption="@desk_bot das hier", caption_entities=entity("mention", 0, 9))
    assert message.text == "das hier" and message.files


def test_an_anonymous_admin_speaks_as_the_group() -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    mention = entity("mention", 0, 9)
    message = said(chat=GROUP, sender_chat=GROUP, text="@desk_bot x", entities=mention, user=anonymous)
    assert message.origin.sender == Address("telegram", "-100200300", "Vertrieb")


def test_other_machines_and_channels_are_not_people() -> None:
    machine = {"id": 9, "is_bot": True, "first_name": "Robot"}
    assert isinstance(read(text="x", user=machine), Passed)
    assert isinstance(read(text="x", chat={"id": -1, "type": "channel", "title": "News"}), Passed)


# -- commands, buttons, events --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"), [("/start", "start"), ("/STATUS jetzt", "status"), ("/human@desk_bot", "human")]
)
def test_commands(text: str, name: str) -> None:
    parsed = read(text=text, entities=entity("bot_command", 0, len(text.split()[0])))
    assert isinstance(parsed, Command) and parsed.name == name


def test_what_only_looks_like_a_command_is_a_message() -> None:
    assert said(text="/drucker geht nicht", entities=entity("bot_command", 0, 8)).text == "/drucker geht nicht"
    assert said(text="siehe /start", entities=entity("bot_command", 6, 6)).text == "siehe /start"


def test_a_button() -> None:
    query = {
        "id": "77",
        "from": CARLA,
        "chat_instance": "1",
        "data": "c:5:1",
        "message": {"message_id": 8, "date": 0, "chat": PRIVATE},
    }
    found = Update.de_json({"update_id": 9, "callback_query": query}, None)
    assert found is not None
    parsed = parse(found, ME)
    assert isinstance(parsed, Pressed)
    assert (parsed.query_id, parsed.message_id, parsed.data) == ("77", 8, "c:5:1")
    assert parsed.origin.place == Place(4711, 501)


@pytest.mark.parametrize(
    "event",
    [
        {"new_chat_members": [CARLA]},
        {"left_chat_member": CARLA},
        {"new_chat_title": "Neu"},
        {"group_chat_created": True},
        {"pinned_message": {"message_id": 1, "date": 1, "chat": PRIVATE, "text": "x"}},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}},
    ],
)
def test_events_are_no_messages(event: dict[str, Any]) -> None:
    assert isinstance(read(**event), Passed)


def test_a_group_that_became_a_supergroup_has_moved() -> None:
    parsed = read(chat={"id": -5, "type": "group", "title": "x"}, migrate_to_chat_id=-1005)
    assert isinstance(parsed, Moved)
    assert (parsed.old.thread_key, parsed.new.thread_key) == ("4711:-5", "4711:-1005")


def test_a_new_version_belongs_to_its_message() -> None:
    first, second = said(text="a"), said("edited_message", text="b", edit_date=1764061300)
    assert second.is_revision and second.external_id == first.external_id
    assert second.dedupe_key != first.dedupe_key
    command = read("edited_message", text="/start", entities=entity("bot_command", 0, 6), edit_date=1764061300)
    moved = read("edited_message", location={"latitude": 1, "longitude": 2, "live_period": 60}, edit_date=1764061300)
    assert isinstance(command, Passed) and isinstance(moved, Passed)


# -- contents -------------------------------------------------------------------------------------------------------

FILE = {"file_id": "id", "file_unique_id": "u", "file_size": 10}
PICTURE = {**FILE, "width": 1, "height": 1}
POLL = {
    "id": "1",
    "question": "Wann?",
    "options": [{"text": day, "voter_count": 0, "persistent_id": day} for day in ("Mo", "Di")],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        ({"document": {**FILE, "file_name": "../a/Rechnung.pdf", "mime_type": "application/pdf"}}, "Rechnung.pdf",
         "application/pdf"),
        ({"document": FILE}, "document-7.bin", "application/octet-stream"),
        ({"voice": {**FILE, "duration": 3, "mime_type": "audio/ogg"}}, "voice-7.ogg", "audio/ogg"),
        ({"video_note": {**FILE, "duration": 3, "length": 9}}, "video-note-7.mp4", "video/mp4"),
        ({"audio": {**FILE, "duration": 3, "file_name": "x.m4a", "mime_type": "audio/mp4"}}, "x.m4a", "audio/mp4"),
        ({"animation": {**PICTURE, "duration": 3}, "document": FILE}, "animation-7.mp4", "video/mp4"),
    ],
)  # fmt: skip
def test_files(content: dict[str, Any], name: str, media_type: str) -> None:
    message = said(**content)
    [file] = message.files
    assert (file.name, file.media_type, message.extras) == (name, media_type, ())


def test_of_a_picture_the_largest_that_may_be_fetched() -> None:
    sizes = [(90, 1000), (800, 50_000), (4000, 30_000_000)]
    photo = [
        {"file_id": str(width), "file_unique_id": str(width), "width": width, "height": width, "file_size": size}
        for width, size in sizes
    ]
    assert said(photo=photo).files[0].id == "800"


@pytest.mark.parametrize(
    ("content", "german"),
    [
        ({"location": {"latitude": 52.52, "longitude": 13.405}}, "[Standort: 52.52000, 13.40500"),
        (
            {
                "venue": {"location": {"latitude": 1, "longitude": 2}, "title": "Werk {2}", "address": "Hof 1"},
                "location": {"latitude": 1, "longitude": 2},
            },
            "[Ort: Werk {2}, Hof 1",
        ),
        ({"contact": {"first_name": "Ben", "phone_number": "+49 30 1"}}, "[Kontakt: Ben, +49 30 1]"),
        (
            {"sticker": {**FILE, "width": 1, "height": 1, "is_animated": False, "is_video": False, "type": "regular",
                         "emoji": "🖨"}},
            "[Sticker: 🖨]",
        ),
        (
            {"poll": POLL},
            "[Umfrage: Wann? – Mo / Di]",
        ),
        ({"dice": {"emoji": "🎲", "value": 4}}, "[🎲 zeigt 4]"),
        ({"game": {"title": "x", "description": "y", "photo": []}}, "[Etwas, das nur in Telegram zu sehen ist]"),
        ({"something_telegram_invents_next_year": {"a": 1}}, "[Etwas, das nur in Telegram zu sehen ist]"),
    ],
)  # fmt: skip
def test_what_a_ticket_can_only_name_is_named(content: dict[str, Any], german: str) -> None:
    message = said(**content)
    assert message.text == "" and message.files == ()
    assert words.describe("de", message.extras).startswith(german)
    assert words.describe("en", message.extras).startswith("[")


def test_who_wrote_what_is_passed_on_is_said() -> None:
    origin = {"type": "user", "date": 1, "sender_user": {"id": 1, "is_bot": False, "first_name": "Chef"}}
    message = said(text="Bitte lösen", forward_origin=origin)
    assert message.text == "Bitte lösen"
    assert [(extra.what, extra.values["name"]) for extra in message.extras] == [(What.FORWARDED, "Chef")]
    hidden = said(text="x", forward_origin={"type": "hidden_user", "date": 1, "sender_user_name": "Anonym"})
    assert words.describe("de", hidden.extras) == "[Weitergeleitet von Anonym]"


@pytest.mark.parametrize("raw", [{}, {"message": 3}, {"callback_query": {"message": None}}, {"message": {"chat": {}}}])
def test_the_chat_of_anything(raw: dict[str, Any]) -> None:
    assert chat_of(raw) == 0


def test_of_what_the_library_cannot_read_the_words_remain() -> None:
    content = {
        "message_id": 7,
        "date": 1,
        "chat": PRIVATE,
        "from": CARLA,
        "caption": "Siehe Umfrage",
        "poll": {"id": "1"},
    }
    raw = {"update_id": 9, "message": {**content, "reply_to_message": {**content, "message_id": 6}}}
    with pytest.raises(TypeError):
        Update.de_json(raw, None)
    found = Update.de_json(bare(raw), None)
    assert found is not None
    message = parse(found, ME)
    assert isinstance(message, Said) and message.text == "Siehe Umfrage" and message.external_id == "4711:501:7"
