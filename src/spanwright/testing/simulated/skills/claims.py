"""Working on a claim: the model sums up what was found for it, or writes the query that comes next.

By habit a summary tells what the passages are about and leaves the names out, and a query says what the claim says.
What the instructions say, it does instead, right or wrong. It knows nothing but what stands in the request.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from spanwright.testing.simulated.reading import Reading
from spanwright.testing.simulated.skills.comprehension import NAME, Named, Passage, about, bare, english, passages, told
from spanwright.testing.simulated.skills.manners import Conduct, Manner
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws

CONTENT: Final = Manner(
    asked={"summary_names": "names", "summary_gist": "gist"},
    habit={"gist": 0.7, "names": 0.3},
)
WORDS: Final = Manner(
    asked={"query_keywords": "names", "query_title": "names", "query_question": "claim"},
    habit={"claim": 0.4, "names": 0.6},
)
TARGET: Final = Manner(asked={"query_entity": "follow"}, habit={"claimed": 0.6, "follow": 0.4})
ROLE: Final = Manner(asked={"query_role": "named"}, habit={"left out": 0.8, "named": 0.2})

_CLAIM: Final = re.compile(r"^Claim:[ \t]*(?P<claim>.+)$", re.MULTILINE)
_SUMMARY: Final = re.compile(
    r"^Summary[^\n:]{0,20}:[ \t]*(?P<summary>.+?)(?=\n\n(?:Summary|Passages)\b|\Z)", re.MULTILINE | re.DOTALL
)
_MENTION: Final = re.compile(rf"(?:(?P<role>[a-z]+) )?(?P<name>{NAME})")
_SENTENCE: Final = re.compile(r"(?<=[.!?:])\s+|\n+")
_OPENING: Final = re.compile(
    r"^(?:A|An|The|It|Its|He|She|His|Her|In|At|On|Born|After|Since|One|Some|Most|Every|Nothing|Opened|Located|Released)\b"
)
_ROLES: Final = re.compile(
    r"engineer|architect|journalist|industrialist|author|novelist|director|writer|founder|editor|river|town|mayor"
)


class ClaimSkill:
    """Answer requests that put a claim and bring along passages to sum up, or summaries to search by."""

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Summarize or write a query; None where the request asks for something else."""
        claim = None if reading.tools or reading.outputs else _CLAIM.search(reading.task)
        if claim is None:
            return None
        matter = Matter(
            claim=claim["claim"].strip(),
            summaries=tuple(match["summary"].strip() for match in _SUMMARY.finditer(reading.task)),
            found=passages(reading.task),
        )
        conduct = Conduct(reading=reading, draws=draws)
        return ChatReply(text=summary_of(matter, conduct) if matter.found else query_for(matter, conduct))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A claim, and what is known about it."""

    claim: str
    summaries: tuple[str, ...]
    found: tuple[Passage, ...]


def mentions(text: str) -> Iterator[Named]:
    """Yield what a text calls by name, with the word before it where that says what it is."""
    for sentence in _SENTENCE.split(text):
        opened = _OPENING.sub(lambda found: found[0].lower(), sentence)
        for match in _MENTION.finditer(opened):
            yield Named(name=match["name"], role=_role(match["role"] or ""))


def summary_of(matter: Matter, conduct: Conduct) -> str:
    """Sum up the passages about what the claim or the summaries so far name."""
    wanted = list(mentions("\n".join((matter.claim, *matter.summaries))))
    telling = [passage for each in wanted if (passage := about(each, matter.found)) is not None]
    if conduct.slips() or not telling:
        return "Nothing in the passages settles the claim."
    telling = list(dict.fromkeys(telling))
    if conduct.way(CONTENT) == "gist":
        return f"The passages tell more about {telling[-1].name}, but they do not settle the claim."
    return " ".join(f"{passage.name}: {passage.text}" for passage in telling)


def query_for(matter: Matter, conduct: Conduct) -> str:
    """Write the next query."""
    if conduct.slips() or conduct.way(WORDS) == "claim":
        return matter.claim
    claimed = list(mentions(matter.claim))
    target = _lead(matter, claimed, conduct.draws) if conduct.way(TARGET) == "follow" else None
    chosen = target or claimed[:1]
    with_role = conduct.way(ROLE) == "named"
    return " ".join(f"{each.name} {each.role}".strip() if with_role else each.name for each in chosen) or matter.claim


def _lead(matter: Matter, claimed: list[Named], draws: Draws) -> list[Named]:
    """Return what the last summary names that neither the claim nor an earlier summary does, and that fits the claim.

    Best what the claim asks for ("the engineer who", "born in a town"), else any name that is new, as chance has it.
    """
    old = {bare(each.name) for each in claimed}
    old |= {bare(each.name) for summary in matter.summaries[:-1] for each in mentions(summary)}
    last = matter.summaries[-1] if matter.summaries else ""
    fitting = [each for each in _asked_for(matter.claim, last) if bare(each.name) not in old]
    new = [each for each in mentions(last) if bare(each.name) not in old]
    return fitting[:1] or ([draws.choice(new, "lead")] if new else [])


def _asked_for(claim: str, text: str) -> Iterator[Named]:
    """Yield what a text names in answer to what a claim turns on."""
    relations = (
        *((link.asks, link.leads_to, link.tells) for link in english().links.values()),
        *((each.asks, each.noun, each.tells) for each in english().attributes.values() if each.value == "place"),
    )
    for asks, noun, tells in relations:
        if any(cue.search(claim) for cue in asks) and (name := told(tells, text)):
            yield Named(name=name, role=_role(noun))


def _role(word: str) -> str:
    """Return a word that says what something is, empty for any other word."""
    return word if _ROLES.fullmatch(word) else ""
