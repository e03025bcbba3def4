"""HTML mail as text. Quotes keep their mark, so that new words can be told from old ones as in any other mail. Pure."""

from __future__ import annotations

from typing import Any

import lxml.etree
import lxml.html
from inscriptis import Inscriptis
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.model.config import ParserConfig

from web.outside import clean

MAX_READ = 300_000
"""Characters of HTML that are made text."""
_QUOTES = (
    "//blockquote[@type='cite' or contains(@class, 'gmail_quote') or contains(@class, 'moz-cite') "
    "or ancestor::*[contains(@class, 'gmail_quote') or contains(@class, 'yahoo_quoted') or @id='yahoo_quoted']]"
)
_MAX_QUOTES = 50
_LAYOUT = ParserConfig(css=STRICT_CSS_PROFILE)


def as_text(html: str) -> str:
    """The text of a page as it would be read, its quotes marked with ``>``."""
    html = clean(html)[:MAX_READ]
    text = ""
    try:
        # As bytes: a text that names an encoding of its own is refused.
        tree = lxml.html.document_fromstring(
            html.encode(), parser=lxml.html.HTMLParser(encoding="utf-8", remove_comments=True)
        )
        _mark_quotes(tree)
        text = _laid_out(tree)
    except (ValueError, AssertionError, RecursionError, LookupError, TypeError, lxml.etree.LxmlError):
        pass
    # Where it is nested so deeply that its words are not found, those between the tags are.
    return (text if text.strip() else without_tags(html))[: 2 * MAX_READ].replace("\xa0", " ").strip()


def _laid_out(tree: Any) -> str:
    return str(Inscriptis(tree, _LAYOUT).get_text())


def _mark_quotes(tree: Any) -> None:
    """Replace each quotation by its text with a mark before every line, the innermost first."""
    for quote in list(reversed(tree.xpath(_QUOTES)))[:_MAX_QUOTES]:
        parent = quote.getparent()
        if parent is None:
            continue
        lines = _laid_out(quote).strip("\n").splitlines()
        marked = lxml.html.Element("pre")
        marked.text = "\n".join(f"> {line}".rstrip() for line in lines)
        marked.tail = quote.tail
        parent.replace(quote, marked)


def without_tags(html: str) -> str:
    """What stands between the tags."""
    kept: list[str] = []
    place = 0
    while place < len(html):
        begin = html.find("<", place)
        if begin < 0:
            break
        kept.append(html[place:begin])
        end = html.find(">", begin)
        if end < 0:
            place = len(html)
            break
        kept.append(" ")
        place = end + 1
    kept.append(html[place:])
    return "\n".join(line for line in ("".join(kept)).splitlines() if line.strip())
