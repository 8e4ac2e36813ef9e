"""Which tool to take for a wish: by the words of its name, description and parameters, and by what the texts say it is
for.

Where two tools are described alike, it is a toss-up: that is what vague descriptions cost.
"""

import re
from collections.abc import Collection
from typing import Final

from spanwright.testing.simulated.conventions import Subject, obeyed_all
from spanwright.testing.simulated.english import ENGLISH, Goal, Wish, exact
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reading import Reading, ToolReading
from spanwright.testing.simulated.wire import Draws
from spanwright.testing.simulated.words import split_name, stem, stems

_FILLER: Final = exact("the an a it order orders your this that them tool call")


def choose(wish: Wish, reading: Reading, draws: Draws, *, avoided: Collection[str] = ()) -> ToolReading | None:
    """Return the tool that fits the wish best, None where none fits at all."""
    scores = {
        tool.name: _fit(wish, tool, reading, draws) - (3.0 if tool.name in avoided else 0.0) for tool in reading.tools
    }
    best = max(scores.values(), default=-1.0)
    if best <= -1.0:
        return None
    ties = [tool for tool in reading.tools if scores[tool.name] >= best - 0.01]
    return draws.choice(ties, "tool", wish.name)


def mode(tool: ToolReading) -> str:
    """Say whether a tool reads or writes, by its words; empty where they do not tell."""
    words = stems(tool.name) | tool.description.stems
    reads, writes = len(words & ENGLISH.read), len(words & ENGLISH.write)
    named = stems(tool.name)
    if named & ENGLISH.write or (writes and not reads):
        return "write"
    return "read" if reads else ""


def named_tool(phrase: str, reading: Reading, draws: Draws, *, own: ToolReading | None = None) -> ToolReading | None:
    """Return the tool that a phrase means: its name, or words for what it does ("look the order up")."""
    if re.fullmatch(r"(?:this|it)(?: tool)?", phrase.strip(), re.IGNORECASE):
        return own
    words = [stem(word) for word in re.findall(r"[a-z0-9]+", split_name(phrase).lower())]
    joined = "".join(word for word in words if word not in _FILLER)
    for tool in reading.tools:
        name = [stem(word) for word in split_name(tool.name).lower().split()]
        if set(name) <= set(words) or (joined and "".join(name) == joined):
            return tool
    if set(words) & {"look", "lookup", "find", "open", "fetch", "check", "get", "record"}:
        return choose(ENGLISH.wishes["details"], reading, draws)
    return None


def topic_is(topic: str, goal: Goal) -> bool:
    """Say whether a topic in somebody's rule is what this goal is about."""
    words = stems(topic)
    wishes = {**ENGLISH.wishes, goal.wish.name: goal.wish}.values()
    matched = {wish.name: len(words & wish.stems) + 2 * bool(wish.asks.search(topic)) for wish in wishes}
    best = max(matched.values())
    if best == 0:
        return bool(goal.meaning and (goal.meaning.says.search(topic) or words & goal.meaning.stems))
    return matched[goal.wish.name] == best


def _fit(wish: Wish, tool: ToolReading, reading: Reading, draws: Draws) -> float:
    own = wish.stems
    others = ENGLISH.foreign(own)
    name, description = stems(tool.name), tool.description.stems
    docs = frozenset[str]().union(*(stems(p.name) | p.doc.stems for p in tool.parameters))
    score = 2.0 * bool(name & own) + min(3.0, 1.0 * len(description & own)) + 0.5 * min(2, len(docs & own))
    if name & others and not name & own:
        score -= 2.5
    if len(description & others) > len(description & own):
        score -= 1.0
    kind = mode(tool)
    score += 1.0 if kind == wish.mode else -1.0 if kind else 0.0
    return score + _said(wish, tool, reading, draws)


def _said(wish: Wish, tool: ToolReading, reading: Reading, draws: Draws) -> float:
    """Return the weight of sentences that say what the tool is for, and what it is not for."""
    subject = Subject(tool=tool)

    def here(directive: Directive) -> bool:
        named = directive.slot("tool")
        return (not named or stems(named) == stems(tool.name)) and bool(
            stems(directive.slot("topic")) & wish.stems or wish.asks.search(directive.slot("topic"))
        )

    def local(directive: Directive) -> bool:
        return here(directive) and (bool(directive.slot("tool")) or directive in tool.description.directives)

    score = 3.0 * bool(obeyed_all("use", reading, draws, subject=subject, where=local))
    return score - 3.0 * bool(obeyed_all("avoid", reading, draws, subject=subject, where=local))
