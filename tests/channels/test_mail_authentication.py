"""Whether a mail is from whom it says: by a trusted gateway, or by its signatures and what the domain publishes."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import dkim
import dns.resolver
import pytest

from channels.mail import resolver as resolving
from channels.mail.authentication import checked, organization
from channels.mail.parse import parse
from channels.mail.reading import Reader
from channels.mail.resolver import DnsResolver, Unanswered
from console.mails import sender
from core.blobs import FolderBlobStore
from core.database import Database
from core.values import InboundMessage, Outcome, Receipt
from tests.fakes.clock import SetClock
from tests.fakes.ports import free_port
from web.languages import translator

OWN = frozenset({"desk@desk.example"})
TRUSTED = frozenset({"mx.desk.example"})
FROM = "From: Carla <carla@kunde.example>"


def reported(*fields: str) -> dict[str, Any]:
    raw = "\r\n".join([*(f"Authentication-Results: {field}" for field in fields), FROM, "", "x"])
    return parse(raw.encode(), None, OWN, TRUSTED).authentication


@pytest.mark.parametrize(
    ("field", "verdict", "how"),
    [
        ("dkim=pass header.d=kunde.example", "valid", "dkim"),
        ("dkim=pass (2048-bit key) header.d=mail.kunde.example header.s=x", "valid", "dkim"),
        ("dkim=pass header.i=@kunde.example", "valid", "dkim"),
        ("dkim=pass header.d=else.example", "unconfirmed", ""),
        ("dkim=fail header.d=kunde.example", "unconfirmed", ""),
        ("spf=pass (ok; really) smtp.mailfrom=bounce@kunde.example", "valid", "spf"),
        ("spf=pass smtp.mailfrom=else.example", "unconfirmed", ""),
        ("spf=softfail smtp.mailfrom=kunde.example; dkim=none", "unconfirmed", ""),
        ("dmarc=pass (p=reject dis=none) header.from=kunde.example", "valid", "dmarc"),
        ("dmarc=fail header.from=kunde.example; spf=pass smtp.mailfrom=evil.example", "failed", "dmarc"),
        ("arc=pass; dmarc=fail header.from=kunde.example", "unconfirmed", "arc"),
        ("none", "unconfirmed", ""),
    ],
)
def test_a_trusted_gateway_is_believed(field: str, verdict: str, how: str) -> None:
    found = reported(f"mx.desk.example 1;\r\n {field}")
    assert (found["verdict"], found["how"], found["by"]) == (verdict, how, "mx.desk.example")


@pytest.mark.parametrize(
    "field",
    [
        "mx.evil.example; dkim=pass header.d=kunde.example",
        "mx.desk.example.evil.example; dkim=pass header.d=kunde.example",
        "(mx.desk.example) mx.evil.example; dkim=pass header.d=kunde.example",
        "; dkim=pass header.d=kunde.example",
        "",
    ],
)
def test_nobody_else_is(field: str) -> None:
    assert reported(field) == {}


def test_what_stands_below_is_older_and_counts_less() -> None:
    found = reported(
        "mx.desk.example; dmarc=fail header.from=kunde.example", "mx.desk.example; dmarc=pass header.from=kunde.example"
    )
    assert found["verdict"] == "failed"


def test_a_gateway_may_write_several_fields() -> None:
    found = reported(
        "mx.desk.example; spf=none smtp.mailfrom=x.example", "mx.desk.example; dkim=pass header.d=kunde.example"
    )
    assert found["verdict"] == "valid"


def test_without_a_trusted_gateway_nothing_is_believed() -> None:
    raw = f"Authentication-Results: mx.desk.example; dmarc=pass\r\n{FROM}\r\n\r\nx"
    assert parse(raw.encode(), None, OWN).authentication == {}


@pytest.mark.parametrize(
    ("domain", "registered"),
    [("mail.kunde.example", "kunde.example"), ("a.b.kunde.co.uk", "kunde.co.uk"), ("co.uk", "co.uk"), ("x", "x")],
)
def test_which_domains_belong_together(domain: str, registered: str) -> None:
    assert organization(domain) == registered


# -- checked here ----------------------------------------------------------------------------------------------------


class Zone:
    """What domains publish, as a resolver answers it."""

    def __init__(self, **records: str) -> None:
        self.records = records

    def txt(self, name: str) -> str | None:
        return self.records.get(name.rstrip("."))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """A private key, and the record that publishes the other half."""
    path: Path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(path), "2048"], check=True, capture_output=True)
    public = subprocess.run(
        ["openssl", "rsa", "-in", str(path), "-pubout", "-outform", "PEM"], check=True, capture_output=True, text=True
    ).stdout
    return path.read_bytes(), "v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1])


MAIL = f"{FROM}\r\nTo: desk@desk.example\r\nSubject: Größe\r\n\r\nDer Drucker streikt.\r\n".encode()


def _signed(private: bytes, domain: str = "kunde.example") -> bytes:
    signature: bytes = dkim.sign(MAIL, b"s1", domain.encode(), private, include_headers=[b"from", b"to", b"subject"])
    return signature + MAIL


@pytest.mark.parametrize(
    ("policy", "domain", "verdict"),
    [
        (None, "kunde.example", "valid"),
        (None, "mail.kunde.example", "valid"),
        (None, "else.example", "unconfirmed"),
        ("v=DMARC1; p=reject", "kunde.example", "valid"),
        ("v=DMARC1; p=reject; adkim=s", "mail.kunde.example", "valid"),
        ("v=DMARC1; p=reject", "else.example", "failed"),
        ("something else", "else.example", "unconfirmed"),
    ],
)
def test_a_signature_is_checked(key: tuple[bytes, str], policy: str | None, domain: str, verdict: str) -> None:
    private, public = key
    records = {f"s1._domainkey.{domain}": public}
    if policy is not None:
        records["_dmarc.kunde.example"] = policy
    found = checked(_signed(private, domain), "carla@kunde.example", Zone(**records))
    assert found["verdict"] == verdict
    assert ["dkim", "pass", domain] in found["results"]


def test_a_changed_mail_is_not_confirmed(key: tuple[bytes, str]) -> None:
    private, public = key
    zone = Zone(**{"s1._domainkey.kunde.example": public, "_dmarc.kunde.example": "v=DMARC1; p=none"})
    changed = _signed(private).replace(b"streikt", b"brennt")
    assert checked(changed, "carla@kunde.example", zone)["verdict"] == "failed"


def test_a_forwarder_that_vouches_takes_the_blame_away(key: tuple[bytes, str]) -> None:
    private, public = key
    zone = Zone(
        **{
            "s1._domainkey.kunde.example": public,
            "s1._domainkey.list.example": public,
            "_dmarc.kunde.example": "v=DMARC1; p=reject",
        }
    )
    received = b"Authentication-Results: list.example; dkim=pass header.d=kunde.example\r\n" + _signed(private)
    changed = received.replace(b"streikt", b"streikt. -- Liste")
    chain = dkim.arc_sign(
        changed, b"s1", b"list.example", private, b"list.example", include_headers=[b"from", b"subject"]
    )
    found = checked(b"".join(chain) + changed, "carla@kunde.example", zone)
    assert ["arc", "pass", ""] in found["results"]
    assert (found["verdict"], found["how"]) == ("unconfirmed", "arc")


@pytest.mark.parametrize(
    "signature",
    [b"", b"v=1", b"v=1; a=rsa-sha256; d=kunde.example; s=s1; h=from; bh=x; b=x", b"\0\xff;;;===", b"d=" + b"x" * 5000],
)
def test_a_broken_signature_is_no_signature(signature: bytes) -> None:
    raw = b"DKIM-Signature: " + signature + b"\r\nARC-Seal: " + signature + b"\r\n" + MAIL
    assert checked(raw, "carla@kunde.example", Zone())["verdict"] == "unconfirmed"


def test_where_nobody_answers_nothing_is_said_of_the_sender(key: tuple[bytes, str]) -> None:
    class Silent:
        def txt(self, name: str) -> str | None:
            raise Unanswered(name)

    found = checked(_signed(key[0]), "carla@kunde.example", Silent())
    assert (found["verdict"], found["results"]) == ("unconfirmed", [["dns", "temperror", ""]])


def test_servers_that_do_not_answer_are_not_asked_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "LOOKUP", 0.05)
    library = dns.resolver.Resolver(configure=False)
    library.nameservers, library.port = ["127.0.0.1"], free_port()
    asked: list[str] = []
    resolver = DnsResolver(library)
    original = resolver._ask

    def ask(name: str) -> str | None:
        asked.append(name)
        return original(name)

    monkeypatch.setattr(resolver, "_ask", ask)
    for number in range(10):
        with pytest.raises(Unanswered):
            resolver.txt(f"_dmarc.{number}.example")
    assert len(asked) == resolving.FAILURES


@pytest.mark.parametrize(
    ("trusted", "checks", "verdict", "by"),
    [
        ("mx.desk.example", True, "valid", "mx.desk.example"),
        ("mx.else.example", True, "valid", ""),
        ("mx.else.example", False, None, None),
    ],
)
async def test_a_mailbox_asks_its_gateway_first_and_then_the_signature(
    database: Database,
    clock: SetClock,
    tmp_path: Path,
    key: tuple[bytes, str],
    trusted: str,
    checks: bool,
    verdict: str | None,
    by: str | None,
) -> None:
    private, public = key
    zone = Zone(**{"s1._domainkey.kunde.example": public})
    blobs, servers = FolderBlobStore(tmp_path), frozenset({trusted})
    reader = Reader(1, lambda: OWN, database, blobs, clock, servers, zone if checks else None)
    handed: list[InboundMessage] = []

    async def receive(message: InboundMessage) -> Receipt:
        handed.append(message)
        return Receipt(Outcome.TICKETED)

    reader.receive = receive
    await reader.take_in(
        b"Authentication-Results: mx.desk.example; dmarc=pass header.from=kunde.example\r\n" + _signed(private), None
    )
    found = handed[0].authentication
    assert (found.get("verdict"), found.get("by")) == (verdict, by)


def test_the_console_says_it_in_a_sentence() -> None:
    found = reported("mx.desk.example; dkim=pass header.d=kunde.example")
    assert sender(found, translator("en")) == "DKIM signature valid for kunde.example – checked by mx.desk.example"
    assert sender(found, translator("de")) == "DKIM-Signatur gültig für kunde.example – geprüft von mx.desk.example"
    unknown = {**found, "verdict": "unconfirmed", "how": "", "by": ""}
    assert sender(unknown, translator("de")) == "kunde.example konnte als Absender nicht bestätigt werden."
