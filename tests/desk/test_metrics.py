"""Who may read the metrics: this machine itself, and whoever has the token."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from desk.metrics import may_read_metrics


@pytest.mark.parametrize(
    ("host", "headers", "token", "may"),
    [
        ("127.0.0.1", {}, "", True),
        ("::1", {}, "", True),
        ("192.0.2.7", {}, "", False),
        ("", {}, "", False),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, "", False),
        ("192.0.2.7", {"authorization": "Bearer right"}, "right", True),
        ("127.0.0.1", {"authorization": "Bearer right", "x-forwarded-for": "192.0.2.7"}, "right", True),
        ("192.0.2.7", {"authorization": "Bearer wrong"}, "right", False),
        ("192.0.2.7", {"authorization": "Bearer "}, "", False),
        ("192.0.2.7", {"authorization": "Bearer ä"}, "right", False),
    ],
)
def test_metrics_are_for_this_machine_or_for_the_token(
    host: str, headers: dict[str, str], token: str, may: bool
) -> None:
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    request = Request({"type": "http", "headers": sent, "client": (host, 4711)})
    assert may_read_metrics(request, token) is may
