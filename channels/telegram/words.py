"""What the adapter itself says, in the person's language: consent, how things stand, what cannot be shown. Pure.

Each is looked up by a language's tag (``core.values.spoken``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from channels.telegram.contents import Extra, What
from channels.telegram.parse import COMMANDS
from core.conversations import Standing
from core.values import Status
from web.languages import translator


def consent(language: str, desk: str, own: str = "", privacy_url: str = "") -> str:
    """What somebody reads before they write for the first time. ``own`` is the admin's text in place of ours."""
    _ = translator(language)
    body = own or _(
        "Hello! I am the digital assistant of {desk}. Tell me in your own words what does not work or what you need: "
        "I help at once, or bring in a colleague.\n\n"
        "So that we can work on it, we keep your messages and files and your name on Telegram as a ticket. Telegram, "
        "which carries them, is not under our control: please send no passwords and nothing confidential. By writing "
        "here you agree to this. If you would rather not, please reach us another way."
    ).format(desk=desk)
    more = [_("How we treat your data: {url}").format(url=privacy_url)] if privacy_url else []
    menu = "\n".join(f"/{command} – {title}" for command, title in commands(language))
    return "\n\n".join([body, *more, menu])


def commands(language: str) -> list[tuple[str, str]]:
    """The menu: each command and what it does."""
    _ = translator(language)
    titles = {
        "status": _("How it stands with your requests"),
        "human": _("Talk to a person"),
        "language": _("Choose the language"),
        "help": _("What this bot does and what it keeps"),
    }
    return [(command, titles[command]) for command in (*COMMANDS[2:], "help")]


def standings(language: str, found: Sequence[Standing]) -> str:
    """How it stands with somebody's last requests."""
    _ = translator(language)
    if not found:
        return _("You have no request with us yet. Just write what it is about.")
    return "\n\n".join(f"{one.number} – {one.subject}\n{_standing(language, one)}" for one in found)


def _standing(language: str, one: Standing) -> str:
    _ = translator(language)
    if one.status in (Status.RESOLVED, Status.CLOSED):
        return _("Done. If it is not, simply write again.")
    if one.status is Status.PENDING:
        return _("We are waiting for your answer.")
    if one.status is Status.ON_HOLD:
        return _("We are waiting for somebody we need for it.")
    if one.level == 0:
        return _("We are working on it together, you and I.")
    if one.agent:
        return _("{name} is taking care of it.").format(name=one.agent)
    return _("It is with our people. Somebody will answer you here.")


def wish_for_a_person(language: str) -> str:
    """What ``/human`` means, as if the person had said it."""
    _ = translator(language)
    return _("I would like to talk to a person.")


def already_with_people(language: str, one: Standing) -> str:
    _ = translator(language)
    return _("Your request {number} is with our people already. Somebody will answer you here.").format(
        number=one.number
    )


def ask_language(language: str) -> str:
    _ = translator(language)
    return _("Which language shall we speak?")


def language_chosen(language: str) -> str:
    _ = translator(language)
    return _("From now on I answer in English.")


def too_old(language: str) -> str:
    """Said over a button that leads nowhere."""
    _ = translator(language)
    return _("This button does not work any more. Please write what you mean.")


def already_answered(language: str, title: str) -> str:
    _ = translator(language)
    return _("You have answered this already: {answer}").format(answer=title)


def file_too_large(language: str, name: str) -> str:
    _ = translator(language)
    return _(
        "I could not take the file “{name}”: Telegram lets a bot fetch 20 MB and no more. Please send a smaller one, "
        "or reach us another way."
    ).format(name=name)


def describe(language: str, extras: Iterable[Extra]) -> str:
    """What stands in the message for what a ticket can only name, one line each."""
    return "\n".join(_template(language, extra.what).format(**extra.values) for extra in extras)


def _template(language: str, what: What) -> str:
    _ = translator(language)
    return {
        What.LOCATION: _(
            "[Location: {latitude}, {longitude} – "
            "https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=17/{latitude}/{longitude}]"
        ),
        What.VENUE: _("[Place: {title}, {address} – {latitude}, {longitude}]"),
        What.CONTACT: _("[Contact: {name}, {phone}]"),
        What.STICKER: _("[Sticker: {emoji}]"),
        What.POLL: _("[Poll: {question} – {options}]"),
        What.DICE: _("[{emoji} shows {value}]"),
        What.FORWARDED: _("[Forwarded from {name}]"),
        What.TOO_LARGE: _(
            "[The file “{name}” ({size} MB) is too large to be fetched from Telegram, which allows 20 MB.]"
        ),
        What.UNAVAILABLE: _("[The file “{name}” could not be fetched from Telegram.]"),
        What.OTHER: _("[Something that can only be seen in Telegram]"),
    }[what]
