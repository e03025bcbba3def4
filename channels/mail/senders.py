"""Whether a sender only looks like somebody: what a person would see in the address if they looked closely. Pure.

None of this says that a mail is forged; it says what its reader should look at before believing it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from channels.mail.addresses import Mailbox
from channels.mail.authentication import same_organization
from channels.mail.headers import Headers
from channels.mail.words import hides, words

_NAMED = re.compile(r"[^\s@<>\"(),:;]{1,64}@([^\s@<>\"(),:;\[\].]{1,63}(?:\.[^\s@<>\"(),:;\[\].]{1,63}){1,8})")
_LIKE = {
    "0": "o", "1": "l", "|": "l", "3": "e", "5": "s",
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "ӏ": "l", "к": "k", "м": "m",
    "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "у": "y", "х": "x", "ԝ": "w",
    "α": "a", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "χ": "x",
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ɡ": "g", "ɑ": "a",
}  # fmt: skip
"""Letters that look like another one: digits, Cyrillic and Greek ones, and Latin ones with little marks."""
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def warnings(headers: Headers, sender: Mailbox, own: Iterable[str]) -> list[str]:
    """What is suspicious about the sender, as codes that the console has words for."""
    found = []
    written = words(headers.raw("from"))
    domain = sender.address.rpartition("@")[2]
    own_domains = {address.rpartition("@")[2] for address in own}
    if hides(written):
        found.append("hidden_direction")
    named = {match.group(1).lower() for match in _NAMED.finditer(sender.name[:500])}
    if named and domain not in named:
        found.append("name_is_address")
    if is_mixed(readable(domain)):
        found.append("mixed_letters")
    if domain not in own_domains and skeleton(domain) in {skeleton(one) for one in own_domains}:
        found.append("like_our_own")
    answers = headers.mailboxes("reply-to")
    if answers and not any(same_organization(one.address.rpartition("@")[2], domain) for one in answers):
        found.append("answers_elsewhere")
    if len({one.address for one in headers.mailboxes("from")}) > 1:
        found.append("several_senders")
    return found


def readable(domain: str) -> str:
    """A domain with its international labels as they are shown (RFC 3492)."""
    labels = []
    for label in domain.split(".")[:20]:
        try:
            labels.append(label[4:].encode().decode("punycode") if label.startswith("xn--") else label)
        except (UnicodeError, ValueError):
            labels.append(label)
    return ".".join(labels)


def skeleton(domain: str) -> str:
    """What a domain looks like at a glance: two that look alike have the same."""
    text = unicodedata.normalize("NFKD", readable(domain).lower())
    text = "".join(_LIKE.get(one, one) for one in text if not unicodedata.combining(one))
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    # A one looks like both; so do they like each other in many a typeface.
    return text.replace("i", "l")


def is_mixed(domain: str) -> bool:
    """Whether one label has letters of several scripts, as no real name has."""
    return any(len(_scripts(label)) > 1 for label in domain.split("."))


def _scripts(label: str) -> set[str]:
    scripts = {unicodedata.name(one, "?").partition(" ")[0] for one in label if one.isalpha()}
    # Japanese and Korean are written in several at once.
    return scripts & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH"}
