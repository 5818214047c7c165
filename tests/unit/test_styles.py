"""Styles are written to the tags of a page as the inliner itself would, page after page."""

from __future__ import annotations

import pytest
from css_inline import CSSInliner

from maild.templates.source import shipped_layout
from maild.templates.styles import styled

INLINER = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True, keep_style_tags=False)
HEAD, _, TAIL = shipped_layout().partition("{{ body|ready }}")

BODIES = [
    "<p>{}</p>",
    "<p> {} <a href='https://x.example/?a=1&amp;b=2'>{}</a>,\n{}</p>",
    '<p title="more > less">{}</p>',  # a sign that looks like a tag's end
    '<p title="less < more">{}</p>',
    "<table class=facts><tr><th>{}<td>{}</table>{}",  # end tags that are left out
    "<table>{}<tr><td>{}</td></tr></table>",  # words that HTML moves before the table
    "<div class=words>{}<br>{}<blockquote>{}</blockquote></div><hr>",
    "<pre><code>  {}\n  {}\n</code></pre>",
    "<!-- {} --><!--[if mso]><p>{{}}</p><![endif]--><p>{}</p>",
    "<style>.card > p {{ color: red }}</style><STYLE>i {{ color: red }}</STYLE><i>{}</i>",
    "<script>if (a < b && c > d) e('{}')</script><b>{}</b>",
    "{}<details><summary>{}</summary>{}</details>",
]
WORDS = [
    "Ann",
    "a &lt; b &amp;&amp; c &gt; d",
    "&quot;x&#x27; &#34;y&#39;",
    "a\u00a0b &nbsp; ü \U0001f600",
    "two\nlines",
    "&copy &amp;copy",
    "0",
]


@pytest.mark.parametrize("body", BODIES)
def test_pages_of_one_shape_get_their_styles_and_keep_their_words(body: str) -> None:
    for index in range(len(WORDS)):
        words = WORDS[index:] + WORDS[:index]
        page = HEAD.replace("{{ subject }}", words[3]) + body.format(*words) + TAIL
        assert styled(page) == INLINER.inline(page)
