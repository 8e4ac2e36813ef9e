"""What a reflection is told about tools: in each try which should have been called, and how each fared over all tries.

Only what is known is said, and from where it is known. Forty tools take no more room than the allowance: the tools with
the most faults come first, the others are counted.
"""

from collections.abc import Iterable, Iterator, Sequence

from spanwright.core.context import Example
from spanwright.core.rollout import Rollout
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import quoted
from spanwright.reflection.prose import entries, filled
from spanwright.telemetry import Successes, ToolEvidence, ToolFigures, ToolNames, tool_evidence, wanted_of

_MOST_CONFUSED = 3
"""So many other tools are named for one that was called in their place."""


def tool_note(rollout: Rollout, successes: Successes, names: ToolNames) -> str:
    """Return what is to be said of the tools of one try; empty where it called what it should, or nothing is known."""
    used, wanted = rollout.tools, wanted_of(rollout, successes)
    if used is None or wanted is None:
        return ""
    missed, needless = map(names, used.missed(wanted)), map(names, used.needless(wanted))
    pieces = [f"should have called {said}"] if (said := _list(missed)) else []
    pieces += [f"should not have called {said}"] if (said := _list(needless)) else []
    return ", ".join(pieces)


def tools_so_far(examples: Sequence[Example], allowance: int) -> str:
    """Return the section about tools in at most `allowance` tokens; empty where there is nothing to say, or no room."""
    evidence = tool_evidence(example.observed.rollout for example in examples)
    lines = [line for name, figures in evidence.tools.items() if (line := _line(name, figures, evidence))]
    if not lines:
        return ""
    heading = filled("tool_use", {"known": _known(evidence)})
    for count in range(len(lines), 0, -1):
        more = f"\n- and {len(lines) - count} more tools with fewer faults" if count < len(lines) else ""
        section = "\n".join((heading, *lines[:count])) + more
        if tokens(section) <= allowance:
            return section
    return ""


def _known(evidence: ToolEvidence) -> str:
    """Say from where it is known which tools should have been called, and for how many tries it is not."""
    words = entries("tools_known")
    pieces = [f"{words[source.value]} ({count})" for source, count in evidence.known.items()]
    if not pieces:
        return words["nothing"]
    unknown = f" {words['unknown'].replace('{count}', str(evidence.unknown))}" if evidence.unknown else ""
    return f"{words['known']} {'; '.join(pieces)}.{unknown}"


def _line(name: str, figures: ToolFigures, evidence: ToolEvidence) -> str:
    pieces = list(_pieces(name, figures, evidence))
    return f"- {quoted(name)}: {'; '.join(pieces)}" if pieces else ""


def _pieces(name: str, figures: ToolFigures, evidence: ToolEvidence) -> Iterator[str]:
    if figures.missed:
        instead = _counted((called, n) for (called, should), n in evidence.confused.items() if should == name)
        yield f"not called in {figures.missed} where it should be{f', but {instead} in its place' if instead else ''}"
    if figures.needless:
        place = _counted((should, n) for (called, should), n in evidence.confused.items() if called == name)
        yield f"called in {figures.needless} where it should not be{f', in place of {place}' if place else ''}"
    if figures.refused:
        yield f"refused its arguments in {figures.refused} of {figures.calls} calls"
    if figures.raised:
        yield f"failed in {figures.raised} of {figures.calls} calls"
    if figures.ignored:
        yield f"nothing of its result was used after {figures.ignored} of {figures.calls} calls"


def _counted(tools: Iterator[tuple[str, int]]) -> str:
    shown = list(tools)
    named = ", ".join(f"{quoted(name)} ({n})" for name, n in shown[:_MOST_CONFUSED])
    return f"{named} and others" if len(shown) > _MOST_CONFUSED else named


def _list(tools: Iterable[str]) -> str:
    return " and ".join(map(quoted, dict.fromkeys(tools)))
