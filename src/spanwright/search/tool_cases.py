"""Which cases used which tools: kept for the tools whose edits a guard watches, and for no others."""

from collections.abc import Iterable, Sequence

from spanwright.core.candidate import CandidateId, Component, ComponentId, Kind
from spanwright.core.rollout import Rollout
from spanwright.core.tools_used import address, same


class ToolCases:
    """Folds the rollouts of a run. A text that is no tool's is used by every case."""

    def __init__(self, components: Iterable[Component] = ()) -> None:
        watched = (each for each in components if each.guard is not None and each.guard.regression)
        self._tools = frozenset(tool_of(each.id) for each in watched if each.kind in _OF_TOOLS)
        self._cases: dict[tuple[CandidateId, str], set[str]] = {}

    def add(self, rollout: Rollout) -> None:
        """Take a rollout into account."""
        for called in rollout.tools.calls if rollout.tools and self._tools else ():
            for tool in self._tools:
                if same(tool, called):
                    self._cases.setdefault((rollout.key.candidate, tool), set()).add(rollout.key.case)

    def using(self, tool: str, candidates: Sequence[CandidateId]) -> frozenset[str]:
        """Return the cases on which one of these candidates called a tool."""
        return frozenset[str]().union(*(self._cases.get((each, tool), ()) for each in candidates))


_OF_TOOLS = (Kind.TOOL, Kind.PARAMETER)


def tool_of(component: ComponentId) -> str:
    """Return the address of the tool that a component is about; empty for one that is about none."""
    agent, _, rest = component.partition("/tool:")
    return address(agent, rest.partition("/")[0]) if rest else ""
