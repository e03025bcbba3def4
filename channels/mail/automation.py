"""Whether a machine wrote a mail, and of what kind: such mail must never be answered by one (RFC 3834). Pure."""

from __future__ import annotations

import re

from channels.mail.headers import Headers
from core.values import Automation

_ROBOTS = re.compile(r"(mailer-daemon|mail-daemon|noreply-bounce|bounces?)[@+]", re.IGNORECASE)
_BOUNCE_SUBJECTS = re.compile(
    r"(undeliver(able|ed)|delivery (status notification|failure|has failed)|returned mail|mail delivery (failed|system)"
    r"|failure notice|unzustellbar|nicht zustellbar|zustellung fehlgeschlagen|mail delivery subsystem"
    r"|delayed mail|warning: message .{1,60} delayed|nachricht (konnte )?nicht zugestellt)",
    re.IGNORECASE,
)
_ABSENCE_SUBJECTS = re.compile(
    r"(automatische antwort|automatic reply|auto(matic)?[ -]?reply|out[ -]of[ -](the[ -])?office|abwesenheits\w+"
    r"|réponse automatique|absence du bureau|risposta automatica|respuesta automática|fuera de la oficina"
    r"|automatisch antwoord|afwezig\w*|automatisk svar|autosvar|frånvaro\w*|fravær\w*|automatyczna odpowiedź)\b",
    re.IGNORECASE,
)
_LISTS = ("bulk", "list", "junk")


def automation(
    headers: Headers, sender: str, envelope_sender: str | None, own: frozenset[str], is_report: bool
) -> Automation | None:
    """Why a machine must not answer (RFC 3834, RFC 2919, RFC 2369, RFC 3464 and the habits of mail servers)."""
    submitted = headers.text("auto-submitted").lower()
    precedence = headers.text("precedence").lower()
    subject = headers.text("subject")[:300]
    nobody = envelope_sender == "" or headers.text("return-path") == "<>"
    is_absence = submitted.startswith("auto-replied") or _is_absence(headers, subject, precedence, nobody)
    if sender in own:
        return Automation.OWN_ADDRESS
    if is_report or _is_bounce(headers, sender, subject, nobody, is_absence):
        return Automation.BOUNCE
    if is_absence or (submitted not in ("", "no") and "in-reply-to" in headers):
        return Automation.AUTO_REPLY
    # What has no return path is never to be answered; scanners and monitors send like this, and people must see it.
    is_machine = nobody or submitted not in ("", "no") or precedence in _LISTS
    if is_machine or _is_list(headers) or _wants_no_answer(headers):
        return Automation.LIST
    return None


def _is_absence(headers: Headers, subject: str, precedence: str, nobody: bool) -> bool:
    if any(name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-reply-from")):
        return True
    # People write to a service desk about their absence notes: the subject alone says nothing.
    is_answer = nobody or "in-reply-to" in headers or "references" in headers
    return precedence == "auto_reply" or (is_answer and _ABSENCE_SUBJECTS.match(subject) is not None)


def _is_bounce(headers: Headers, sender: str, subject: str, nobody: bool, is_absence: bool) -> bool:
    if "x-failed-recipients" in headers:
        return True
    says_so = _BOUNCE_SUBJECTS.search(subject) is not None
    if _ROBOTS.match(sender):
        return says_so or not is_absence
    if sender.startswith("postmaster@") and says_so:
        return True
    return nobody and says_so and not is_absence


def _is_list(headers: Headers) -> bool:
    return any(name in headers for name in ("list-id", "list-unsubscribe", "list-post", "feedback-id"))


def _wants_no_answer(headers: Headers) -> bool:
    """Exchange's way to say so ([MS-OXCMAIL], 2.2.3.2.14), and the older one of mail programs."""
    wishes = {one.strip() for one in headers.text("x-auto-response-suppress").lower().split(",")}
    return bool(wishes & {"all", "autoreply", "oof"}) or "x-loop" in headers
