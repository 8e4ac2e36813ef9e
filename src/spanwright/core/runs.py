"""Runs of eight words: what two texts do not have in common by chance."""

import re
from collections.abc import Iterable, Mapping

RUN = 8
"""Words in a row that two texts do not share by chance."""
_COMPARED = 40_000
"""Characters of a case that texts are compared with."""
_DOMAIN = 3
"""In so many cases a run of words is the domain's language, and not one task's."""
_WORD = re.compile(r"\w+")


def runs(text: str) -> list[str]:
    """Return every run of words in a text, in its order."""
    words = _WORD.findall(text.casefold())
    return [" ".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1)]


def own_runs(cases: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return the runs of words that only one or two cases have, each with the id of the first, of (id, text) pairs."""
    first: dict[str, str] = {}
    count: dict[str, int] = {}
    for id, text in cases:
        for run in set(runs(text[:_COMPARED])):
            first.setdefault(run, id)
            count[run] = count.get(run, 0) + 1
    return {run: id for run, id in first.items() if count[run] < _DOMAIN}
