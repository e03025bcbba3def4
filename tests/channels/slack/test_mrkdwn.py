"""Slack's markup: readable coming in, harmless going out, cut where it hurts least."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.slack.mrkdwn import escape, mentioned, pieces, readable, without_mention

NAMES = {"U1": "Anna <Ahrens>", "W2": "Ben"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hallo <@U1>", "Hallo @Anna <Ahrens>"),
        ("<@W2|ben> und <@U9> und <@U9|dora>", "@Ben und @U9 und @dora"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<!here> <!channel> <!subteam^S1|@it> <!subteam^S2>", "@here @channel @it @subteam"),
        ("<!date^1392734382^{date}|18. Februar 2014>", "18. Februar 2014"),
        ("<https://a.example/x?b=1&amp;c=2>", "https://a.example/x?b=1&c=2"),
        ("<https://a.example|hier &amp; da>", "hier & da (https://a.example)"),
        ("<https://a.example/|a.example>", "a.example"),
        ("<mailto:a@b.example|a@b.example> <tel:+491|+491>", "a@b.example +491"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2 &amp;lt;", "1 < 2 && 3 > 2 &lt;"),
        ("kein <Token", "kein <Token"),
        ("<>", "<>"),
        ("", ""),
    ],
)
def test_what_people_wrote_is_readable(text: str, shown: str) -> None:
    assert readable(text, NAMES) == shown


def test_the_bot_s_name_is_no_part_of_what_is_meant() -> None:
    assert without_mention("<@U1> VPN geht nicht", "U1") == "VPN geht nicht"
    assert without_mention("Hallo <@U1|desk>, VPN <@U2>", "U1") == "Hallo VPN <@U2>"
    assert mentioned("<@U1> <@W2|x> <#C1> @U3") == {"U1", "W2"}


@given(st.text(max_size=300))
def test_what_is_escaped_reads_the_same(text: str) -> None:
    assert readable(escape(text), {}) == text
    assert not set("<>") & set(escape(text))


@given(st.text(alphabet=st.sampled_from("ab \n😀.") | st.characters(), max_size=600), st.integers(5, 120))
def test_pieces_fit_and_lose_no_word(text: str, most: int) -> None:
    found = pieces(text, most)
    assert all(0 < len(one.encode("utf-16-le", "surrogatepass")) // 2 <= most for one in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_pieces_are_cut_between_paragraphs_then_lines_then_words() -> None:
    assert pieces("aaaa bbbb\n\ncccc dddd", 16) == ["aaaa bbbb", "cccc dddd"]
    assert pieces("aaaa bbbb\ncccc dddd", 16) == ["aaaa bbbb", "cccc dddd"]
    assert pieces("aaaa bbbb cccc dddd", 16) == ["aaaa bbbb cccc", "dddd"]
    assert pieces("a" * 20, 16) == ["a" * 16, "a" * 4]
    assert pieces("  \n ", 16) == []
