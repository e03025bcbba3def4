"""Articles as HTML: CommonMark without raw HTML, sanitised once more; images only of the desk's own."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

IMAGES = "/help/images/"
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


def html(markdown: str) -> str:
    """Safe to show in any page."""
    return nh3.clean(
        _MARKDOWN.render(markdown), url_schemes={"http", "https", "mailto", "tel"}, attribute_filter=_filter
    )


def _filter(tag: str, attribute: str, value: str) -> str | None:
    # Nothing is loaded from elsewhere: whoever reads an article is nobody else's business.
    return None if (tag, attribute) == ("img", "src") and not value.startswith(IMAGES) else value


def image_type(content: bytes) -> str | None:
    """The media type of a picture by its first bytes, or None."""
    if content.startswith(b"\x89PNG\r\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None
