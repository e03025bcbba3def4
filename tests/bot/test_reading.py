"""What words say to *did that help?*: a wrong yes would close the ticket of somebody who still needs help."""

from __future__ import annotations

import pytest

from bot.reading import Answer, asks, did_it_help, does_not_know, yes_or_no
from nlu.engine import Parse


def _parse(intent: str | None = None) -> Parse:
    return Parse("", intent, 0.99, intent is None, False, (), (), "de")


@pytest.mark.parametrize(
    "text",
    [
        *("Ich brauche noch Hilfe", "I still need help", "I need more help"),
        *("ich probiere es", "ok mach ich, moment", "ok, will try", "ok", "danke, probiere ich gleich"),
        *("ja hab ich gemacht", "Ja, gemacht, geht weiterhin net", "yes I did that already", "done"),
        *("ja klar, als ob das was bringen würde", "ja aber geht trotzdem nicht", "ja, wenn das mal hilft"),
        *("wo genau unten rechts?", "how do I do that?", "Wie mache ich das", "Ja wo denn?"),
    ],
)
def test_what_is_no_yes_is_none_however_sure_the_model_is(text: str) -> None:
    assert did_it_help(text, _parse("affirm"), sure=True) is not Answer.HELPED


@pytest.mark.parametrize(
    "text",
    [
        *("ja", "Yes!", "ja danke", "jo passt", "super", "perfekt, danke", "Solved", "gelöst", "jetzt ja"),
        *("ja, nach dem Router-Neustart geht es wieder", "jetzt geht es", "ok, geht wieder"),
        *("yes, all good now", "Thanks, that worked", "Super, danke, hat geklappt!", "ja, neues Passwort geht"),
    ],
)
def test_good_news_is_understood_without_the_model(text: str) -> None:
    assert did_it_help(text, _parse(), sure=False) is Answer.HELPED


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Ich brauche noch Hilfe", Answer.NOT_HELPED),
        ("Ja, gemacht, geht weiterhin net", Answer.NOT_HELPED),
        ("geht immer noch nicht", Answer.NOT_HELPED),
        ("it doesn't work", Answer.NOT_HELPED),
        ("so einen Knopf habe ich gar nicht", Answer.NOT_HELPED),
        ("ok mach ich, moment", Answer.TRYING),
        ("ja hab ich gemacht", Answer.DONE),
        ("vielen Dank", Answer.THANKS),
        ("wo genau unten rechts?", Answer.QUESTION),
        ("never mind, sorted, you can close the ticket", Answer.SETTLED),
        ("hat sich erledigt", Answer.SETTLED),
        ("ja klar, als ob das was bringen würde", Answer.DONE),
    ],
)
def test_each_answer_is_told_from_the_others(text: str, answer: Answer) -> None:
    assert did_it_help(text, _parse("affirm"), sure=True) is answer


@pytest.mark.parametrize("text", ["joar mei", "yeah right", "Jein", "I guess", "ja melden", "funktioniert teilweise"])
def test_the_model_s_yes_alone_closes_nothing(text: str) -> None:
    assert did_it_help(text, _parse("affirm"), sure=True) is not Answer.HELPED


def test_the_same_complaint_once_more_means_that_it_did_not_help() -> None:
    assert did_it_help("VPN", _parse("vpn_problem"), sure=True, is_same_matter=True) is Answer.NOT_HELPED


def test_a_plain_question_takes_a_plain_yes_or_no() -> None:
    assert yes_or_no("ja, alle im Büro", _parse(), sure=False) is True
    assert yes_or_no("nee, nur ich", _parse(), sure=False) is False
    assert yes_or_no("danke", _parse("thank"), sure=True) is None
    assert yes_or_no("welche Kollegen?", _parse("affirm"), sure=True) is None


def test_who_does_not_know_and_who_asks_back_are_told_apart() -> None:
    assert does_not_know("keine Ahnung") and does_not_know("weiß ich leider nicht") and does_not_know("no idea")
    assert not does_not_know("keine") and not does_not_know("Fehler 691")
    assert asks("was kostet das denn?") and asks("warum fragt ihr das") and not asks("NB-20417")
