"""Texts that are nearly files: a sound text with some pieces cut out or put in."""

import re
from collections.abc import Callable

from hypothesis import strategies as st

from sourcier.domain.errors import Refusal

STRANGE = frozenset("&*!|>%@`\"'?-:{}[],#~\t\0é٣ \ud800")


@st.composite
def mutations(draw: st.DrawFn, text: str, *words: str) -> str:
    """`text` after one to four cuts, each filled with a piece of it, one of `words` or a strange character."""
    tokens = sorted({*re.findall(r"[\w.:-]+|[^\w ]", text), *STRANGE, *words})
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        stop = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(["", *tokens])) + text[stop:]
    return text


def assert_placed(parse: Callable[[str, str], object], text: str) -> None:
    """The text is read, or refused with a place for every fault."""
    try:
        parse(text, "mutated.yaml")
        places = []
    except Refusal as refusal:
        places = [violation.field for violation in refusal.violations] or ["nowhere"]
    assert all(re.fullmatch(r"mutated\.yaml:\d+(:\d+)?", place) for place in places)
