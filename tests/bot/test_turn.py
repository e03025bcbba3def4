"""One turn at a time: what the bot decides, on the shipped content and on parses set by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.answers import Hit
from bot.content import View
from bot.turn import decide
from bot.values import Search, Turn
from core.knowledge.articles import ArticleText
from core.tickets.calendar import DAYS, calendar
from core.tickets.facts import Facts, Queue
from core.values import Decision, InboxStyle, ResolutionCode, Status
from nlu.engine import Entity, Parse
from tests.desk.model import MODELS

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
OPEN = calendar("Europe/Berlin", dict.fromkeys(DAYS, ("00:00-24:00",)))
CLOSED = calendar("Europe/Berlin", {"tue": ("08:00-17:00",)})
FACTS = Facts(
    ticket_id=1,
    number="FL-1001",
    status=Status.NEW,
    level=0,
    intent=None,
    language="de",
    style=InboxStyle.DIALOGUE,
    state={},
    requester_name="",
    vip=False,
    organization_id=None,
    organization=None,
    has_mail_address=False,
    text="",
    payload=None,
    subject="",
    attachments=0,
    said_anything=False,
    tickets=(),
    trouble=(),
    queues={
        "service-desk": Queue("Service Desk", 1, 2),
        "security": Queue("Sicherheit", 2, 0),
        "network": Queue("Netzwerk-Experten", 3, 4),
    },
    team="service-desk",
    is_taken=False,
    usual_wait=timedelta(minutes=8),
)
ARTICLE = ArticleText("gast", "de", "Gäste-WLAN", "Für Besuch.", "## So\n1. Fragen.\n2. Verbinden.", (), (), "", id=7)


def parse(intent: str | None, confidence: float = 0.95, **changes: Any) -> Parse:
    values: dict[str, Any] = {
        "text": "",
        "intent": intent,
        "confidence": confidence,
        "fallback": intent is None,
        "ambiguous": False,
        "ranking": ((intent, confidence), ("greet", 0.01)) if intent else (),
        "entities": (),
        "language": "de",
    }
    return Parse(**{**values, **changes})


class Talk:
    """A conversation turn after turn, as the worker holds it."""

    def __init__(self, **facts: Any) -> None:
        self.facts = replace(FACTS, **facts)
        self.view: View = MODELS.content.common
        self.calendar = OPEN
        self.hits: tuple[Hit, ...] = ()

    def says(self, text: str, *parses: Parse, payload: str | None = None) -> Decision:
        facts = replace(self.facts, text=text, payload=payload)
        turn = Turn(facts, parses, self.view, self.calendar, NOW, "Service Desk")
        decision = decide(turn)
        if isinstance(decision, Search):
            decision = decide(replace(turn, hits=self.hits))
        assert isinstance(decision, Decision)
        self.facts = replace(
            self.facts, state=decision.state, intent=decision.intent or self.facts.intent, said_anything=True
        )
        return decision


def words(decision: Decision) -> str:
    return "\n".join(reply.text for reply in decision.replies)


def test_a_guided_flow_goes_step_by_step_to_solved() -> None:
    talk = Talk()
    first = talk.says("VPN geht nicht", parse("vpn_problem"))
    assert "Hat das geholfen?" in words(first) and first.handoff is None
    assert [choice.title for choice in first.replies[-1].choices] == ["Gelöst", "Noch nicht"]
    second = talk.says("nein", parse("deny"))
    assert words(second) != words(first)
    assert talk.says("jetzt geht es", parse("affirm")).resolve is ResolutionCode.SELF_RESOLUTION


def test_when_nothing_helps_people_get_everything() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    for _ in range(3):
        last = talk.says("nein", parse("deny"))
    assert "VPN-Programm" in words(last)
    talk.says("FortiClient", parse(None), payload="/SetSlots(vpn_client=forticlient)")
    error = Entity("error_code", "691", 7, 10, "691")
    handed = talk.says("Fehler 691", parse("vpn_problem", entities=(error,))).handoff
    assert handed is not None
    assert [one["value"] for one in handed.packet["collected"]] == ["forticlient", "691"]
    assert len(handed.packet["tried"]) == 3
    assert handed.packet["summary"]["de"].startswith("VPN: „VPN geht nicht“")


@pytest.mark.parametrize(
    ("intent", "team"),
    [("phishing_report", "security"), ("internet_outage", "network"), ("talk_to_human", None), ("complaint", None)],
)
def test_some_matters_go_to_people_at_once(intent: str, team: str | None) -> None:
    decision = Talk().says("…", parse(intent))
    assert decision.handoff is not None and decision.handoff.team == team


def test_a_vip_is_handed_over_at_once() -> None:
    assert Talk(vip=True).says("Drucker", parse("printer_problem")).handoff is not None


def test_a_switched_off_intent_goes_to_people() -> None:
    talk = Talk()
    off = replace(talk.view.intents["vpn_problem"], enabled=False)
    talk.view = replace(talk.view, intents={**talk.view.intents, "vpn_problem": off})
    handed = talk.says("VPN", parse("vpn_problem")).handoff
    assert handed is not None and handed.reason == "switched_off"


def test_unsure_between_two_it_asks() -> None:
    talk = Talk()
    two = parse("wifi_problem", 0.5, ambiguous=True, ranking=(("wifi_problem", 0.5), ("vpn_problem", 0.45)))
    asked = talk.says("komme nicht ins Netz", two)
    assert [choice.title for choice in asked.replies[0].choices] == ["WLAN", "VPN", "Etwas anderes"]
    assert talk.says("VPN", parse(None), payload="/topic:vpn_problem").intent == "vpn_problem"


def test_nothing_fits_and_it_looks_it_up() -> None:
    talk = Talk()
    talk.hits = (Hit(ARTICLE, 0.8, 0.4),)
    offered = talk.says("Besuch ins Netz", parse(None))
    assert "1. Fragen." in words(offered) and offered.replies[0].meta == {"article": "gast"}
    assert talk.says("super", parse("affirm")).resolve is ResolutionCode.SELF_RESOLUTION


def test_two_misses_and_people_take_over() -> None:
    talk = Talk()
    assert talk.says("blub", parse(None)).handoff is None
    assert talk.says("blubber", parse(None)).handoff is not None


def test_a_change_of_topic_is_followed() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    changed = talk.says("egal, der Drucker streikt", parse("printer_problem"))
    assert changed.intent == "printer_problem" and "Drucker" in words(changed)


def test_two_problems_become_two_topics() -> None:
    talk = Talk()
    both = talk.says("VPN geht nicht, und der Monitor ist schwarz", parse("vpn_problem"), parse("screen_problem"))
    assert both.replies[0].text.startswith("Zuerst zu „VPN“. Um „Bildschirm“ kümmern wir uns")
    after = talk.says("geht wieder", parse("affirm"))
    assert after.resolve is None and "Bildschirm" in words(after)


def test_small_talk_is_answered_and_the_question_stays() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    answer = talk.says("Bist du ein Mensch?", parse("bot_challenge"))
    assert "Programm" in words(answer) and "Hat das geholfen?" in words(answer)


def test_a_settled_matter_is_closed() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    assert talk.says("hat sich erledigt", parse("ticket_close")).resolve is not None


def test_the_person_hears_what_happens_next_and_when() -> None:
    talk = Talk()
    assert "Nummer 3" in words(talk.says("Mensch bitte", parse("talk_to_human")))
    talk = Talk()
    talk.calendar = CLOSED
    assert "Dienstag, 24. November, 08:00 Uhr" in words(talk.says("Mensch bitte", parse("talk_to_human")))


def test_what_goes_to_another_team_names_it_and_its_own_queue() -> None:
    said = words(Talk().says("Internet weg", parse("internet_outage")))
    assert "beim Team „Netzwerk-Experten“, an Stelle 5" in said and "Service Desk" not in said
    letter = words(Talk(style=InboxStyle.LETTER).says("Phishing!", parse("phishing_report")))
    assert "Das Team „Sicherheit“" in letter and "im Service Desk" not in letter


def test_a_call_back_can_be_asked_for() -> None:
    number = Entity("phone_number", "+4915123456789", 0, 5, "0151")
    decision = Talk().says("Rufen Sie um 15 Uhr an, 0151 23456789", parse("talk_to_human", entities=(number,)))
    assert decision.callback_at is not None
    assert decision.callback_at.astimezone(OPEN.zone).hour == 15


def test_an_address_in_the_chat_is_kept() -> None:
    email = Entity("email", "Carla@Alpha.example", 0, 5, "…")
    decision = Talk(level=1).says("carla@alpha.example", parse(None, entities=(email,)))
    assert decision.contact is not None and decision.contact.value == "carla@alpha.example"
    assert decision.replies == ()


def test_handed_back_it_goes_on_where_it_was_told() -> None:
    talk = Talk(intent="software_install_request", state={"resume": {"ask": "asset_tag"}})
    assert "Inventarnummer" in words(talk.says("", *()))


def test_thanks_after_the_end_change_nothing_and_a_new_problem_is_a_new_ticket() -> None:
    done = {"status": Status.RESOLVED, "intent": "vpn_problem"}
    thanked = Talk(**done).says("Danke!", parse("thank"))
    assert not thanked.reopen and not thanked.new_ticket
    assert Talk(**done).says("Drucker streikt", parse("printer_problem")).new_ticket
    assert Talk(**done).says("geht doch nicht", parse("deny")).handoff is not None


def test_a_cry_for_help_on_a_settled_matter_is_no_thanks() -> None:
    again = Talk(status=Status.RESOLVED, intent="vpn_problem").says("Ich brauche noch Hilfe", parse("ticket_close"))
    assert again.handoff is not None


def test_a_question_about_the_desk_opens_no_settled_matter() -> None:
    asked = Talk(status=Status.RESOLVED, intent="vpn_problem").says("Bist du echt?", parse("bot_challenge"))
    assert asked.handoff is None and not asked.reopen


def test_a_cry_for_help_without_a_matter_is_asked_what_it_is_about() -> None:
    asked = Talk().says("Ich brauche noch Hilfe", parse("ticket_close", 0.7))
    assert asked.resolve is None and asked.handoff is None and "Worum geht es" in words(asked)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ich probiere es", "Nehmen Sie sich gern Zeit"),
        ("ok mach ich, moment", "Nehmen Sie sich gern Zeit"),
        ("ja hab ich gemacht", "Gut. Hat es geholfen?"),
        ("wo genau unten rechts?", "Gemeint ist dieser Schritt: "),
        ("danke", "Gern geschehen! Hat es denn geholfen?"),
    ],
)
def test_who_is_still_at_a_step_is_asked_again_and_has_not_failed(text: str, said: str) -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    answer = talk.says(text, parse("affirm"))
    assert said in words(answer) and answer.resolve is None and answer.state["misses"] == 0
    assert [choice.title for choice in answer.replies[-1].choices][:2] == ["Gelöst", "Noch nicht"]
    assert talk.says("ja, geht", parse("affirm")).resolve is ResolutionCode.SELF_RESOLUTION


def test_who_asks_about_a_step_is_offered_a_person() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    assert talk.says("wo ist das?", parse(None)).replies[-1].choices[-1].payload == "/human"


@pytest.mark.parametrize("text", ["Ich brauche noch Hilfe", "Ja, gemacht, geht weiterhin net"])
def test_a_call_for_help_after_a_step_leads_to_the_next_one(text: str) -> None:
    talk = Talk()
    first = talk.says("VPN geht nicht", parse("vpn_problem"))
    answer = talk.says(text, parse("ticket_close"))
    assert answer.resolve is None and answer.state["step"] == first.state["step"] + 1


def test_an_answer_to_a_letter_that_is_no_yes_closes_nothing() -> None:
    talk = Talk(style=InboxStyle.LETTER)
    talk.says("Der Drucker druckt nicht.", parse("printer_problem"))
    trying = talk.says("Danke, ich probiere es gleich.", parse("thank"))
    assert trying.resolve is None and trying.handoff is None and trying.replies[0].offers_help
    assert talk.says("Ich brauche noch Hilfe.", parse("ticket_close")).handoff is not None


def test_a_letter_gets_one_good_proposal() -> None:
    talk = Talk(style=InboxStyle.LETTER, requester_name="Carla")
    proposal = talk.says("Der Drucker druckt nicht.", parse("printer_problem"))
    [letter] = proposal.replies
    assert letter.offers_help and "Guten Tag Carla!" in letter.text and "FL-1001" in letter.text
    assert "1. " in letter.text and "3. " in letter.text
    assert talk.says("Hilft nicht.", parse("deny")).handoff is not None


def test_a_letter_that_asks_for_something_is_answered_with_all_questions_at_once() -> None:
    [letter] = Talk(style=InboxStyle.LETTER).says("Bitte Visio", parse("software_install_request")).replies
    assert "Welche Software" in letter.text and "Inventarnummer" in letter.text


def test_english_is_answered_in_english() -> None:
    assert "Did that help?" in words(Talk().says("vpn down", parse("vpn_problem", language="en")))


def test_who_waits_for_people_hears_that_a_call_back_is_noted() -> None:
    number = Entity("phone_number", "+4915123456789", 0, 5, "0151")
    waiting = Talk(level=1, status=Status.OPEN)
    noted = waiting.says("Rufen Sie um 15 Uhr an, 0151 23456789", parse(None, entities=(number,)))
    assert noted.while_waiting and "Ist notiert. Wir rufen Sie zurück – 15:00 Uhr" in words(noted)


def test_who_waits_for_people_hears_their_place_once() -> None:
    waiting = Talk(level=1, status=Status.OPEN)
    told = waiting.says("wie lange dauert das??", parse("ticket_status"))
    assert told.while_waiting and "Nummer 3 in der Warteschlange von „Service Desk“" in words(told)
    assert not waiting.says("wie lange dauert das denn noch", parse("ticket_status")).replies


def test_who_waits_for_people_may_say_that_it_is_settled() -> None:
    settled = Talk(level=1, status=Status.OPEN).says("hat sich erledigt", parse("ticket_close"))
    assert settled.while_waiting and settled.resolve is ResolutionCode.WITHDRAWN and "erledigt" in words(settled)
    letter = Talk(level=1, status=Status.OPEN, style=InboxStyle.LETTER)
    assert letter.says("Gelöst.", parse("affirm"), payload="/solved").resolve is ResolutionCode.SELF_RESOLUTION


@pytest.mark.parametrize("text", ["hat sich erledigt", "wie lange dauert das?", "Drucker druckt nicht"])
def test_when_people_have_taken_the_ticket_the_bot_says_nothing(text: str) -> None:
    for style in InboxStyle:
        taken = Talk(level=1, status=Status.OPEN, is_taken=True, style=style)
        decision = taken.says(text, parse("ticket_close"))
        assert not decision.replies and decision.resolve is None and not decision.while_waiting


def test_still_needing_help_by_link_opens_a_settled_letter_again() -> None:
    talk = Talk(style=InboxStyle.LETTER, status=Status.RESOLVED, intent="printer_problem")
    assert talk.says("Ich brauche noch Hilfe.", parse("ticket_close"), payload="/not_yet").handoff is not None
    assert (
        Talk(level=1, status=Status.RESOLVED, style=InboxStyle.LETTER)
        .says("Ich brauche noch Hilfe.", parse("ticket_close"), payload="/not_yet")
        .reopen
    )
    again = talk.says("Gelöst.", parse("affirm"), payload="/solved")
    assert again.handoff is None and again.resolve is None


@pytest.mark.parametrize("text", ["hat sich erledigt", "Ticket kann zu"])
def test_a_settled_matter_is_closed_in_the_middle_of_a_form(text: str) -> None:
    talk = Talk()
    talk.says("Ich brauche Zugriff auf einen Ordner", parse("permission_request"))
    closed = talk.says(text, parse("ticket_close"))
    assert closed.resolve is ResolutionCode.WITHDRAWN and closed.handoff is None


def test_who_does_not_know_an_answer_is_asked_the_next_question() -> None:
    talk = Talk()
    first = talk.says("Ich brauche Zugriff auf einen Ordner", parse("permission_request"))
    skipped = talk.says("keine ahnung", parse(None))
    assert "Kein Problem" in words(skipped) and skipped.state["step"] == first.state["step"] + 1
    assert skipped.state["skipped"] and skipped.state["misses"] == 0


def test_a_question_back_is_answered_once_and_then_kept_as_the_answer() -> None:
    talk = Talk()
    first = talk.says("Ich brauche Zugriff auf einen Ordner", parse("permission_request"))
    back = talk.says("was kostet das denn?", parse(None))
    assert "Das kann ich Ihnen selbst nicht sagen" in words(back) and words(first) in words(back)
    assert back.state["slots"] == first.state["slots"]
    assert talk.says("na was kostet das?", parse(None)).state["step"] == first.state["step"] + 1


@pytest.mark.parametrize(
    "text",
    [
        "Das ist jetzt das DRITTE mal diese Woche dass das scheiß Outlook abstürzt, ich kotze gleich",
        *("😡😡😡", "fick dich", "du bist so dumm", "Outlook schon wieder tot!!!", "this fucking printer"),
    ],
)
def test_anger_goes_to_a_person_at_once(text: str) -> None:
    for style in InboxStyle:
        handed = Talk(style=style).says(text, parse("bot_challenge", fallback=True)).handoff
        assert handed is not None and handed.reason == "complaint"


def test_anger_keeps_what_it_is_about() -> None:
    unsure = parse("email_problem", 0.5, ambiguous=True)
    decision = Talk().says("das scheiß Outlook stürzt ab", unsure)
    assert decision.intent == "email_problem" and decision.handoff is not None
    assert decision.handoff.packet["intents"][0]["intent"] == "email_problem"


@pytest.mark.parametrize("text", ["So ein Mist, VPN geht nicht", "Hilfe!!! VPN geht nicht", "Scheiße, VPN vergessen"])
def test_a_sigh_is_no_anger(text: str) -> None:
    assert Talk().says(text, parse("vpn_problem")).handoff is None


def test_known_trouble_is_told_of_what_was_asked_only() -> None:
    talk = Talk(trouble=("vpn_problem",))
    sap = talk.says("Ist gerade eine Störung bei SAP bekannt?", parse("service_status"))
    assert "„ERP oder SAP“ ist mir zurzeit nichts bekannt" in words(sap) and "VPN" not in words(sap)
    assert sap.replies[0].choices[0].payload == "/topic:erp_problem"
    assert "Ja, gerade melden mehrere Personen" in words(talk.says("Ist das VPN gestört?", parse("service_status")))
    assert "VPN" in words(talk.says("Gibt es gerade Störungen?", parse("service_status")))


def test_opening_hours_are_said_for_the_week_and_for_a_day() -> None:
    talk = Talk()
    talk.calendar = calendar("Europe/Berlin", {**dict.fromkeys(DAYS[:4], ("08:00-17:00",)), "fri": ("08:00-14:00",)})
    asked = parse("ask_opening_hours")
    assert "Mo–Do 08:00–17:00 Uhr, Fr 08:00–14:00 Uhr" in words(talk.says("Wann seid ihr erreichbar?", asked))
    assert "Samstag, 28. November: Da ist der Service Desk nicht" in words(talk.says("und am Samstag?", asked))
    assert "Freitag, 27. November: Der Service Desk ist 08:00–14:00 Uhr" in words(talk.says("und freitags?", asked))
    english = parse("ask_opening_hours", language="en")
    assert "Mon–Thu 08:00–17:00" in words(talk.says("when are you there?", english))


def test_who_says_goodbye_in_the_middle_is_not_asked_again() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    assert "Hat das geholfen?" not in words(talk.says("tschüss", parse("goodbye")))
    assert talk.says("ja, geht", parse("affirm")).resolve is ResolutionCode.SELF_RESOLUTION


def test_a_letter_about_several_problems_gets_the_steps_for_each() -> None:
    talk = Talk(style=InboxStyle.LETTER)
    [letter] = talk.says("Headset stumm und Monitor schwarz", parse("audio_problem"), parse("screen_problem")).replies
    assert "„Ton oder Headset“" in letter.text and "Und bei „Bildschirm“:" in letter.text and letter.offers_help
    handed = talk.says("Ich brauche noch Hilfe.", parse("deny"), payload="/not_yet").handoff
    assert handed is not None and len(handed.packet["tried"]) == 6


def test_a_letter_about_several_matters_that_people_must_do_names_them_all() -> None:
    letter = Talk(style=InboxStyle.LETTER).says("…", parse("audio_problem"), parse("license_problem"))
    assert letter.handoff is not None and "„Ton oder Headset“ und „Lizenz“" in words(letter)
    assert letter.handoff.packet["topics"] == [{"de": "Lizenz", "en": "Licence"}]


def test_a_second_matter_that_cannot_wait_goes_first() -> None:
    for style in InboxStyle:
        said = Talk(style=style).says("VPN geht nicht, Laptop weg", parse("vpn_problem"), parse("device_lost_stolen"))
        assert said.handoff is not None and said.handoff.team == "security" and said.intent == "device_lost_stolen"
        assert said.handoff.packet["topics"] == [{"de": "VPN", "en": "VPN"}]


@pytest.mark.parametrize("text", ["Doch nicht, geht wieder nicht.", "funktioniert nur teilweise"])
def test_who_takes_it_back_opens_the_matter_again(text: str) -> None:
    for style in InboxStyle:
        back = Talk(status=Status.RESOLVED, intent="vpn_problem", style=style).says(text, parse("ticket_close"))
        assert back.handoff is not None


def test_a_question_about_the_ticket_in_a_flow_leaves_the_step_open() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    told = talk.says("wie weit ist mein Ticket?", parse("ticket_status"))
    assert "Hat das geholfen?" in words(told)
    assert talk.says("klappt", parse("affirm")).resolve is ResolutionCode.SELF_RESOLUTION


@pytest.mark.parametrize("text", ["ty", "👍", "danke euch"])
def test_mere_thanks_on_a_settled_matter_bother_nobody(text: str) -> None:
    for style in InboxStyle:
        said = Talk(status=Status.RESOLVED, intent="vpn_problem", style=style).says(text, parse(None))
        assert said.handoff is None and not said.reopen


def test_solved_in_a_step_is_credited_to_the_step() -> None:
    talk = Talk()
    talk.says("VPN geht nicht", parse("vpn_problem"))
    assert talk.says("gelöst!", parse("ticket_close")).resolve is ResolutionCode.SELF_RESOLUTION


def test_a_yes_to_nothing_hands_nothing_over() -> None:
    assert Talk(intent="vpn_problem").says("genau", parse("affirm")).handoff is None
