"""Whether a mail is from whom it says: what a trusted gateway found (RFC 8601), or what can be checked here.

Here DKIM (RFC 6376), ARC (RFC 8617) and DMARC (RFC 7489, by DKIM alone) can be checked; SPF needs to have met the
sending server, so it is taken from the gateway. The result is plain values, kept with the message:

``verdict`` ``valid``, ``failed`` or ``unconfirmed``; ``domain`` whose word it is; ``by`` who checked, empty for the
desk itself; ``how`` the method that decided; ``results`` every method with its result and domain.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import dkim
import publicsuffixlist

from channels.mail import mime
from channels.mail.headers import Headers
from channels.mail.resolver import Resolver, Unanswered

_SILENT = logging.Logger("dkim")
"""What the library says of a signature is in its result as well."""
_SILENT.addHandler(logging.NullHandler())

MAX_SIGNATURES = 5
MAX_CHECKED = 25 * 1024 * 1024
"""Bytes of a mail whose signature is checked."""
MAX_SETS = 10
"""So many servers of a chain (ARC) are checked."""

_RESULT = re.compile(r"(dkim|spf|dmarc|arc|compauth)(?:/\d)? ?= ?([a-z]{2,20})", re.IGNORECASE)
_PROPERTY = re.compile(
    r"(header\.[dif](?:rom)?|header\.from|smtp\.(?:mailfrom|helo|mail)) ?= ?\"?([^\s;\"]{1,320})", re.IGNORECASE
)
_BLANKS = re.compile(rb"[ \t]{2000}")
_POLICY = re.compile(r"\s*([a-z]{1,10})\s*=\s*([^;]{0,200})", re.IGNORECASE)

Result = tuple[str, str, str]
"""Method, result and the domain it is about."""


def reported(headers: Headers, sender: str, trusted: frozenset[str]) -> dict[str, Any]:
    """What a trusted gateway wrote into the mail; empty if none did. ``trusted`` are its names (authserv-id)."""
    for value in headers.all("authentication-results"):
        text = _without_comments(value)
        name = text.partition(";")[0].split()
        if name and name[0].lower() in trusted:
            break
    else:
        return {}
    results: dict[tuple[str, str], Result] = {}
    for value in headers.all("authentication-results"):
        text = _without_comments(value)
        server, _, rest = text.partition(";")
        if server.split()[:1] and server.split()[0].lower() in trusted:
            for result in _results(rest):
                # What stands above was written later, by whom is trusted more.
                results.setdefault((result[0], result[2]), result)
    return _judged(list(results.values()), sender, name[0].lower())


def is_signed(headers: Headers) -> bool:
    """Whether there is something to check."""
    return "dkim-signature" in headers or "arc-seal" in headers


def checked(raw: bytes, sender: str, resolver: Resolver) -> dict[str, Any]:
    """Check the signatures of a mail; asks the resolver, and blocks for as long as that takes."""
    if len(raw) > MAX_CHECKED or _BLANKS.search(raw):
        return _judged([], sender, "")
    headers = mime.read_headers(raw)
    results: list[Result] = []
    try:
        results += _dkim(raw, headers, resolver)
        if len(headers.all("arc-seal")) <= MAX_SETS and "arc-seal" in headers:
            results.append(("arc", _arc(raw, resolver), ""))
        results += _dmarc(sender, results, resolver)
    except Unanswered:
        results.append(("dns", "temperror", ""))
    return _judged(results, sender, "")


def _without_comments(text: str) -> str:
    kept: list[str] = []
    depth = 0
    for mark in text[:16_000]:
        depth += mark == "("
        if depth == 0:
            kept.append(mark)
        depth -= mark == ")" and depth > 0
    return "".join(kept)


def _results(text: str) -> Iterator[Result]:
    for part in text.split(";")[:50]:
        found = _RESULT.match(part.strip())
        if found is None:
            continue
        method, result = found.group(1).lower(), found.group(2).lower()
        properties = {name.lower(): value for name, value in _PROPERTY.findall(part)}
        yield method, result, _domain_of(method, properties)


def _domain_of(method: str, properties: dict[str, str]) -> str:
    wanted = {
        "dkim": ("header.d", "header.i"),
        "spf": ("smtp.mailfrom", "smtp.mail", "smtp.helo"),
        "dmarc": ("header.from",),
    }
    found = next((properties[name] for name in wanted.get(method, ()) if name in properties), "")
    return found.rpartition("@")[2].strip("<>.").lower()


def _judged(results: list[Result], sender: str, by: str) -> dict[str, Any]:
    """What follows from the results for this sender: a result only counts for the domain it is about."""
    domain = sender.rpartition("@")[2]
    passed = [(method, about) for method, result, about in results if result == "pass"]
    verdict, how = "unconfirmed", ""
    if any(method == "dmarc" for method, _ in passed):
        verdict, how = "valid", "dmarc"
    for wanted in ("spf", "dkim"):
        if any(method == wanted and about and same_organization(about, domain) for method, about in passed):
            verdict, how = "valid", wanted
    if verdict != "valid" and any(method == "dmarc" and result == "fail" for method, result, _ in results):
        # A mailing list breaks signatures; one that vouches for what it got is another matter.
        vouched = any(method == "arc" for method, _ in passed)
        verdict, how = ("unconfirmed", "arc") if vouched else ("failed", "dmarc")
    return {"verdict": verdict, "domain": domain, "how": how, "by": by, "results": [list(one) for one in results[:20]]}


def same_organization(one: str, other: str) -> bool:
    """Whether two domains belong together: the same below a public suffix (relaxed alignment, RFC 7489, 3.1)."""
    return one == other or organization(one) == organization(other)


@cache
def _suffixes() -> publicsuffixlist.PublicSuffixList:
    return publicsuffixlist.PublicSuffixList()


def organization(domain: str) -> str:
    """The part of a domain that somebody registered: ``kunde.co.uk`` of ``mail.kunde.co.uk``."""
    return _suffixes().privatesuffix(domain.lower().strip(".")) or domain


# -- checking --------------------------------------------------------------------------------------------------------


def _dkim(raw: bytes, headers: Headers, resolver: Resolver) -> list[Result]:
    """Each signature with its domain."""
    found: list[Result] = []
    for number in range(min(MAX_SIGNATURES, len(headers.all("dkim-signature")))):
        try:
            message = dkim.DKIM(raw, logger=_SILENT, minkey=1024)
            good = message.verify(idx=number, dnsfunc=_keys(resolver))
            domain = (message.domain or b"").decode("ascii", "replace").lower()
        except (dkim.DKIMException, ValueError, LookupError, TypeError, AttributeError):
            good, domain = False, _tag(headers.all("dkim-signature")[number], "d")
        found.append(("dkim", "pass" if good else "fail", domain))
    return found


def _arc(raw: bytes, resolver: Resolver) -> str:
    try:
        verdict, _, _ = dkim.ARC(raw, logger=_SILENT, minkey=1024).verify(dnsfunc=_keys(resolver))
    except (dkim.DKIMException, ValueError, LookupError, TypeError, AttributeError):
        return "fail"
    return "pass" if verdict == dkim.CV_Pass else "fail"


def _keys(resolver: Resolver) -> Any:
    def key(name: bytes, timeout: int = 5) -> bytes | None:
        found = resolver.txt(name.decode("ascii", "replace"))
        return found.encode("ascii", "replace") if found is not None else None

    return key


def _tag(value: str, name: str) -> str:
    found = re.search(rf"(?:^|;)\s*{name}\s*=\s*([^\s;]{{1,255}})", value)
    return found.group(1).lower() if found is not None else ""


def _dmarc(sender: str, results: list[Result], resolver: Resolver) -> list[Result]:
    """What the sender's domain asks for: its own record, else that of the domain above (RFC 7489, 6.6.3)."""
    domain = sender.rpartition("@")[2]
    for place in dict.fromkeys((domain, organization(domain))):
        record = resolver.txt(f"_dmarc.{place}")
        if record is None or not record.lower().startswith("v=dmarc1"):
            continue
        policy = {name.lower(): value.strip().lower() for name, value in _POLICY.findall(record)}
        is_strict = policy.get("adkim") == "s"
        aligned = any(
            method == "dkim"
            and result == "pass"
            and (about == domain if is_strict else same_organization(about, domain))
            for method, result, about in results
        )
        # Without the sending server's address SPF is not known, so only a signature that is there can fail.
        has_signature = any(method == "dkim" for method, _, _ in results)
        return [("dmarc", "pass" if aligned else "fail" if has_signature else "none", domain)]
    return []
