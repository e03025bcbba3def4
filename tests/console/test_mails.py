"""Mail in the console: formatted mail is harmless, and the pictures that came with it are where they belong."""

from __future__ import annotations

import pytest

from console.mails import MAX_PICTURES, harmless
from core.models import Attachment


def _picture(content_id: str = "logo@b", media_type: str = "image/png", size: int = 3) -> Attachment:
    return Attachment(message_id=1, sha256="x", filename="a", content_id=content_id, media_type=media_type, size=size)


def test_a_picture_that_came_with_the_mail_is_shown_in_its_place() -> None:
    html = harmless('<p><img src="cid:logo@b" alt="Logo"></p>', [_picture()], lambda sha256: b"abc")
    assert html == '<p><img src="data:image/png;base64,YWJj" alt="Logo"></p>'


@pytest.mark.parametrize(
    "picture", [_picture("other"), _picture(media_type="image/svg+xml"), _picture(size=MAX_PICTURES + 1)]
)
def test_what_may_not_be_shown_leaves_its_place_empty(picture: Attachment) -> None:
    assert "src" not in harmless('<img src="cid:logo@b">', [picture], lambda sha256: b"abc")


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        '<a href="javascript:alert(1)">a</a>',
        '<a href="cid:logo@b">a</a>',
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
        "<style>@import 'x'</style>",
        '<iframe src="https://evil.example"></iframe>',
        "<form action='https://evil.example'><input name='password'></form>",
    ],
)
def test_nothing_in_it_acts(html: str) -> None:
    cleaned = harmless(html, [_picture()], lambda sha256: b"abc")
    assert not any(word in cleaned for word in ("alert", "script", "cid:", "@import", "iframe", "form", "data:"))
