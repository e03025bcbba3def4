"""What other servers report about a mail of ours: not delivered, delayed, delivered, read, unwanted. Pure.

Standard reports are RFC 3464 (delivery), RFC 8098 (reading) and RFC 5965 (complaints), in a multipart/report (RFC
6522). Older servers write prose and put the mail, or its head, below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from channels.mail import mime
from channels.mail.addresses import valid_address
from channels.mail.charsets import decode
from channels.mail.headers import Headers
from channels.mail.mime import Part
from channels.mail.returns import returned_ids
from channels.mail.words import one_line
from core.values import DeliveryReport, Fate

MAX_READ = 100_000
"""Characters of a report that are looked at."""

REASONS = {
    "no_mailbox": "There is no such mailbox.",
    "no_domain": "The recipient's domain cannot be found.",
    "mailbox_off": "The mailbox is switched off.",
    "mailbox_full": "The mailbox is full.",
    "too_large": "The mail is too large for the recipient's server.",
    "refused": "The recipient's server refuses our mail.",
    "unreachable": "The recipient's server cannot be reached.",
    "loop": "The mail went round in a circle.",
    "unknown": "The recipient's server did not take the mail.",
    "unwanted": "The recipient reported it as unwanted mail.",
}
"""Why, in plain words; the catalogue has them in German."""

_BY_STATUS = (
    (r"[245]\.1\.(?:1|3|6|10)", "no_mailbox"),
    (r"[245]\.1\.2|[245]\.4\.4", "no_domain"),
    (r"[245]\.2\.1", "mailbox_off"),
    (r"[245]\.2\.2", "mailbox_full"),
    (r"[245]\.(?:2\.3|3\.4)", "too_large"),
    (r"[245]\.7\.\d{1,3}", "refused"),
    (r"[245]\.4\.6", "loop"),
    (r"[245]\.4\.\d{1,3}", "unreachable"),
)
_BY_WORDS = (
    (
        r"user unknown|unknown user|nosuchuser|unknown e-?mail address|no such (?:user|mailbox|recipient"
        r"|address)|does ?n[o']t exist|not exist|unknown recipient"
        r"|recipient (?:not found|unknown|address rejected: user)|mailbox (?:not found|unavailable)"
        r"|invalid (?:recipient|mailbox)"
        r"|account .{0,40}(?:disabled|does not)|unbekannt|existiert nicht|no mailbox here|addresses failed",
        "no_mailbox",
    ),
    (r"mailbox (?:is )?full|over ?quota|quota exceeded|postfach.{0,20}voll|exceeded.{0,30}quota", "mailbox_full"),
    (r"too large|too big|exceeds? .{0,30}(?:size|limit)|zu groß", "too_large"),
    (
        r"(?:domain|host) (?:name )?(?:not found|unknown)|nxdomain|unrouteable|dns error|domain.{0,20}existiert nicht",
        "no_domain",
    ),
    (r"loop|too many hops", "loop"),
    (r"spam|blocked|blacklist|blocklist|policy|rejected|refused|denied|dmarc|spf|abgelehnt", "refused"),
    (
        r"time(?:d)? ?out|could not (?:be reached|connect)|connection refused|unreachable|nicht erreichbar",
        "unreachable",
    ),
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"\b([45])\d\d[ -]")
_DELAYED = re.compile(
    r"delayed|will (?:be retried|retry|continue|keep trying)|still trying|not yet been delivered|no action is required"
    r"|verzögert|wird weiterhin versucht|weitere(?:n)? versuche?",
    re.IGNORECASE,
)
_ARRIVED = re.compile(r"successfully (?:delivered|relayed)|erfolgreich zugestellt", re.IGNORECASE)
_RETURNED_ID = re.compile(r"^[>\s]{0,20}message-id:[ \t]{0,20}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)
_FAILED_ADDRESS = re.compile(r"<?([^\s<>@:;,()]{1,64}@[^\s<>@:;,()]{1,250})>?")
_STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status")
_OTHER_KINDS = ("message/disposition-notification", "message/feedback-report")
_RETURNED_KINDS = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)


def read(mail: Part, is_bounce: bool, text: str) -> DeliveryReport | None:
    """What a mail reports; ``text`` are its words, read where there is no standard part. None if it reports nothing."""
    leaves = list(mail.leaves())
    if not is_bounce and not any(part.kind in (*_STATUS_KINDS, *_OTHER_KINDS) for part in leaves):
        return None
    ids = tuple(dict.fromkeys(_message_ids(mail.headers, leaves, text if is_bounce else "")))
    for part in leaves:
        if part.kind in _STATUS_KINDS:
            return _delivery(_text_of(part), ids)
        if part.kind == "message/disposition-notification":
            return _disposition(_text_of(part), ids)
        if part.kind == "message/feedback-report":
            return DeliveryReport(Fate.COMPLAINED, ids, REASONS["unwanted"])
    return _prose(mail.headers, text, ids) if is_bounce else None


def _text_of(part: Part) -> str:
    # Some servers label this part Base64 or worse and write it plainly all the same.
    content = part.content()
    return decode(content if b":" in content else part.body, part.charset)[:MAX_READ]


def _message_ids(headers: Headers, leaves: list[Part], text: str) -> Iterator[str]:
    """The ids of the mail that is reported on: by the address the report came to, of what was returned, and of what the
    report says it answers."""
    yield from returned_ids(headers)
    for part in leaves:
        if part.kind in _RETURNED_KINDS:
            yield from re.findall(r"<[^<>\s]{1,500}>", mime.read_headers(part.content()).raw("message-id"))[:1]
    for part in leaves:
        if part.kind.startswith("text/") or part.kind in ("message/disposition-notification", *_STATUS_KINDS):
            found = re.findall(
                r"(?im)^(?:original-message-id|x-original-message-id):\s{0,20}(<[^<>\s]{1,500}>)", _text_of(part)
            )
            yield from found[:5]
    yield from _RETURNED_ID.findall(text[:MAX_READ])[:5]
    for name in ("in-reply-to", "references", "x-original-message-id"):
        yield from reversed(re.findall(r"<[^<>\s]{1,500}>", headers.raw(name))[-5:])


# -- RFC 3464 --------------------------------------------------------------------------------------------------------


def _delivery(text: str, ids: tuple[str, ...]) -> DeliveryReport:
    """The worst that is said of any recipient."""
    worst = DeliveryReport(Fate.DELIVERED, ids)
    order = (Fate.DELIVERED, Fate.DELAYED, Fate.FAILED)
    seen = False
    for fields in _blocks(text):
        action, status = fields.get("action", "").lower(), fields.get("status", "")
        if not action and not status:
            continue
        fate = _fate(action, status)
        if not seen or order.index(fate) > order.index(worst.fate):
            said = one_line(fields.get("diagnostic-code", "").partition(";")[2] or fields.get("diagnostic-code", ""))
            recipient = fields.get("final-recipient", "") or fields.get("original-recipient", "")
            reason = "" if fate is Fate.DELIVERED else _reason(status, said)
            worst = DeliveryReport(fate, ids, reason, (said or status)[:500], _recipient(recipient))
        seen = True
    return worst if seen else DeliveryReport(Fate.FAILED, ids, REASONS["unknown"])


def _fate(action: str, status: str) -> Fate:
    if action.startswith("delayed"):
        return Fate.DELAYED
    if action.startswith(("delivered", "relayed", "expanded")):
        return Fate.DELIVERED
    if action.startswith("failed") or status.strip().startswith("5"):
        return Fate.FAILED
    return {"2": Fate.DELIVERED, "4": Fate.DELAYED}.get(status.strip()[:1], Fate.FAILED)


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient: blank lines divide them, and so does a field that comes again."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and name:
            fields[name] = f"{fields[name]} {line.strip()}"[:1000]
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or name in fields:
            yield fields
            fields = {}
        if colon:
            fields[name] = value.strip()[:1000]
        else:
            name = ""
    yield fields


def _recipient(field: str) -> str:
    """The address behind its type (``rfc822; carla@alpha.example``)."""
    return valid_address(field.rpartition(";")[2]) or ""


def _reason(status: str, said: str) -> str:
    found = _STATUS.search(status) or _STATUS.search(said)
    by_words = next((key for pattern, key in _BY_WORDS if re.search(pattern, said, re.IGNORECASE)), "")
    by_status = next((key for pattern, key in _BY_STATUS if found and re.fullmatch(pattern, found.group(1))), "")
    return REASONS[by_status or by_words or "unknown"]


# -- RFC 8098, and prose ---------------------------------------------------------------------------------------------


def _disposition(text: str, ids: tuple[str, ...]) -> DeliveryReport:
    fields = next((block for block in _blocks(text) if "disposition" in block), {})
    is_read = "displayed" in fields.get("disposition", "").lower()
    recipient = _recipient(fields.get("final-recipient", ""))
    return DeliveryReport(Fate.READ if is_read else Fate.DELIVERED, ids, recipient=recipient)


def _prose(headers: Headers, text: str, ids: tuple[str, ...]) -> DeliveryReport | None:
    """A report in the words of one server or another."""
    if not ids:
        return None
    # What was returned stands below; what the server says of it stands above.
    above = _RETURNED_ID.split(text[:MAX_READ])[0][:5000]
    status = _STATUS.search(above)
    code = _CODE.search(above)
    is_delayed = _DELAYED.search(above) is not None or (status or code or [""])[0].startswith("4")
    said = next((one_line(line) for line in above.splitlines() if _STATUS.search(line) or _CODE.search(line)), "")
    failed = one_line(headers.raw("x-failed-recipients")) or above
    address = _FAILED_ADDRESS.search(failed)
    reason = _reason(status.group(1) if status else "", above)
    recipient = (valid_address(address.group(1)) or "") if address is not None else ""
    if _ARRIVED.search(above) and not (status or code or is_delayed):
        return DeliveryReport(Fate.DELIVERED, ids, recipient=recipient)
    return DeliveryReport(Fate.DELAYED if is_delayed else Fate.FAILED, ids, reason, said[:500], recipient)
