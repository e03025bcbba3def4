"""Articles as HTML: nothing runs, nothing is loaded from elsewhere."""

from __future__ import annotations

import pytest

from web.markdown import IMAGES, html, image_type


def test_markdown_is_rendered() -> None:
    assert html("## Eins\n\n1. **Zwei**") == "<h2>Eins</h2>\n<ol>\n<li><strong>Zwei</strong></li>\n</ol>\n"
    assert f'src="{IMAGES}abc"' in html(f"![]({IMAGES}abc)")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://tracker.example/pixel.png)",
        '<img src=x onerror="alert(1)">',
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
    ],
)
def test_nothing_runs_and_nothing_is_loaded(hostile: str) -> None:
    shown = html(hostile)
    assert "<script" not in shown
    assert "onerror=" not in shown.replace("&quot;", "").split("&lt;")[0]
    assert 'href="javascript' not in shown
    assert 'src="https' not in shown
    assert 'href="data' not in shown


def test_only_pictures_are_pictures() -> None:
    assert image_type(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert image_type(b"<svg onload=alert(1)>") is None
