"""What feedback for one module shows: "on summarizer/instructions: the summary leaves out ...".

It speaks of that module's text alone: what one query writer does wrong says nothing about another one.
"""

import re
from collections.abc import Iterator
from typing import Final

from spanwright.testing.simulated.reflecting.dossier import Dossier
from spanwright.testing.simulated.reflecting.findings import Finding, finding

_ON: Final = re.compile(r"^on (?P<agent>[\w.-]+)/[\w./:-]+: (?P<said>.+)$", re.MULTILINE)
_QUOTED: Final = r"(?P<q{0}>['\"])(?P<{0}>.+?)(?P=q{0})"
_LEFT_OUT: Final = re.compile(
    r"\b(?:summary|text|answer)\b[^'\";]{0,40}\b(?:leaves? out|lacks?|omits?|does not (?:name|mention|state))\W+"
    + _QUOTED.format("name"),
    re.IGNORECASE,
)
_QUERY: Final = re.compile(
    rf"\bquery {_QUOTED.format('query')} (?:did not find|missed) {_QUOTED.format('title')}", re.IGNORECASE
)
_LONG: Final = 6
"""Words from which on a query looks like a sentence."""


def from_blame(dossier: Dossier) -> Iterator[Finding]:
    """Yield what the feedback for each module shows."""
    for record in dossier.records:
        for number, told in enumerate(_ON.finditer(record.feedback)):
            where = f"{record.name}/module {number}"
            if _LEFT_OUT.search(told["said"]):
                yield finding("summary_names", where, module=told["agent"])
            for match in _QUERY.finditer(told["said"]):
                yield from _query(match["query"], match["title"], where, told["agent"])


def _query(query: str, title: str, where: str, agent: str) -> Iterator[Finding]:
    name = re.sub(r"\s*\(.*\)$", "", title)
    if len(query.split()) > _LONG:
        yield finding("query_keywords", where, module=agent)
    if name not in query:
        yield finding("query_entity", where, module=agent)
    elif name != title:
        yield finding("query_role", where, module=agent)
